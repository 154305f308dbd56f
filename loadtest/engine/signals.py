"""Stop signals of a Locust process, handled in addition to Locust's own handlers."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

import gevent
from locust.env import Environment


def handle_stop_signals(environment: Environment, note: Callable[[int], bool]) -> None:
    """Call ``note`` with each stop signal; end Locust on the first one only.

    ``note`` returns whether a signal is the first one. A further interrupt would abort Locust's shutdown, during which
    the run is written.
    """

    def terminated() -> None:
        options = environment.parsed_options
        if (
            note(signal.SIGTERM)
            and environment.shape_class is not None
            and getattr(options, "headless", False)
        ):
            # Locust handles SIGTERM only after its load shape has ended; it always handles SIGINT.
            usual(signal.SIGINT, None)

    def interrupted(number: int, frame: FrameType | None) -> None:
        if note(number):
            usual(signal.SIGINT, frame)

    # Python has no SIGINT handler if the parent ignored SIGINT, as a shell does for background jobs.
    found = signal.getsignal(signal.SIGINT)
    usual = found if callable(found) else signal.default_int_handler
    gevent.signal_handler(signal.SIGTERM, terminated)
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGQUIT, interrupted)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, interrupted)
