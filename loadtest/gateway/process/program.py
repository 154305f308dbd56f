"""A child process that ends with this process: see :mod:`loadtest.gateway.process.reaper`."""

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
from loadtest.gateway.process import reaper
from loadtest.results.target import Death

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""

START_TIMEOUT = 10.0
"""Seconds in which a reaper must have started the program."""

POLL = 0.005
"""Seconds between two checks whether a reaper has started or ended."""

OVERDUE = 2.0
"""Seconds after the grace period and ``KILL_TIMEOUT`` after which a reaper itself is killed."""


class _Event(Record, frozen=True, kw_only=True):
    """One line that a reaper writes."""

    pid: int | None = None
    error: str | None = None
    ended: float | None = None
    signal: int | None = None
    exit_status: int | None = None


class Program:
    """A running program with its whole process tree, started by a reaper.

    Its output goes to ``output``, or to ``output`` and ``errors``. The reaper writes to the file ``life``, which
    :func:`death_of` can read in any process. Pass secrets in ``environment``, not in ``command``.

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
            # A file without a name leaves nothing behind after a crash.
            self._events = life.open("w+b") if life else tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
            self._reaper = subprocess.Popen(
                [sys.executable, "-I", "-S", reaper.__file__, str(grace), *map(str, printed), *command],
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=self._events,
                stderr=subprocess.DEVNULL,
                pass_fds=printed,
                start_new_session=True,
            )
        try:
            self.pid = self._wait_for_pid(command[0])
        except BaseException:
            self._events.close()
            raise

    def _wait_for_pid(self, name: str) -> int:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            gone = self._reaper.poll() is not None
            for event in self._read_events():
                if event.pid is not None:
                    return event.pid
                self.stop()
                raise InconclusiveError(f"cannot be started: {event.error}")
            if gone:
                break
            time.sleep(POLL)
        self.stop()
        raise InconclusiveError(f"cannot be started: the reaper of {name} did not start")

    def death(self) -> Death | None:
        """Return how the program ended; None while it runs, and after :meth:`stop`.

        ``at`` is a reading of the monotonic clock.
        """
        if self._stopped:
            return None
        gone = self._reaper.poll() is not None
        death = _death(self._read_events())
        return Death(at=time.monotonic()) if gone and death is None else death

    def begin_stop(self) -> None:
        """Ask the program to end, without waiting as :meth:`stop` does: several programs end at the same time."""
        self._stopped = True
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()

    def stop(self) -> None:
        """End the program and its whole process tree; returns when all of it is gone.

        A reaper that does not respond, because it was suspended, is killed with its process tree.
        """
        self.begin_stop()
        request, hurried = stop_request(), False
        deadline = time.monotonic() + self._grace + reaper.KILL_TIMEOUT + OVERDUE
        while self._reaper.poll() is None and time.monotonic() < deadline:
            if request.urgent and not hurried:
                hurried = True
                self._reaper.send_signal(signal.SIGTERM)
                deadline = min(deadline, time.monotonic() + OVERDUE)
            request.sleep(POLL)
        if self._reaper.poll() is None:
            self._kill()
        elif self._reaper.returncode and hasattr(self, "pid"):
            # The reaper was killed and the program with it, but not the program's children.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._events.close()

    def _kill(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._reaper.pid)
            for process in (*root.children(recursive=True), root):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self._reaper.wait()

    def _read_events(self) -> list[_Event]:
        if self._events.closed:
            return []
        descriptor = self._events.fileno()
        return _decoded(os.pread(descriptor, os.fstat(descriptor).st_size, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def death_of(life: Path) -> Death | None:
    """Return how the program whose reaper writes to ``life`` ended; None if no end was recorded.

    ``at`` is a reading of the monotonic clock.
    """
    try:
        return _death(_decoded(life.read_bytes()))
    except OSError:
        return None


def _death(events: Sequence[_Event]) -> Death | None:
    for event in events:
        if event.ended is not None:
            return Death(at=event.ended, signal=event.signal, exit_status=event.exit_status)
    return None


def _decoded(lines: bytes) -> list[_Event]:
    return [msgspec.json.decode(line, type=_Event) for line in lines.split(b"\n")[:-1]]
