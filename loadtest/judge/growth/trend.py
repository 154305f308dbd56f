"""Trend of a series: stable, growing, or not measurable."""

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
"""Minimum number of samples, and of windows."""

FADING = 0.75
"""Minimum ratio of the slopes of the second and the first half; below it, the series is settling."""

FADED = 0.9
"""The same within the second half of a series that is settling; for a logarithm, the ratio is 0.82."""

SETTLING = "its growth is slowing down but has not stopped"

PARTS = 4
"""Number of parts whose lowest points are compared."""

EVEN = 0.25
"""Minimum ratio of each rise between parts to the mean rise."""

HOUR = 3600.0


@dataclass(frozen=True)
class TrendResult:
    """Trend of a series; slopes and minimum are per hour."""

    trend: Trend
    why: str
    """Why it is not measurable; otherwise empty."""
    slope: float | None = None
    interval: tuple[float, float] | None = None
    minimum: float | None = None
    level: float | None = None
    warm_up: float | None = None
    troughs: tuple[tuple[float, float], ...] = ()


def find_trend(
    metric: Metric, times: Array, values: Array, piece: Piece, generator: np.random.Generator
) -> TrendResult:
    """Return the trend of the series of ``metric``; ``times`` are seconds of the load in ascending order.

    A series is growing if, after the warm-up, the whole interval of the slope is above the minimum, the floor rises
    from part to part (unlike a sawtooth's), and the second half grows about as fast as the first (unlike a series
    that is settling). It is stable if the whole interval is below the minimum. For a series that is settling, the
    second half is assessed by itself.
    """
    if len(times) < FEWEST:
        return TrendResult(Trend.UNKNOWN, f"only {len(times)} samples")
    points = windows(times, values, piece, metric.window)
    if len(points) < FEWEST:
        return TrendResult(Trend.UNKNOWN, f"only {len(points)} windows")
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
        return Trend.UNKNOWN, "relevant growth can neither be shown nor excluded"
    if slope.low <= metric.called(float(np.median(rest.values)), rest.seconds):
        return Trend.UNKNOWN, "it grows no more than caches do while they fill"
    if not floor_rises(rest, slope.value / HOUR):
        return Trend.UNKNOWN, "it rises in too few steps, or falls again"
    return Trend.GROWING, ""


def floor_rises(points: Points, slope: float) -> bool:
    """Return whether the lowest point rises from part to part, ignoring steps between pieces.

    Continuous growth rises in each part; a few steps, or a sawtooth as long as the run, do not.
    """
    level = points.values - (fit(points, slope) - slope * points.times)
    floors = [float(part.min()) for part in np.array_split(level, PARTS)]
    least = EVEN * (floors[-1] - floors[0]) / (PARTS - 1)
    return least > 0 and all(later - earlier >= least for earlier, later in itertools.pairwise(floors))


def _per_hour(slope: Slope, grain: float, seconds: float) -> Slope:
    """Return ``slope`` per hour, with its interval widened by the resolution of the metric."""
    unsure = grain / seconds if seconds else np.inf
    return Slope(slope.value * HOUR, (slope.low - unsure) * HOUR, (slope.high + unsure) * HOUR)
