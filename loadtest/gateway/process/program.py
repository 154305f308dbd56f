"""A program that we started, and that does not outlive us: see :mod:`loadtest.gateway.process.reaper`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
import psutil

from loadtest.core.errors import InconclusiveError
from loadtest.core.record import Record
from loadtest.core.signals import stop_request
from loadtest.gateway.process import reaper as guard
from loadtest.results.target import Death

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""

START = 10.0
"""Seconds that a guard has to come up."""

STEP = 0.005
"""Seconds between looks at whether it is up, or gone."""

OVERDUE = 2.0
"""Seconds beyond its own time after which a guard is killed."""


class _Fact(Record, frozen=True, kw_only=True):
    """One line of what a guard tells."""

    pid: int | None = None
    error: str | None = None
    ended: float | None = None
    signal: int | None = None
    exit_status: int | None = None


class Program:
    """A running program with its whole tree of processes, held by a guard.

    Everything that it prints goes to ``output``, or to ``output`` and ``errors``; what its guard reports goes to the
    file ``life``, where :func:`death_of` finds it in any process. Secrets belong into ``environment``, never into
    ``command``.

    Raises:
        InconclusiveError: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        output: Path | BinaryIO,
        errors: BinaryIO | None = None,
        life: Path | None = None,
        grace: float = GRACE,
    ) -> None:
        self._grace = grace
        self._stopped = False
        with contextlib.ExitStack() as stack:
            if isinstance(output, Path):
                output.touch(mode=0o600)
                output = stack.enter_context(output.open("ab", buffering=0))
            printed = output.fileno(), (errors or output).fileno()
            # Without a name, nothing is left of it after a crash.
            self._facts = life.open("w+b") if life else tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, str(grace), *map(str, printed), *command],
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=self._facts,
                stderr=subprocess.DEVNULL,
                pass_fds=printed,
                start_new_session=True,
            )
        try:
            self.pid = self._wait_for_pid(command[0])
        except BaseException:
            self._facts.close()
            raise

    def _wait_for_pid(self, name: str) -> int:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            gone = self._guard.poll() is not None
            for fact in self._told():
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
        death = _death(self._told())
        return Death(at=time.time()) if gone and death is None else death

    def stop(self) -> None:
        """End the program and everything that it started; returns when all of it is gone.

        A guard that does not see to it, because it was stopped itself, is killed with all that it holds.
        """
        self._stopped = True
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        request, hurried = stop_request(), False
        deadline = time.monotonic() + self._grace + guard.KILL + OVERDUE
        while self._guard.poll() is None and time.monotonic() < deadline:
            if request.urgent and not hurried:
                hurried = True
                self._guard.send_signal(signal.SIGTERM)
                deadline = min(deadline, time.monotonic() + OVERDUE)
            request.sleep(STEP)
        if self._guard.poll() is None:
            self._kill()
        elif self._guard.returncode and hasattr(self, "pid"):
            # The guard was killed, and with it the program, but not what the program had started.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._facts.close()

    def _kill(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            guarding = psutil.Process(self._guard.pid)
            for one in (*guarding.children(recursive=True), guarding):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
        self._guard.wait()

    def _told(self) -> list[_Fact]:
        if self._facts.closed:
            return []
        descriptor = self._facts.fileno()
        return _facts(os.pread(descriptor, os.fstat(descriptor).st_size, 0))

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
    try:
        return _death(_facts(life.read_bytes()))
    except OSError:
        return None


def _death(facts: Sequence[_Fact]) -> Death | None:
    for fact in facts:
        if fact.ended is not None:
            return Death(at=fact.ended, signal=fact.signal, exit_status=fact.exit_status)
    return None


def _facts(told: bytes) -> list[_Fact]:
    return [msgspec.json.decode(line, type=_Fact) for line in told.split(b"\n")[:-1]]
