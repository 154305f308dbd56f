"""Error budgets of objectives, and their burn rates.

Terms and method: https://sre.google/workbook/alerting-on-slos/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtest.judge.criteria.criterion import Budget, Burn
from loadtest.results.latency import Histogram
from loadtest.results.measurements import Minute

MINUTE = 60.0
WINDOWS = (1, 5, 30, 60, 360)
"""Windows for burn rates, in minutes; only those shorter than the load are used."""
MIN_REQUESTS = 20
"""Fewest requests in a window."""


@dataclass(frozen=True)
class MinuteCount:
    """The requests of one minute of the load, and how many of them failed the objective."""

    at: float
    requests: int
    bad: int


def failed_by_minute(minutes: Sequence[Minute], failures: Mapping[int, int]) -> tuple[MinuteCount, ...]:
    """Return the counts for availability; ``failures`` are new and expired failures by minute."""
    return tuple(
        MinuteCount(one.at, one.requests, failures.get(round(one.at / MINUTE), 0)) for one in minutes
    )


def slow_by_minute(minutes: Sequence[Minute], threshold: float) -> tuple[MinuteCount, ...]:
    """Return the counts for a latency objective: requests above ``threshold`` ms.

    Minutes without a histogram are omitted.

    Raises:
        ValueError: a distribution cannot be read.
    """
    return tuple(
        MinuteCount(one.at, one.latency.count, above(one.latency.histogram, threshold))
        for one in minutes
        if one.latency is not None and one.latency.histogram is not None
    )


def above(histogram: str, threshold: float) -> int:
    """Return how many durations of an encoded ``histogram`` are above ``threshold`` ms, to two digits.

    Raises:
        ValueError: the text is not an encoded histogram.
    """
    return sum(count for duration, count in Histogram.decode(histogram).recorded() if duration > threshold)


def budget_of(target: float, requests: int, bad: int, minutes: Sequence[MinuteCount]) -> Budget:
    """Return the error budget of an objective that ``target`` (0 to 1) of ``requests`` are good."""
    allowed = 1 - target
    burns = (_worst(minutes, length, allowed) for length in WINDOWS if allowed and length < len(minutes))
    return Budget(bad, allowed * requests, tuple(burn for burn in burns if burn is not None))


def _worst(minutes: Sequence[MinuteCount], length: int, allowed: float) -> Burn | None:
    """Return the fastest burn, the earliest of several, in windows of ``length`` minutes."""
    worst: Burn | None = None
    for start in range(len(minutes) - length + 1):
        window = minutes[start : start + length]
        requests = sum(one.requests for one in window)
        rate = sum(one.bad for one in window) / requests / allowed if requests >= MIN_REQUESTS else 0.0
        if rate and (worst is None or rate > worst.rate):
            worst = Burn(length * MINUTE, rate, window[0].at)
    return worst
