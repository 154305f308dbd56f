"""Recovery time of the gateway after a load spike."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from loadtest.core.units import amount, clock
from loadtest.judge.growth.model import Recovery
from loadtest.results.measurements import LoadStage
from loadtest.results.run import Run

WINDOW = 20.0
"""Width in seconds of the sliding window in which values are averaged."""

STABLE_FOR = 30.0
"""Seconds for which values must stay at the baseline to count as recovered."""

MAX_SLOWDOWN = 1.5
"""Ratio to the baseline latency that always counts as recovered."""

RATE_TOLERANCE = 0.2
"""Relative deviation from the baseline rate that always counts as recovered."""

MIN_WINDOWS = 10
"""Minimum number of windows before the spike."""

MIN_OBSERVATION = 90.0
"""Minimum number of seconds after the spike, enough to recover and to stay stable."""


def recovery_of(run: Run) -> Recovery | None:
    """Return the recovery after the spike; None without a spike, or with too little data before or after it."""
    stretches = run.timeline.stretches
    place = next((n for n, one in enumerate(stretches) if one.name == "spike"), None)
    if place is None:
        return None
    spike, after = stretches[place], stretches[place + 1 :]
    before = [one for one in stretches[:place] if one.name == "plateau"]
    end = max((one.end for one in after if one.name != "cool-down"), default=spike.end)
    if not before:
        return None
    start = (before[-1].start + before[-1].end) / 2
    baseline = _windows(run, start, before[-1].end)
    later = _windows(run, spike.end, end)
    rate = statistics.fmean([window.rate for window in baseline] or [0.0])
    if len(baseline) < MIN_WINDOWS or end - spike.end < MIN_OBSERVATION or not rate:
        return None
    p95 = statistics.median(window.p95 for window in baseline)
    ceiling = max(MAX_SLOWDOWN * p95, *(window.p95 for window in baseline))
    lowest = min((1 - RATE_TOLERANCE) * rate, *(window.rate for window in baseline))
    highest = max((1 + RATE_TOLERANCE) * rate, *(window.rate for window in baseline))
    width = run.timeline.width
    latency = _back(later, spike.end, width, lambda window: window.p95 <= ceiling)
    pace = _back(later, spike.end, width, lambda window: lowest <= window.rate <= highest)
    planned = sum(one.end - one.start for one in after if one.name == "recovery")
    floor = _trough(run, start, before[-1].end)
    added, kept = (
        None if floor is None or now is None else now - floor
        for now in (_trough(run, *_tail(spike)), _trough(run, end - WINDOW * 3, end))
    )
    return Recovery(
        latency=latency,
        rate=pace,
        baseline_p95=p95,
        baseline_rate=rate,
        memory_added=added,
        memory_kept=kept,
        planned=planned,
        text=_text(latency, pace, p95, rate, end - spike.end, added, kept),
    )


class _Window(NamedTuple):
    """A sliding window of the timeline."""

    at: float
    p95: float
    rate: float
    """Requests per second."""


def _windows(run: Run, start: float, end: float) -> list[_Window]:
    """Return the windows between ``start`` and ``end``, one per step; p95 is infinite without requests."""
    width = run.timeline.width
    moments = [moment for moment in run.timeline.moments if start <= moment.at and moment.at + width <= end]
    steps = max(1, round(WINDOW / width))
    windows = []
    for number in range(len(moments) - steps + 1):
        inside = moments[number : number + steps]
        p95 = statistics.median([one.p95 for one in inside if one.p95 is not None] or [math.inf])
        windows.append(_Window(inside[0].at, p95, sum(one.requests for one in inside) / (steps * width)))
    return windows


def _back(
    windows: Sequence[_Window], since: float, width: float, recovered: Callable[[_Window], bool]
) -> float | None:
    """Return the time from ``since`` until the windows stay recovered; None if they do not."""
    good: float | None = None
    for window in windows:
        if not recovered(window):
            good = None
        elif good is None:
            good = window.at
        if good is not None and window.at + width - good >= STABLE_FOR:
            return max(good - since, 0.0)
    return None


def _tail(stretch: LoadStage) -> tuple[float, float]:
    return (stretch.start + 2 * (stretch.end - stretch.start) / 3, stretch.end)


def _trough(run: Run, start: float, end: float) -> int | None:
    return min((sample.rss for sample in run.resources if start <= sample.at < end), default=None)


def _text(
    latency: float | None,
    rate: float | None,
    p95: float,
    per_second: float,
    watched: float,
    added: int | None,
    kept: int | None,
) -> str:
    parts = []
    for what, seconds, before in (
        ("p95", latency, f"{p95:.0f} ms"),
        ("rate", rate, f"{per_second:.3g} requests per second"),
    ):
        if seconds is None:
            parts.append(f"{what} was not back at {before} within {clock(watched)} after the spike")
        else:
            parts.append(f"{what} was back at {before} after {seconds:.0f} s")
    if added is not None and kept is not None:
        in_spike, later = (amount(size, "bytes", sign=True) for size in (added, kept))
        parts.append(f"memory changed by {in_spike} during the spike, {later} after recovery")
    return ", ".join(parts)
