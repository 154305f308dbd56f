"""The signals that ask a Locust process to end, heard beside Locust's own handling of them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

import gevent
from locust.env import Environment


def hear_stop_signals(environment: Environment, note: Callable[[int], None]) -> None:
    """Have every SIGINT and SIGTERM of this process noted, and its Locust end of each."""

    def terminated() -> None:
        note(signal.SIGTERM)
        options = environment.parsed_options
        if environment.shape_class is not None and getattr(options, "headless", False):
            # Locust listens to SIGTERM only when its shape has come to an end; to Ctrl-C it always does.
            signal.raise_signal(signal.SIGINT)

    # Python takes no interrupt at all where its parent ignored them, as a shell makes its jobs in the background.
    found = signal.getsignal(signal.SIGINT)
    usual = found if callable(found) else signal.default_int_handler

    def interrupted(number: int, frame: FrameType | None) -> None:
        note(number)
        usual(number, frame)

    gevent.signal_handler(signal.SIGTERM, terminated)
    signal.signal(signal.SIGINT, interrupted)
