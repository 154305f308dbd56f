"""Stable, growing or not measurable: one series at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loadtest.judge.growth.metrics import metrics
from loadtest.judge.growth.model import Trend
from loadtest.judge.growth.slope import Array, Points
from loadtest.judge.growth.trend import FEWEST, SETTLING, TrendResult, find_trend, floor_rises

MIB = float(1 << 20)
SEVERITIES = (Trend.STABLE, Trend.UNKNOWN, Trend.GROWING)


def judged(
    shape: Callable[[Array], Array],
    *,
    seconds: float = 1800.0,
    step: float = 1.0,
    metric: str = "rss",
    noise: float = 0.5,
) -> TrendResult:
    """Judge ``shape``, in MiB for memory, with noise on top."""
    times = np.arange(0.0, seconds, step)
    unit = MIB if metric == "rss" else 1.0
    values = (300 + shape(times) + np.random.default_rng(5).normal(0, noise, len(times))) * unit
    if metric != "rss":
        values = np.round(values)
    return find_trend(
        metrics()[metric], times, values, np.zeros(len(times), dtype=np.int64), np.random.default_rng(1)
    )


def leak(rate: float) -> Callable[[Array], Array]:
    def grows(times: Array) -> Array:
        return rate * times / 3600

    return grows


SHAPES: list[tuple[str, Callable[[Array], Array], float, Trend]] = [
    ("nothing", lambda t: 0 * t, 1800, Trend.STABLE),
    ("a leak", leak(400), 1800, Trend.GROWING),
    ("a leak that caches may be", leak(70), 1800, Trend.UNKNOWN),
    ("a leak of a night", leak(100), 9000, Trend.GROWING),
    ("a small leak of a night", leak(10), 9000, Trend.STABLE),
    ("shrinking", leak(-500), 1800, Trend.STABLE),
    ("a warm-up", lambda t: 80 * (1 - np.exp(-t / 120)), 1800, Trend.STABLE),
    ("a cache that is full after a third", lambda t: 80 * np.minimum(t / 600, 1), 1800, Trend.STABLE),
    ("a cache that is full after half", lambda t: 80 * np.minimum(t / 900, 1), 1800, Trend.STABLE),
    ("a warm-up that does not end", lambda t: 200 * (1 - np.exp(-t / 600)), 1800, Trend.UNKNOWN),
    ("ever more slowly", lambda t: 30 * np.log1p(t / 30), 1800, Trend.UNKNOWN),
    ("a leak after a long warm-up", lambda t: 80 * (1 - np.exp(-t / 200)) + t / 4, 1800, Trend.GROWING),
    ("teeth", lambda t: t % 90 / 3, 1800, Trend.STABLE),
    ("long teeth", lambda t: t % 450 / 15, 1800, Trend.UNKNOWN),
    ("a leak in teeth", lambda t: t % 90 / 3 + t / 8, 1800, Trend.GROWING),
    ("two large steps", lambda t: 150.0 * (t > 800) + 150.0 * (t > 1300), 1800, Trend.UNKNOWN),
    ("a leak that is given back once", lambda t: t / 2 - 250.0 * (t > 1100), 1800, Trend.UNKNOWN),
    ("a leak of minutes", leak(6000), 150, Trend.GROWING),
    ("minutes of nothing", lambda t: 0 * t, 150, Trend.UNKNOWN),
]


@pytest.mark.parametrize(
    ("shape", "seconds", "wanted"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES]
)
def test_memory(shape: Callable[[Array], Array], seconds: float, wanted: Trend) -> None:
    found = judged(shape, seconds=seconds)
    assert found.trend is wanted, found
    assert bool(found.why) == (wanted is Trend.UNKNOWN)


@pytest.mark.parametrize("at", range(0, 1800, 150))
@pytest.mark.parametrize("seconds", [600.0, 1800.0])
def test_one_step_is_never_growth(at: int, seconds: float) -> None:
    assert (
        judged(lambda t: np.where(t > at * seconds / 1800, 50.0, 0.0), seconds=seconds).trend
        is not Trend.GROWING
    )


def test_a_leak_is_reported_with_its_size() -> None:
    found = judged(leak(400))
    assert found.slope == pytest.approx(400 * MIB, rel=0.1)
    assert found.interval is not None
    assert found.interval[0] < 400 * MIB < found.interval[1]
    assert found.minimum == pytest.approx(24 * MIB)
    assert found.level == pytest.approx(400 * MIB, rel=0.1)
    assert found.warm_up is not None
    assert found.warm_up < 400
    assert found.troughs[0][0] == found.warm_up


@pytest.mark.parametrize(
    "shape", [lambda t: 0 * t, lambda t: t % 90 / 3, lambda t: 60 * (1 - np.exp(-t / 100))]
)
@pytest.mark.parametrize("seconds", [300.0, 1800.0])
def test_a_larger_leak_never_has_a_lower_severity(shape: Callable[[Array], Array], seconds: float) -> None:
    trends = [
        judged(lambda t, rate=rate: shape(t) + rate * t / 3600, seconds=seconds).trend  # type: ignore[misc]
        for rate in (0, 10, 24, 40, 80, 200, 500, 2000, 10000, 100000, 1000000)
    ]
    order = [SEVERITIES.index(trend) for trend in trends]
    assert order == sorted(order), trends
    assert trends[-1] is Trend.GROWING


def test_what_an_allocator_takes_by_itself_is_not_called_growth() -> None:
    """100 MiB an hour are 8 MiB in five minutes, and quite certain; but so are caches that fill."""
    quiet = judged(leak(100), seconds=300, noise=0.05)
    assert quiet.interval is not None
    assert quiet.interval[0] > (quiet.minimum or 0)
    assert quiet.trend is Trend.UNKNOWN
    assert judged(leak(1000), seconds=300, noise=0.05).trend is Trend.GROWING


def test_a_higher_level_changes_neither_slope_nor_what_matters_for_memory() -> None:
    one, other = judged(leak(60)), judged(lambda t: 5000 + leak(60)(t))
    assert one.minimum == other.minimum
    assert other.slope == pytest.approx(one.slope)
    assert other.interval == pytest.approx(one.interval)


@pytest.mark.parametrize(
    ("rate", "seconds", "wanted"),
    [
        (0, 300, Trend.UNKNOWN),
        (0, 1800, Trend.STABLE),
        (60, 1800, Trend.GROWING),
        (2000, 150, Trend.GROWING),
    ],
)
def test_descriptors_are_counted_by_the_piece(rate: float, seconds: float, wanted: Trend) -> None:
    assert judged(leak(rate), seconds=seconds, metric="descriptors", noise=0.1).trend is wanted


@pytest.mark.parametrize(
    ("slower", "wanted"),
    [(0.0, Trend.STABLE), (0.1, Trend.STABLE), (1.0, Trend.GROWING), (-1.0, Trend.STABLE)],
)
@pytest.mark.parametrize("minutes", [25, 150])
def test_latency_matters_by_what_it_has_become_at_the_end(slower: float, wanted: Trend, minutes: int) -> None:
    """300 ms, and so many times that at the end on top."""
    seconds = minutes * 60.0
    found = judged(
        lambda t: 300 * slower * t / seconds, seconds=seconds, step=60, metric="latency p50", noise=10
    )
    assert found.trend is wanted, found


def test_few_points_are_too_short() -> None:
    for count in (0, 1, 2, FEWEST - 1):
        times = np.arange(float(count))
        found = find_trend(
            metrics()["rss"], times, times, np.zeros(count, dtype=np.int64), np.random.default_rng(1)
        )
        assert found.trend is Trend.UNKNOWN
        assert found.why
    still = np.zeros(50)
    found = find_trend(metrics()["rss"], still, still, np.zeros(50, dtype=np.int64), np.random.default_rng(1))
    assert found.trend is Trend.UNKNOWN


def test_what_settles_is_reported_as_settling() -> None:
    assert judged(lambda t: 30 * np.log1p(t / 30)).why == SETTLING


def test_a_higher_level_after_a_spike_is_no_growth() -> None:
    """The load's own stretches are pieces; what lies between them is judged as recovery."""
    times = np.concatenate([np.arange(0.0, 900), np.arange(1200.0, 2100)])
    values = (300 + 80.0 * (times > 1000) + np.random.default_rng(2).normal(0, 0.5, 1800)) * MIB
    one_piece, two = np.zeros(1800, dtype=np.int64), np.repeat([0, 1], 900)
    metric = metrics()["rss"]
    assert find_trend(metric, times, values, two, np.random.default_rng(1)).trend is Trend.STABLE
    assert find_trend(metric, times, values, one_piece, np.random.default_rng(1)).trend is not Trend.STABLE


