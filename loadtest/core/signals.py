"""Handling of SIGINT, SIGTERM, SIGHUP and SIGQUIT.

A signal handler only records the signal and interrupts waits; it never raises. The first signal ends a command at its
next :meth:`StopRequest.pause`, so that each ``with`` block is left at a known point and exactly once. Further signals
only shorten the shutdown.
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
"""The signals that end a command."""

REPEATED = 1.0
"""Seconds after the first signal in which further ones are ignored: make and timeout forward signals that the
process group has already received."""


class Stopped(LoadTestError):  # noqa: N818 - nothing went wrong
    """A signal ended the command; results measured so far are still reported."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number
        self.exit_code = ExitCode.after(number)


class StopRequest:
    """Whether a signal has requested a stop; signals are recorded inside :func:`listening`."""

    def __init__(self, wake: int | None = None) -> None:
        self._wake = wake
        """A file descriptor that becomes readable when a signal arrives."""
        self._first: float | None = None
        self._handled = False
        self.signal: int | None = None
        """The first signal, or None."""
        self.urgent = False
        """A further signal arrived: shut down without waiting."""

    def note(self, number: int) -> None:
        """Record a signal."""
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
            Stopped: a signal arrived; raised only once, so that the shutdown itself is not interrupted.
        """
        self.check()
        self.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Return, unless a signal has arrived.

        Raises:
            Stopped: as :meth:`pause`.
        """
        if self.signal is not None and not self._handled:
            self._handled = True
            raise Stopped(self.signal)

    def handle(self) -> None:
        """Stop raising :class:`Stopped`; the caller checks :attr:`signal` itself."""
        self._handled = True


def ignore_signals() -> None:
    """Ignore all stop signals, so that they cannot change an exit code that is already known."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


_current: ContextVar[StopRequest] = ContextVar("stop_request")


def stop_request() -> StopRequest:
    """Return the stop request of the enclosing :func:`listening` block, or one that is never set."""
    return _current.get(None) or StopRequest()


@contextlib.contextmanager
def listening() -> Iterator[StopRequest]:
    """Record stop signals while the block runs, instead of being ended by them; nested blocks have no effect.

    If SIGHUP was already ignored, as under nohup, it stays ignored.
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
