"""The signals that ask a Locust process to end, heard beside Locust's own handling of them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

import gevent
from locust.env import Environment


def handle_stop_signals(environment: Environment, note: Callable[[int], bool]) -> None:
    """Have every signal that asks this process to end noted, and its Locust end of the first one.

    ``note`` says whether a signal is the first one. Locust would leave its own shutdown, in which the run is written,
    on any further interrupt.
    """

    def terminated() -> None:
        options = environment.parsed_options
        if (
            note(signal.SIGTERM)
            and environment.shape_class is not None
            and getattr(options, "headless", False)
        ):
            # Locust listens to SIGTERM only when its shape has come to an end; to Ctrl-C it always does.
            usual(signal.SIGINT, None)

    def interrupted(number: int, frame: FrameType | None) -> None:
        if note(number):
            usual(signal.SIGINT, frame)

    # Python takes no interrupt at all where its parent ignored them, as a shell makes its jobs in the background.
    found = signal.getsignal(signal.SIGINT)
    usual = found if callable(found) else signal.default_int_handler
    gevent.signal_handler(signal.SIGTERM, terminated)
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGQUIT, interrupted)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, interrupted)
