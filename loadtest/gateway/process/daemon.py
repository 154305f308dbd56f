"""Background processes that outlive the command that started them: a gateway, or PostgreSQL and Redis.

A daemon reads its order from standard input, leaves the terminal, answers once on standard output, and runs until
SIGTERM. While it runs, a state file in LOADTEST_HOME describes it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import psutil

from loadtest.core.errors import BootError, InconclusiveError, LoadTestError, UsageError
from loadtest.core.files import write_atomically
from loadtest.core.locks import exclusively, is_held
from loadtest.core.record import Record
from loadtest.core.signals import Stopped, listening, stop_request
from loadtest.gateway.process.identity import same_process, started_after

START_TIMEOUT = 1800.0
"""Seconds in which a daemon must have installed, migrated and booted everything."""

STOP_TIMEOUT = 20.0
"""Seconds between SIGTERM and SIGKILL; the reaper of each child ends the child in both cases."""

STOP_POLL = 0.02
"""Seconds between two checks whether a daemon has ended."""

ANSWER_POLL = 0.2
"""Seconds between two checks for a signal, and for the end of the command that waits for the answer."""

IDLE_WAIT = 3600.0
"""Seconds of one wait of a daemon that has answered."""

R = TypeVar("R")


class DaemonState(Record, Generic[R], frozen=True, kw_only=True):
    """Content of a state file. It contains secrets; only its owner can read the file."""

    running: R
    """What the daemon runs."""
    pid: int
    """Process ID of the daemon."""
    started: float
    """Seconds from the boot of the machine to its start, which distinguish it from a later process with the same ID."""
    children: tuple[int, ...]
    """Process IDs that are gone once the daemon has stopped."""


class _Identity(msgspec.Struct, kw_only=True):
    """What a state file of any version of this program says about its process."""

    pid: int | None = None
    supervisor: int | None = None
    """The name of ``pid`` in version 0.0 of a gateway's file, and ``holder`` in that of the services."""
    holder: int | None = None
    started: float | None = None
    created: float | None = None
    """Instead of ``started``: seconds since the epoch."""
    children: tuple[int, ...] = ()

    @property
    def process(self) -> int | None:
        """The process ID of the daemon; None if the file says none."""
        return self.pid or self.supervisor or self.holder

    def runs(self) -> bool:
        """Return whether the daemon runs."""
        started = self.started
        if started is None and self.created is not None:
            started = self.created - psutil.boot_time()
        return self.process is not None and started is not None and same_process(self.process, started)


class StartResult(Record, frozen=True, kw_only=True):
    """The one answer of a daemon."""

    error: str | None = None
    usage: bool = False
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started(Generic[R]):
    """What a daemon runs once its order is carried out."""

    home: Path
    """LOADTEST_HOME."""
    running: R
    children: tuple[int, ...]
    """Their process IDs."""


