"""Assessment of a long run: resource growth, storage growth, recovery from the spike."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace

from loadtest.core.units import amount, span
from loadtest.judge.growth.metrics import Metric, metrics
from loadtest.judge.growth.model import NOT_JUDGED, Endurance, Growth, Trend
from loadtest.judge.growth.recovery import recovery_of
from loadtest.judge.growth.series import Series, series_of
from loadtest.judge.growth.storage import storage_growth
from loadtest.results.run import Run

MIN_DURATION = 600.0
"""Minimum duration in seconds for runs other than soaks."""

_ORDER = (Trend.GROWING, Trend.UNKNOWN, Trend.STABLE)


def assess_endurance(run: Run, new_by_minute: Mapping[int, int]) -> Endurance:
    """Assess ``run``; ``new_by_minute`` is the number of failures that are not excused, by minute of the load.

    Deterministic: the random numbers depend only on the seed and the start time of the run.
    """
    soak = run.timeline.planned or run.settings.profile == "soak"
    if not soak and run.duration < MIN_DURATION:
        return NOT_JUDGED
    seed = [run.settings.seed, zlib.crc32(run.started.encode())]
    found = [_growth(series, seed) for series in series_of(run, new_by_minute)]
    return Endurance(
        judged=True,
        soak=soak,
        growth=tuple(sorted(found, key=lambda one: (_ORDER.index(one.trend), not one.whole))),
        stored=storage_growth(run),
        recovery=recovery_of(run),
    )


def _growth(series: Series, seed: list[int]) -> Growth:
    # Imported here because it is slow, and short runs do not need it.
    import numpy as np

    from loadtest.judge.growth.trend import find_trend

    metric = metrics()[series.metric]
    # Seeded by the name of the series, so that its interval does not depend on the other series.
    generator = np.random.default_rng([*seed, zlib.crc32(f"{series.metric} {series.of}".encode())])
    found = find_trend(
        metric, np.array(series.times), np.array(series.values), np.array(series.pieces), generator
    )
    hours = _hours_left(series, found.slope) if found.trend is Trend.GROWING else None
    growth = Growth(
        metric=metric.name,
        of=series.of,
        unit=metric.unit,
        trend=found.trend,
        text="",
        whole=series.whole,
        slope=found.slope,
        interval=found.interval,
        minimum=found.minimum,
        level=found.level,
        limit=series.limit,
        hours_left=hours,
        warm_up=found.warm_up,
        troughs=found.troughs,
    )
    return _with_text(growth, metric, found.why)


def _hours_left(series: Series, slope: float | None) -> float | None:
    if series.limit is None or not slope:
        return None
    return max(series.limit - series.values[-1], 0.0) / slope


def _with_text(growth: Growth, metric: Metric, why: str) -> Growth:
    estimate = ""
    if growth.slope is not None and growth.interval is not None:
        low, high = (amount(bound, metric.unit, sign=True) for bound in growth.interval)
        estimate = f"{amount(growth.slope, metric.unit, sign=True)} per hour ({low} to {high})"
    match growth.trend:
        case Trend.GROWING:
            text = f"{growth.name} grows: {estimate}"
            if growth.hours_left is not None and growth.limit is not None:
                limit = amount(growth.limit, metric.unit)
                text += f", reaches its limit of {limit} in {span(growth.hours_left)}"
        case Trend.STABLE:
            level = amount(growth.level or 0.0, metric.unit)
            text = f"{growth.name} is stable at {level}: {estimate}"
        case Trend.UNKNOWN:
            text = f"{growth.name} is not measurable: {why}" + (f"; {estimate}" if estimate else "")
    return replace(growth, text=text)
