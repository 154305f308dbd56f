"""How long the gateway needs after a spike of load until it is as before."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from loadtest.judge.amounts import amount
from loadtest.judge.growth import Recovery
from loadtest.judge.observations import clock
from loadtest.run import Run
from loadtest.timeline import Moment, Stretch

LOOK = 10.0
"""Seconds that are looked at together: single ones are restless."""

HOLD = 30.0
"""Seconds for which it must stay as before to be back."""

SLOWER = 1.5
"""How much slower than before still counts as back, at least."""

RATE = 0.2
"""Share by which the rate of answers may differ from that of before."""

FEWEST = 10
"""Steps with requests before the spike, and after it, below which nothing is said."""


def recovery_of(run: Run) -> Recovery | None:
    """Return how the gateway came back from the spike; None without one, or with too little around it."""
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
    baseline = _moments(run, start, before[-1].end)
    later = _moments(run, spike.end, end)
    if min(len(baseline), len(later)) < FEWEST:
        return None
    p95s = sorted(moment.p95 for moment in baseline if moment.p95 is not None)
    p95, usual = statistics.median(p95s), p95s[int(0.9 * (len(p95s) - 1))]
    rate = sum(moment.requests for moment in baseline) / (len(baseline) * run.timeline.width)
    ceiling = max(SLOWER * p95, usual)
    width = run.timeline.width
    latency = _back(later, spike.end, width, lambda window: _middle(window) <= ceiling)
    pace = _back(later, spike.end, width, lambda window: abs(_rate(window, width) - rate) <= RATE * rate)
    planned = sum(one.end - one.start for one in after if one.name == "recovery")
    floor = _trough(run, start, before[-1].end)
    added, kept = (
        None if floor is None or now is None else now - floor
        for now in (_trough(run, *_tail(spike)), _trough(run, end - LOOK * 3, end))
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


def _moments(run: Run, start: float, end: float) -> list[Moment]:
    moments = run.timeline.moments
    return [one for one in moments if start <= one.at < end and one.requests and one.p95 is not None]


def _back(
    moments: Sequence[Moment], since: float, width: float, fine: Callable[[Sequence[Moment]], bool]
) -> float | None:
    """Return how long after ``since`` it is fine, and stays so for a while; None: never."""
    good: float | None = None
    for moment in moments:
        window = [one for one in moments if moment.at <= one.at < moment.at + LOOK]
        if not fine(window):
            good = None
        elif good is None:
            good = moment.at
        if good is not None and moment.at + width - good >= HOLD:
            return max(good - since, 0.0)
    return None


def _middle(window: Sequence[Moment]) -> float:
    return statistics.median(one.p95 for one in window if one.p95 is not None)


def _rate(window: Sequence[Moment], width: float) -> float:
    steps = round((window[-1].at - window[0].at) / width) + 1
    return sum(one.requests for one in window) / (steps * width)


def _tail(stretch: Stretch) -> tuple[float, float]:
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
        ("rate", rate, f"{per_second:.3g} requests a second"),
    ):
        if seconds is None:
            parts.append(f"{what} was not back at {before} within {clock(watched)} after the spike")
        else:
            parts.append(f"{what} was back at {before} after {seconds:.0f} s")
    if added is not None and kept is not None:
        in_spike, later = (amount(size, "bytes", sign=True) for size in (added, kept))
        parts.append(f"memory lay {in_spike} higher in the spike, {later} after it")
    return ", ".join(parts)