@dataclass(frozen=True)
class Daemon(Generic[R]):
    """A kind of daemon; at most one of each kind runs for a LOADTEST_HOME."""

    module: str
    """Runs as ``python -m MODULE`` and calls :meth:`run`."""
    state: type[DaemonState[R]]
    file: str
    """Name of the state file in LOADTEST_HOME."""
    log: str
    """Path below LOADTEST_HOME of the file for everything that the daemon prints."""
    name: str
    """In messages: ``the supervisor``."""
    subject: str
    """In messages, what it runs: ``a gateway``."""
    stop_command: str
    """The command that stops it."""

    def locked(self, home: Path) -> AbstractContextManager[None]:
        """Exclude other commands that start or stop this daemon.

        Raises:
            InconclusiveError: another command holds the lock for too long.
        """
        return exclusively(self._lock(home), f"starting or stopping {self.subject}", within=START_TIMEOUT)

    def is_starting_or_stopping(self, home: Path) -> bool:
        """Return whether a command holds the lock of :meth:`locked`."""
        return is_held(self._lock(home))

    def _lock(self, home: Path) -> Path:
        return home / f"{self.file}.lock"

    def read(self, home: Path) -> R | None:
        """Return what the daemon of ``home`` runs, or None if there is no daemon.

        A state file whose process has ended, or whose process ID now belongs to another process, is removed.

        Raises:
            UsageError: the file cannot be read, or was written by another version of this program.
        """
        identity = self._identity(home)
        if identity is None:
            return None
        file = home / self.file
        try:
            return msgspec.json.decode(file.read_bytes(), type=self.state).running
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise UsageError(
                f"{file}: was written by another version of this program, and its process {identity.process} runs: "
                f"stop it with `{self.stop_command}`"
            ) from error

    def _identity(self, home: Path) -> _Identity | None:
        """Return the process of the state file, which may be that of another version; None if there is none."""
        file = home / self.file
        try:
            identity = msgspec.json.decode(file.read_bytes(), type=_Identity)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
        except msgspec.DecodeError as error:
            raise UsageError(f"{file}: is not the state of {self.subject} ({error}): remove it") from error
        if identity.process is None:
            raise UsageError(f"{file}: is not the state of {self.subject} (it names no process): remove it")
        if not identity.runs():
            file.unlink(missing_ok=True)
            return None
        return identity

    def start(self, home: Path, order: bytes) -> R:
        """Start the daemon with ``order`` on its standard input; returns what it runs. Call it under :meth:`locked`.

        Raises:
            UsageError, BootError, InconclusiveError: as raised in the daemon.
            InconclusiveError: the daemon ended without an answer, or did not answer in time.
            Stopped: a signal asked to stop; the daemon ends, too.
        """
        log = home / self.log
        log.touch(mode=0o600)
        with log.open("wb") as errors, tempfile.TemporaryFile() as ordered:
            ordered.write(order)
            ordered.seek(0)
            # The process started here forks the daemon, which ends as soon as the pipe has no reader.
            with subprocess.Popen(
                [sys.executable, "-m", self.module],
                stdin=ordered,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            ) as started:
                answer = self._read_answer(started)
        if not answer:
            raise InconclusiveError(f"{self.name} ended without an answer: see {log}")
        result = msgspec.json.decode(answer, type=StartResult)
        if result.error is not None:
            if result.usage:
                raise UsageError(result.error)
            if result.log_tail:
                raise BootError(result.error, result.log_tail)
            raise InconclusiveError(result.error)
        running = self.read(home)
        if running is None:
            raise InconclusiveError(f"{self.name} ended at once: see {log}")
        return running

    def _read_answer(self, started: subprocess.Popen[bytes]) -> bytes:
        assert started.stdout is not None  # noqa: S101 - for the type checker
        stop, deadline = stop_request(), time.monotonic() + START_TIMEOUT
        answer = b""
        os.set_blocking(started.stdout.fileno(), False)
        try:
            while True:
                stop.check()
                if time.monotonic() > deadline:
                    raise InconclusiveError(f"{self.name} did not answer within {START_TIMEOUT:g} s")
                if select.select([started.stdout], [], [], ANSWER_POLL)[0]:
                    part = os.read(started.stdout.fileno(), 65536)
                    if not part:
                        return answer
                    answer += part
        finally:
            started.stdout.close()

    def stop(self, home: Path) -> bool:
        """End the daemon and wait until its children are gone; False if there is none. Call it under :meth:`locked`.

        It may have been started by another version of this program.

        Raises:
            UsageError: the state file cannot be read.
            InconclusiveError: it did not stop.
        """
        identity = self._identity(home)
        if identity is None or identity.process is None:
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(identity.process, number)
            deadline = time.monotonic() + STOP_TIMEOUT
            while time.monotonic() < deadline:
                if not identity.runs() and not any(map(psutil.pid_exists, identity.children)):
                    (home / self.file).unlink(missing_ok=True)
                    return True
                time.sleep(STOP_POLL)
        raise InconclusiveError(f"process {identity.process} did not stop")

    def run(self, begin: Callable[[bytes], AbstractContextManager[Started[R]]]) -> int:
        """Become the daemon: carry out the order on standard input and run until a signal; returns the exit status.

        ``begin`` starts what the order asks for and stops it at the end of the block. If the command that gave the
        order ends before it has the answer, the daemon ends, too.
        """
        if os.fork():
            os._exit(0)
        order = sys.stdin.buffer.read()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        answered = threading.Event()
        threading.Thread(target=_end_without_reader, args=(answered,), daemon=True).start()
        try:
            with listening() as stop, begin(order) as started:
                file, me = started.home / self.file, psutil.Process()
                state = self.state(
                    running=started.running,
                    pid=me.pid,
                    started=started_after(me),
                    children=started.children,
                )
                write_atomically(file, msgspec.json.encode(state), mode=0o600)
                try:
                    stop.check()
                    answered.set()
                    _answer(StartResult())
                    while True:
                        stop.pause(IDLE_WAIT)
                finally:
                    file.unlink(missing_ok=True)
        except (BrokenPipeError, Stopped):
            return 0
        except BootError as error:
            _answer(StartResult(error=str(error), log_tail=error.log_tail))
        except LoadTestError as error:
            _answer(StartResult(error=str(error), usage=isinstance(error, UsageError)))
        return 1


def _end_without_reader(answered: threading.Event) -> None:
    """Send SIGTERM to this process when the command that waits for its answer has ended."""
    poll = select.poll()
    poll.register(1, 0)
    while not answered.wait(ANSWER_POLL):
        if poll.poll(0):
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _answer(result: StartResult) -> None:
    """Write the answer and close the pipe: the reader waits for its end."""
    os.write(1, msgspec.json.encode(result))
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a descriptor is replaced
        os.dup2(nothing.fileno(), 1)
