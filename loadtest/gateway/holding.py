"""A process that stays after the command that started it and holds something: a gateway, or services.

It gets an order on standard input, leaves the terminal behind, answers once on standard output whether it holds
what was ordered, and stays until SIGTERM. As long as it does, a file in LOADTEST_HOME says what it holds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import Protocol, TypeVar

import msgspec
import psutil

from loadtest.errors import BootError, InconclusiveError, LoadTestError, UsageError
from loadtest.files import write_atomically
from loadtest.gateway.place import same_process
from loadtest.record import Record

STOP_TIME = 20.0
"""Seconds that a holder has to end before it is killed; what it holds ends then, too."""

STEP = 0.02
"""Seconds between looks."""


class Holding(Protocol):
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


H = TypeVar("H", bound=Holding)


class Outcome(Record, frozen=True, kw_only=True):
    """What a holder answers, once."""

    error: str | None = None
    usage: bool = False
    log_tail: tuple[str, ...] = ()


def start(module: str, order: bytes, *, log: Path, who: str) -> None:
    """Run ``module``, a holder, and return when it holds what the ``order`` says; ``log`` gets what it prints.

    Raises:
        UsageError, BootError, InconclusiveError: as it was raised there.
        InconclusiveError: ``who`` it is, to people, ended without an answer.
    """
    log.touch(mode=0o600)
    with log.open("wb") as errors:
        # The one that we start leaves its child behind; whoever gives up waiting ends the child, too.
        started = subprocess.run(
            [sys.executable, "-m", module],
            input=order,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            check=False,
        )
    if not started.stdout:
        raise InconclusiveError(f"{who} ended without a word: see {log}")
    outcome = msgspec.json.decode(started.stdout, type=Outcome)
    if outcome.error is None:
        return
    if outcome.usage:
        raise UsageError(outcome.error)
    if outcome.log_tail:
        raise BootError(outcome.error, outcome.log_tail)
    raise InconclusiveError(outcome.error)


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


def stop(file: Path, holding: Holding) -> None:
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


def hold(begin: Callable[[bytes], AbstractContextManager[tuple[Path, Holding]]]) -> int:
    """Be a holder: do the order on standard input, and stay until a signal.

    ``begin`` does the order, lends the file to write and what to write there, and lets go at the end of the block.
    The exit status is for nobody but a log.
    """
    if os.fork():
        os._exit(0)
    order = sys.stdin.buffer.read()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with begin(order) as (file, holding):
            write_atomically(file, msgspec.json.encode(holding), mode=0o600)
            try:
                _answer(Outcome())
                while True:
                    signal.pause()
            finally:
                file.unlink(missing_ok=True)
    except BrokenPipeError:
        pass  # whoever gave the order gave up waiting; what was held has ended with the block
    except BootError as error:
        _answer(Outcome(error=str(error), log_tail=error.log_tail))
    except LoadTestError as error:
        _answer(Outcome(error=str(error), usage=isinstance(error, UsageError)))
    return 1


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End in good order: everything that is held is let go on the way out."""
    raise SystemExit(0)


def _answer(outcome: Outcome) -> None:
    """Tell the outcome and close the pipe: the reader waits for its end."""
    os.write(1, msgspec.json.encode(outcome))
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a descriptor is replaced
        os.dup2(nothing.fileno(), 1)
