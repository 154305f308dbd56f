"""Memory of gateways that do not exist: what real ones do, many times over, with and without a leak.

Modelled on recordings of gateway 1.0.7: about 400 MiB, a warm-up of tens of MiB over one or two minutes, a noisy
floor, and now and then a step up or down when an arena is taken or given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from loadtest.judge.growth.metrics import metrics
from loadtest.judge.growth.model import Trend
from loadtest.judge.growth.slope import Array
from loadtest.judge.growth.trend import find_trend

MIB = float(1 << 20)
HOUR = 3600.0
LENGTHS = (150.0, 600.0, 1500.0, 9000.0)
"""Seconds: of ``make test-leaks``, of a short soak, of half an hour's plateau, of a night's."""

Generator = np.random.Generator
Shape = Callable[[Generator, Array], Array]
"""MiB on top of an ordinary gateway, at each time."""


def flat(_: Generator, times: Array) -> Array:
    """Nothing more."""
    return np.zeros_like(times)


def slow_warm_up(_: Generator, times: Array) -> Array:
    """60 MiB of caches that fill during a tenth of the run."""
    return np.asarray(60 * (1 - np.exp(-times / (times[-1] / 10))))


def cache_with_bound(draw: Generator, times: Array) -> Array:
    """A cache that fills evenly and is full after a fifth to two fifths of the run."""
    full = times[-1] * draw.uniform(0.2, 0.4)
    return np.asarray(80 * np.minimum(times / full, 1.0))


def straight_fill(draw: Generator, times: Array) -> Array:
    """Caches that fill in a straight line during the whole run: 60 MiB, as recorded (``recorded.json``)."""
    return np.asarray(60 * times / times[-1] * draw.uniform(0.8, 1.0))


def saw_tooth(draw: Generator, times: Array) -> Array:
    """30 MiB gathered and freed, ten times or more."""
    period = times[-1] / draw.uniform(10, 40)
    return np.asarray(30 * ((times / period + draw.uniform()) % 1))


def long_saw_tooth(draw: Generator, times: Array) -> Array:
    """30 MiB gathered and freed, four to six times in the run."""
    period = times[-1] / draw.uniform(4, 6)
    return np.asarray(30 * ((times / period + draw.uniform()) % 1))


def one_step(draw: Generator, times: Array) -> Array:
    """30 MiB at once, at any time: a page that was not opened before."""
    return np.where(times > times[-1] * draw.uniform(), 30.0, 0.0)


def two_steps(draw: Generator, times: Array) -> Array:
    """20 MiB at once, twice."""
    return np.asarray(20.0 * sum(times > times[-1] * draw.uniform(low, low + 0.4) for low in (0.1, 0.5)))


def wandering(draw: Generator, times: Array) -> Array:
    """Arenas taken and given back: a step of some MiB, up or down, every two minutes."""
    number = draw.poisson(times[-1] / 120)
    path = np.zeros_like(times)
    for at, size in zip(draw.uniform(0, times[-1], number), draw.normal(0, 2.5, number), strict=True):
        path += size * (times >= at)
    return path


HEALTHY: dict[str, Shape] = {
    shape.__name__.replace("_", " "): shape
    for shape in (
        flat,
        slow_warm_up,
        cache_with_bound,
        straight_fill,
        saw_tooth,
        long_saw_tooth,
        one_step,
        two_steps,
        wandering,
    )
}


def logarithmic(_: Generator, times: Array) -> Array:
    """Ever more slowly, without an end: healthy or not, depending on the duration of the measurement."""
    return np.asarray(12 * np.log1p(times / 30))


def leak(rate: float, other: Shape = wandering) -> Shape:
    """Return a leak of ``rate`` MiB an hour on top of another shape."""
    return lambda draw, times: other(draw, times) + rate * times / HOUR


LEAKS: dict[str, Shape] = {
    **{f"leak of {rate} MiB an hour": leak(rate) for rate in (24, 50, 100, 200, 400, 1000, 4000, 10000)},
    "leak of 1000 in a saw-tooth": leak(1000, saw_tooth),
    "leak of 1000 in a warm-up": leak(1000, slow_warm_up),
}


@dataclass(frozen=True)
class Tally:
    """The number of times that each was reported."""

    counts: Counter[Trend]

    def share(self, trend: Trend) -> float:
        """Return the share from 0 to 1."""
        return self.counts[trend] / self.counts.total()

    def __str__(self) -> str:
        return " / ".join(f"{self.counts[trend]:3}" for trend in (Trend.GROWING, Trend.STABLE, Trend.UNKNOWN))


def memory(shape: Shape, seconds: float, draw: Generator) -> tuple[Array, Array]:
    """Return times and bytes of one gateway with ``shape`` on top."""
    times = np.arange(0.0, seconds, max(1.0, seconds / 3600))
    warm = draw.uniform(20, 80) * (1 - np.exp(-times / draw.uniform(8, 25)))
    drift = np.cumsum(draw.normal(0, 0.04, len(times))) * np.sqrt(times[1])
    noise = np.abs(draw.normal(0, 1.0, len(times)))
    return times, (380 + warm + drift + noise + shape(draw, times)) * MIB


def tally(shape: Shape, seconds: float, seeds: int) -> Tally:
    """Return the results of ``seeds`` gateways with ``shape``."""
    counts: Counter[Trend] = Counter()
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        times, values = memory(shape, seconds, draw)
        counts[
            find_trend(metrics()["rss"], times, values, np.zeros(len(times), dtype=np.int64), draw).trend
        ] += 1
    return Tally(counts)


def show(seeds: int, lengths: tuple[float, ...]) -> Table:
    """Return the table of everything simulated."""
    table = Table("series", *(f"{seconds / 60:g} min" for seconds in lengths), box=None, pad_edge=False)
    for group in (HEALTHY, {"logarithmic": logarithmic}, LEAKS):
        for name, shape in group.items():
            table.add_row(name, *(str(tally(shape, seconds, seeds)) for seconds in lengths))
        table.add_section()
    return table
