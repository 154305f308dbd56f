"""What a person sees while a job runs: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

EVERY = 10.0
"""Seconds between two plain lines about the same phase."""

Clock = Callable[[], float]


class Progress(Protocol):
    """Where a job says how far it is."""

    def tell(self, phase: str, text: str) -> None:
        """Say something that stays; from now on ``phase`` is what is being done."""

    def update(self, text: str) -> None:
        """Say how the phase stands; the next word on it may replace this one."""


class Plain:
    """Lines, for a log: what stays at once, how a phase stands every :data:`EVERY` seconds."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._phase = ""
        self._began = self._told = clock()

    def tell(self, phase: str, text: str) -> None:
        """Write a line."""
        if phase != self._phase:
            self._phase, self._began = phase, self._clock()
        self._told = self._clock()
        print(f"{phase:<8} {text}", file=self._stream, flush=True)

    def update(self, text: str) -> None:
        """Write a line if the last one is long enough ago."""
        now = self._clock()
        if now - self._told >= EVERY:
            self._told = now
            print(f"{self._phase:<8} {minutes(now - self._began)}  {text}", file=self._stream, flush=True)


class Terminal:
    """One line at the bottom of a terminal that goes on counting, with what stays above it."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._spinner = Spinner("dots")
        self._phase = self._text = ""
        self._began = clock()

    def tell(self, phase: str, text: str) -> None:
        """Write a line above the one that changes."""
        if phase != self._phase:
            self._phase, self._began, self._text = phase, self._clock(), ""
        self._console.print(Text(f"{phase:<8} {text}"), soft_wrap=True)

    def update(self, text: str) -> None:
        """Replace what the line says."""
        self._text = text

    def __rich__(self) -> Table:
        """Return the line as it is now; the terminal asks for it again and again."""
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, overflow="ellipsis")
        words = Text(f"{minutes(self._clock() - self._began)}  {self._text}".rstrip())
        line.add_row(self._spinner, Text(self._phase, style="bold"), words)
        return line


@contextlib.contextmanager
def progress(console: Console | None = None) -> Iterator[Progress]:
    """Show progress on stderr while the block runs: live on a terminal, in lines if ``NO_COLOR`` is set."""
    console = console or Console(stderr=True, highlight=False, emoji=False)
    if not console.is_terminal or console.is_dumb_terminal or os.environ.get("NO_COLOR"):
        yield Plain(sys.stderr)
        return
    shown = Terminal(console)
    with Live(shown, console=console, refresh_per_second=5, transient=True, redirect_stdout=False):
        yield shown


def minutes(seconds: float) -> str:
    """Return ``01:05``."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
