"""Requests to stop: SIGINT, SIGTERM, SIGHUP and SIGQUIT.

A handler only notes a signal and wakes what waits; it never raises. The first signal ends a command at its next
:meth:`StopRequest.pause`, so that each ``with`` block is left at a known point and exactly once. Further signals
shorten the waits of what is being stopped, and change nothing else.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from contextvars import ContextVar
from types import FrameType

from loadtest.core.errors import ExitCode, LoadTestError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The signals that ask a command to end."""

REPEATED = 1.0
"""Seconds in which further signals are the first one again: make and timeout forward what the group got already."""


class Stopped(LoadTestError):  # noqa: N818 - nothing went wrong
    """A signal asked the command to end; what was measured is reported first."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number
        self.exit_code = ExitCode.after(number)


class StopRequest:
    """Whether a signal has asked this command to end. Without :func:`listening` none ever does."""

    def __init__(self, wake: int | None = None) -> None:
        self._wake = wake
        """A file descriptor that becomes readable when a signal arrives."""
        self._first: float | None = None
        self._handled = False
        self.signal: int | None = None
        """The first signal, or None."""
        self.urgent = False
        """A further signal arrived: what is being stopped gets no more time."""

    def note(self, number: int) -> None:
        """Take note of a signal."""
        now = time.monotonic()
        if self._first is None:
            self._first, self.signal = now, number
        elif now - self._first >= REPEATED:
            self.urgent = True

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``, or until a signal arrives. Never raises."""
        if self._wake is None:
            time.sleep(seconds)
            return
        if select.select([self._wake], [], [], max(seconds, 0.0))[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 4096)

    def pause(self, seconds: float) -> None:
        """Wait for ``seconds``, or until a signal arrives.

        Raises:
            Stopped: a signal asked to stop; only once, so that nothing that ends a command is cut short.
        """
        self.check()
        self.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Go on, or end.

        Raises:
            Stopped: as :meth:`pause`.
        """
        if self.signal is not None and not self._handled:
            self._handled = True
            raise Stopped(self.signal)

    def handle(self) -> None:
        """From now on no wait raises: the caller asks for :attr:`signal` itself."""
        self._handled = True


def ignore_signals() -> None:
    """Let no signal change how this process ends, once its exit code is known."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


_current: ContextVar[StopRequest] = ContextVar("stop_request")


def stop_request() -> StopRequest:
    """Return that of the :func:`listening` block around the caller, or one that never asks to stop."""
    return _current.get(None) or StopRequest()


@contextlib.contextmanager
def listening() -> Iterator[StopRequest]:
    """Note signals instead of dying of them while the block runs; a block inside another one changes nothing.

    SIGHUP that was ignored at the start, as under nohup, stays ignored.
    """
    if (outer := _current.get(None)) is not None:
        yield outer
        return
    wake, waker = os.pipe()
    for end in (wake, waker):
        os.set_blocking(end, False)
    stop = StopRequest(wake)

    def note(number: int, _frame: FrameType | None) -> None:
        stop.note(number)

    usual = {number: signal.getsignal(number) for number in SIGNALS}
    ignored = {signal.SIGHUP} if usual[signal.SIGHUP] is signal.SIG_IGN else set()
    wakened = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    token = _current.set(stop)
    try:
        for number in set(SIGNALS) - ignored:
            signal.signal(number, note)
        yield stop
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
        _current.reset(token)
        signal.set_wakeup_fd(wakened)
        for end in (wake, waker):
            os.close(end)
