"""Stop signals of a Locust process, handled in addition to Locust's own handlers."""

from __future__ import annotations

import signal
from collections.abc import Callable

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

    def interrupted(number: int) -> None:
        if note(number):
            usual(signal.SIGINT, None)

    # Python has no SIGINT handler if the parent ignored SIGINT, as a shell does for background jobs.
    found = signal.getsignal(signal.SIGINT)
    usual = found if callable(found) else signal.default_int_handler
    gevent.signal_handler(signal.SIGTERM, terminated)
    # By the event loop: a handler of Python would raise KeyboardInterrupt in whatever runs, such as a call of a
    # scenario, which would be reported as its failure.
    gevent.signal_handler(signal.SIGINT, interrupted, signal.SIGINT)
    gevent.signal_handler(signal.SIGQUIT, interrupted, signal.SIGQUIT)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        gevent.signal_handler(signal.SIGHUP, interrupted, signal.SIGHUP)
