"""Progress output of a job: a live line on a terminal, plain lines elsewhere."""

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
"""Seconds between two plain lines of the same phase."""

Clock = Callable[[], float]


class Progress(Protocol):
    """Output for the progress of a job."""

    def log(self, phase: str, text: str) -> None:
        """Write a permanent line, and make ``phase`` the current phase."""

    def update(self, text: str) -> None:
        """Show the state of the current phase, replacing the previous update."""


class Plain:
    """Plain lines for a log: permanent lines immediately, updates every :data:`EVERY` seconds."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._phase = ""
        self._began = self._written = clock()

    def log(self, phase: str, text: str) -> None:
        """Write a line."""
        if phase != self._phase:
            self._phase, self._began = phase, self._clock()
        self._written = self._clock()
        print(f"{phase:<8} {text}", file=self._stream, flush=True)

    def update(self, text: str) -> None:
        """Write a line, unless one was written in the last :data:`EVERY` seconds."""
        now = self._clock()
        if now - self._written >= EVERY:
            self._written = now
            print(f"{self._phase:<8} {minutes(now - self._began)}  {text}", file=self._stream, flush=True)


class Terminal:
    """A live line with the elapsed time at the bottom of a terminal, below the permanent lines."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._spinner = Spinner("dots")
        self._phase = self._text = ""
        self._began = clock()

    def log(self, phase: str, text: str) -> None:
        """Write a permanent line above the live one."""
        if phase != self._phase:
            self._phase, self._began, self._text = phase, self._clock(), ""
        self._console.print(Text(f"{phase:<8} {text}"), soft_wrap=True)

    def update(self, text: str) -> None:
        """Replace the text of the live line."""
        self._text = text

    def __rich__(self) -> Table:
        """Return the live line; called for every refresh."""
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, overflow="ellipsis")
        words = Text(f"{minutes(self._clock() - self._began)}  {self._text}".rstrip())
        line.add_row(self._spinner, Text(self._phase, style="bold"), words)
        return line


@contextlib.contextmanager
def progress(console: Console | None = None) -> Iterator[Progress]:
    """Show progress on stderr while the block runs: live on a terminal, plain lines elsewhere or with ``NO_COLOR``."""
    console = console or Console(stderr=True, highlight=False, emoji=False)
    if not console.is_terminal or console.is_dumb_terminal or os.environ.get("NO_COLOR"):
        yield Plain(sys.stderr)
        return
    shown = Terminal(console)
    with Live(shown, console=console, refresh_per_second=5, transient=True, redirect_stdout=False):
        yield shown


def minutes(seconds: float) -> str:
    """Return ``seconds`` as minutes and seconds: ``01:05``."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
