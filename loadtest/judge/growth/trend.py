"""Whether one series grows: stable, growing, or not measurable."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from loadtest.judge.growth.metrics import Metric
from loadtest.judge.growth.model import Trend
from loadtest.judge.growth.slope import (
    Array,
    Piece,
    Points,
    Slope,
    fit,
    interval,
    theil_sen,
    warm_up,
    windows,
)

FEWEST = 12
"""Windows after the warm-up below which nothing is said."""

FADING = 0.75
"""Share of the first half's slope that the second half's must keep, or the series is settling."""

FADED = 0.9
"""The same for the second half by itself, of a series that is known to settle: a logarithm keeps 0.82."""

SETTLING = "it grows ever more slowly and has not settled yet"

PARTS = 4
"""Parts of a series whose lowest points are compared."""

EVEN = 0.25
"""Share of the mean rise from part to part that each must have."""

HOUR = 3600.0


@dataclass(frozen=True)
class TrendResult:
    """What is known of a series; slopes and minimum are per hour."""

    trend: Trend
    why: str
    """Why it is not measurable; empty for the others."""
    slope: float | None = None
    interval: tuple[float, float] | None = None
    minimum: float | None = None
    level: float | None = None
    warm_up: float | None = None
    troughs: tuple[tuple[float, float], ...] = ()


def find_trend(
    metric: Metric, times: Array, values: Array, piece: Piece, generator: np.random.Generator
) -> TrendResult:
    """Return what the series of ``metric`` does; ``times`` rise and are seconds of the load.

    Growing means that all of this holds after the warm-up: the whole interval of the slope lies above the minimum;
    the floor rises from third to third, which a saw-tooth's does not; and the second half grows about as
    fast as the first, which a series that settles does not. Stable means that the whole interval lies below the
    minimum. Of a series that was still settling the second half is judged by itself.
    """
    if len(times) < FEWEST:
        return TrendResult(Trend.UNKNOWN, f"{len(times)} samples are too few")
    points = windows(times, values, piece, metric.window)
    if len(points) < FEWEST:
        return TrendResult(Trend.UNKNOWN, f"{len(points)} windows are too few")
    rest = points.since(warm_up(points))
    found = _judge(metric, rest, generator, FADING)
    if found.why == SETTLING and len(rest) // 2 >= FEWEST:
        later = _judge(metric, rest.since(len(rest) // 2), generator, FADED)
        return later if later.trend is not Trend.UNKNOWN else found
    return found


def _judge(metric: Metric, rest: Points, generator: np.random.Generator, fading: float) -> TrendResult:
    level = float(np.median(rest.values))
    if not rest.seconds:
        return TrendResult(Trend.UNKNOWN, "no time has passed", level=level)
    minimum = metric.minimum(level, rest.seconds)
    slope = _per_hour(interval(rest, generator), metric.grain, rest.seconds)
    trend, why = _decide(metric, rest, slope, minimum, fading)
    return TrendResult(
        trend,
        why,
        slope=slope.value,
        interval=(slope.low, slope.high),
        minimum=minimum,
        level=level,
        warm_up=float(rest.times[0]),
        troughs=tuple(zip(rest.times.tolist(), rest.values.tolist(), strict=True)),
    )


def _decide(metric: Metric, rest: Points, slope: Slope, minimum: float, fading: float) -> tuple[Trend, str]:
    if slope.high < minimum:
        return Trend.STABLE, ""
    half = len(rest) // 2
    first, second = theil_sen(rest.until(half)) * HOUR, theil_sen(rest.since(half)) * HOUR
    if first > minimum and second < fading * first:
        return Trend.UNKNOWN, SETTLING
    if slope.low <= minimum or second <= minimum:
        return Trend.UNKNOWN, "growth that matters can neither be shown nor excluded"
    if slope.low <= metric.called(float(np.median(rest.values)), rest.seconds):
        return Trend.UNKNOWN, "it grows, by no more than caches that still fill"
    if not floor_rises(rest, slope.value / HOUR):
        return Trend.UNKNOWN, "it rises in few steps, or falls back again: too few to tell"
    return Trend.GROWING, ""


def floor_rises(points: Points, slope: float) -> bool:
    """Whether the lowest point rises from part to part; that a piece is higher than the one before does not count.

    What grows all the time rises in each part; a few steps, or a saw-tooth as long as the run, do not.
    """
    level = points.values - (fit(points, slope) - slope * points.times)
    floors = [float(part.min()) for part in np.array_split(level, PARTS)]
    least = EVEN * (floors[-1] - floors[0]) / (PARTS - 1)
    return least > 0 and all(later - earlier >= least for earlier, later in itertools.pairwise(floors))


def _per_hour(slope: Slope, grain: float, seconds: float) -> Slope:
    """Return ``slope`` per hour, its interval wide enough for the steps that the figure makes by itself."""
    unsure = grain / seconds if seconds else np.inf
    return Slope(slope.value * HOUR, (slope.low - unsure) * HOUR, (slope.high + unsure) * HOUR)
