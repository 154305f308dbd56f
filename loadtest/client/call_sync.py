"""Synchronisation of calls with those of another user."""

from typing import Protocol

from loadtest.client.answer import Problem


class CallSync(Protocol):
    """What a caller does before and after each of its calls."""

    def before(self, operation: str) -> None:
        """Wait until the call of ``operation`` may be sent."""

    def after(self, operation: str, status: int, duration: float) -> None:
        """Record a response and its latency in ms, and wait until its content may be checked."""

    def first_event(self, operation: str, duration: float) -> None:
        """Record the time to the first event of the last stream of ``operation`` in ms."""

    def failed(self, operation: str, problem: Problem) -> None:
        """Record that the last call of ``operation`` had a ``problem``."""