@pytest.mark.parametrize(("load", "wanted"), [("first", Trend.UNKNOWN), ("second", Trend.STABLE)])
def test_a_real_gateway_that_fills_its_caches_in_a_straight_line(load: str, wanted: Trend) -> None:
    """57 MiB in five minutes, as straight as any leak; and nothing more in the next load."""
    recorded = json.loads((Path(__file__).parents[2] / "leaks" / "recorded.json").read_text())
    times, kib = np.array(recorded[load], dtype=np.float64).T
    piece = np.zeros(len(times), dtype=np.int64)
    found = find_trend(metrics()["rss"], times, kib * 1024, piece, np.random.default_rng(1))
    assert found.trend is wanted, found


@pytest.mark.parametrize(
    ("floors", "rises"),
    [
        ([0, 1, 2, 3], True),
        ([0, 2, 1, 3], False),
        ([0, 0, 3, 3], False),
        ([0, 0, 0, 3], False),
        ([3, 2, 1, 0], False),
        ([0, 0, 0, 0], False),
        ([0, 1, 1, 3], False),
    ],
)
def test_the_floor_must_rise_from_part_to_part(floors: list[int], rises: bool) -> None:
    values = np.repeat(np.array(floors, dtype=float), 4)
    points = Points(np.arange(16.0), values, np.zeros(16, dtype=np.int64))
    assert floor_rises(points, 0.0) is rises
