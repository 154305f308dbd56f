"""A process that stays after the command that started it and holds something: a gateway, or services.

It gets an order on standard input, leaves the terminal behind, answers once on standard output whether it holds
what was ordered, and stays until SIGTERM. As long as it does, a file in LOADTEST_HOME says what it holds.
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
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import psutil

from loadtest.core.errors import BootError, InconclusiveError, LoadTestError, UsageError
from loadtest.core.files import write_atomically
from loadtest.core.record import Record
from loadtest.core.signals import Stopped, listening, stop_request
from loadtest.gateway.workspace import same_process

START_TIME = 1800.0
"""Seconds that a holder has to install, migrate and boot what it was ordered."""

FOREVER = 3600.0
"""Seconds between two looks of a holder that has nothing to do."""

STOP_TIME = 20.0
"""Seconds that a holder has to end before it is killed; what it holds ends then, too."""

STEP = 0.02
"""Seconds between looks at whether a holder is gone."""

LOOK = 0.2
"""Seconds between looks at whether a signal arrived, or the command that gave the order is gone."""


class DaemonState(Protocol):
    """What the file says; it holds secrets and is readable by its owner alone."""

    @property
    def holder(self) -> int:
        """Process id of who holds it."""

    @property
    def created(self) -> float:
        """When that process was created, so that another one with its id is not taken for it."""

    @property
    def held(self) -> tuple[int, ...]:
        """Process ids that are gone when the holder has let go."""


H = TypeVar("H", bound=DaemonState)


class StartResult(Record, frozen=True, kw_only=True):
    """What a holder answers, once."""

    error: str | None = None
    usage: bool = False
    log_tail: tuple[str, ...] = ()


def start(module: str, order: bytes, *, log: Path, who: str) -> None:
    """Run ``module``, a holder, and return when it holds what the ``order`` says; ``log`` gets what it prints.

    Raises:
        UsageError, BootError, InconclusiveError: as it was raised there.
        InconclusiveError: ``who`` it is, to people, ended without an answer, or did not answer in time.
        Stopped: a signal asked to stop meanwhile; the holder ends, too.
    """
    log.touch(mode=0o600)
    with log.open("wb") as errors, tempfile.TemporaryFile() as ordered:
        ordered.write(order)
        ordered.seek(0)
        # The process that is started leaves a child behind, which ends as soon as the pipe has no reader.
        with subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=ordered,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        ) as started:
            answer = _read(started, who)
    if not answer:
        raise InconclusiveError(f"{who} ended without an answer: see {log}")
    outcome = msgspec.json.decode(answer, type=StartResult)
    if outcome.error is None:
        return
    if outcome.usage:
        raise UsageError(outcome.error)
    if outcome.log_tail:
        raise BootError(outcome.error, outcome.log_tail)
    raise InconclusiveError(outcome.error)


def _read(started: subprocess.Popen[bytes], who: str) -> bytes:
    assert started.stdout is not None  # noqa: S101 - for the type checker
    stop, deadline = stop_request(), time.monotonic() + START_TIME
    answer = b""
    os.set_blocking(started.stdout.fileno(), False)
    try:
        while True:
            stop.check()
            if time.monotonic() > deadline:
                raise InconclusiveError(f"{who} did not answer within {START_TIME:g} s")
            if select.select([started.stdout], [], [], LOOK)[0]:
                part = os.read(started.stdout.fileno(), 65536)
                if not part:
                    return answer
                answer += part
    finally:
        started.stdout.close()


def read(file: Path, kind: type[H], what: str) -> H | None:
    """Return what ``file`` says is held, or None if nothing is.

    A file whose holder is gone, or whose process id belongs to another process by now, says nothing; it is removed.

    Raises:
        UsageError: the file is not ours, or of another version of the program; ``what`` it should be of.
    """
    try:
        holding = msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{file}: is not the state of {what} ({error}): remove it") from error
    if not same_process(holding.holder, holding.created):
        file.unlink(missing_ok=True)
        return None
    return holding


def stop(file: Path, holding: DaemonState) -> None:
    """End the holder, wait until what it held is gone, and remove the file.

    Raises:
        InconclusiveError: it did not stop.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(holding.holder, number)
        deadline = time.monotonic() + STOP_TIME
        while time.monotonic() < deadline:
            held = same_process(holding.holder, holding.created)
            if not held and not any(map(psutil.pid_exists, holding.held)):
                file.unlink(missing_ok=True)
                return
            time.sleep(STEP)
    raise InconclusiveError(f"process {holding.holder} did not stop")


def this_process() -> tuple[int, float]:
    """Return who we are, as a file says who holds something: process id and when it was created."""
    me = psutil.Process()
    return me.pid, me.create_time()


def run_daemon(begin: Callable[[bytes], AbstractContextManager[tuple[Path, DaemonState]]]) -> int:
    """Be a holder: do the order on standard input, and stay until a signal.

    ``begin`` does the order, lends the file to write and what to write there, and lets go at the end of the block.
    If the command that gave the order ends before it has an answer, so does the holder.
    """
    if os.fork():
        os._exit(0)
    order = sys.stdin.buffer.read()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    answered = threading.Event()
    threading.Thread(target=_end_without_reader, args=(answered,), daemon=True).start()
    try:
        with listening() as stop, begin(order) as (file, holding):
            write_atomically(file, msgspec.json.encode(holding), mode=0o600)
            try:
                stop.check()
                answered.set()
                _answer(StartResult())
                while True:
                    stop.pause(FOREVER)
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
    """Stop this process as by SIGTERM when the command that waits for its answer is gone."""
    poll = select.poll()
    poll.register(1, 0)
    while not answered.wait(LOOK):
        if poll.poll(0):
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _answer(outcome: StartResult) -> None:
    """Tell the outcome and close the pipe: the reader waits for its end."""
    os.write(1, msgspec.json.encode(outcome))
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a descriptor is replaced
        os.dup2(nothing.fileno(), 1)
