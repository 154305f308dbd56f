"""A program that we started, and that does not outlive us: see :mod:`loadtest.gateway.guard`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from loadtest.driven import Death
from loadtest.errors import InconclusiveError
from loadtest.gateway import guard
from loadtest.record import Record

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""

START = 10.0
"""Seconds that a guard has to come up."""

STEP = 0.005
"""Seconds between looks at whether it is up."""


class _Fact(Record, frozen=True, kw_only=True):
    """One line of what a guard tells."""

    pid: int | None = None
    error: str | None = None
    ended: float | None = None
    signal: int | None = None
    exit_status: int | None = None


class Program:
    """A running program with its whole tree of processes, held by a guard.

    Everything that it prints goes to ``output``; what its guard tells goes to ``life``, where
    :func:`death_of` finds it. Secrets belong into ``environment``, never into ``command``.

    Raises:
        InconclusiveError: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        output: Path,
        life: Path,
        grace: float = GRACE,
    ) -> None:
        output.touch(mode=0o600)
        self._life = life
        self._stopped = False
        with life.open("wb") as facts:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, str(grace), str(output), *command],
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=facts,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.pid = self._wait_for_pid(command[0])

    def _wait_for_pid(self, name: str) -> int:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            gone = self._guard.poll() is not None
            for fact in _facts(self._life):
                if fact.pid is not None:
                    return fact.pid
                self.stop()
                raise InconclusiveError(f"cannot be started: {fact.error}")
            if gone:
                break
            time.sleep(STEP)
        self.stop()
        raise InconclusiveError(f"cannot be started: the guard of {name} did not come up")

    def death(self) -> Death | None:
        """Return how the program ended; None while it lives, and for one that we stopped ourselves."""
        if self._stopped:
            return None
        gone = self._guard.poll() is not None
        death = death_of(self._life)
        return Death(at=time.time()) if gone and death is None else death

    def stop(self) -> None:
        """End the program and everything that it started; returns when all of it is gone."""
        self._stopped = True
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def death_of(life: Path) -> Death | None:
    """Return how the program whose guard writes to ``life`` ended, or None if it is not known to have.

    ``at`` is in seconds since the epoch.
    """
    for fact in _facts(life):
        if fact.ended is not None:
            return Death(at=fact.ended, signal=fact.signal, exit_status=fact.exit_status)
    return None


def _facts(life: Path) -> list[_Fact]:
    try:
        lines = life.read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    return [msgspec.json.decode(line, type=_Fact) for line in lines]
