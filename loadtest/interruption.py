"""A job that is asked to end: SIGINT and SIGTERM as an exception."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from loadtest.errors import ExitCode, LoadTestError


class Stopped(LoadTestError):  # noqa: N818 - nothing went wrong
    """SIGTERM or Ctrl-C: the job ends early, its reports are written first."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number
        self.exit_code = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED


@contextlib.contextmanager
def signals_raise() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into an exception, so that every ``with`` block ends in good order."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
