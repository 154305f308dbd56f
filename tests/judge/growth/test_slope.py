"""Slopes of series that are known, and what must not change them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.judge.growth.slope import Array, Points, fit, interval, theil_sen, warm_up, windows

finite = st.floats(-1e6, 1e6)
series = st.lists(finite, min_size=12, max_size=40)


def points(values: Array | list[float], *, step: float = 1.0, pieces: int = 1) -> Points:
    figures = np.array(values, dtype=float)
    count = len(figures)
    return Points(np.arange(count, dtype=np.float64) * step, figures, np.arange(count) * pieces // count)


def draw() -> np.random.Generator:
    return np.random.default_rng(7)


def test_a_line_keeps_its_slope_if_a_third_of_its_points_are_outliers() -> None:
    values = 5 + 2.5 * np.arange(30.0)
    assert theil_sen(points(values)) == pytest.approx(2.5)
    values[::4] += 1e9
    assert theil_sen(points(values)) == pytest.approx(2.5, rel=0.2)


def test_a_step_between_two_pieces_is_no_slope() -> None:
    values = np.concatenate([np.zeros(15), np.full(15, 100.0)])
    assert theil_sen(points(values)) > 0
    assert theil_sen(points(values, pieces=2)) == 0
    assert fit(points(values, pieces=2), 0.0).tolist() == values.tolist()


@given(values=series, by=st.floats(0.01, 1000))
@settings(max_examples=40)
def test_a_slope_is_inverse_to_the_time_scale(values: list[float], by: float) -> None:
    here, there = interval(points(values), draw()), interval(points(values, step=by), draw())
    for one, other in ((here.value, there.value), (here.low, there.low), (here.high, there.high)):
        assert other * by == pytest.approx(one, rel=1e-6, abs=1e-6)


@given(values=series, more=finite)
@settings(max_examples=40)
def test_a_constant_on_top_changes_nothing(values: list[float], more: float) -> None:
    here, there = interval(points(values), draw()), interval(points(np.array(values) + more), draw())
    assert (there.value, there.low, there.high) == pytest.approx((here.value, here.low, here.high), abs=1e-3)


@given(values=series, slope=st.floats(0, 1e4))
@settings(max_examples=40)
def test_a_leak_on_top_raises_slope_and_interval_by_itself(values: list[float], slope: float) -> None:
    here = interval(points(values), draw())
    there = interval(points(np.array(values) + slope * np.arange(len(values))), draw())
    assert there.value == pytest.approx(here.value + slope, rel=1e-6, abs=1e-4)
    assert there.low == pytest.approx(here.low + slope, rel=1e-6, abs=1e-4)


@given(values=series)
@settings(max_examples=40)
def test_the_interval_holds_the_slope_and_is_the_same_each_time(values: list[float]) -> None:
    found = interval(points(values), draw())
    assert found.low - 1e-6 <= found.value <= found.high + 1e-6
    assert found == interval(points(values), draw())


def test_autocorrelation_widens_the_interval() -> None:
    noise = np.random.default_rng(1).normal(size=48)
    alike = np.repeat(noise[::8], 8)

    def width(values: Array) -> float:
        found = interval(points(values), draw())
        return found.high - found.low

    assert width(alike) > 1.5 * width(noise)


@pytest.mark.parametrize("alike", [0.0, 0.5])
@pytest.mark.parametrize("count", [16, 40])
def test_the_interval_contains_the_true_slope_as_often_as_stated(count: int, alike: float) -> None:
    holds = 0
    for seed in range(150):
        noise = np.random.default_rng(seed).normal(0, 5, count)
        for at in range(1, count):
            noise[at] += alike * noise[at - 1]
        found = interval(points(3 * np.arange(float(count)) + noise), np.random.default_rng(seed))
        holds += found.low <= 3 <= found.high
    assert 0.92 <= holds / 150 <= 0.995


@pytest.mark.parametrize("length", [24, 48])
def test_the_warm_up_is_found(length: int) -> None:
    noise = np.random.default_rng(3).normal(0, 0.2, length)
    cold = length // 4
    values = 50 * np.minimum(np.arange(length) / cold, 1.0) + noise
    assert cold - 2 <= warm_up(points(values)) <= cold + 2


def test_what_only_grows_or_only_stays_has_no_warm_up() -> None:
    noise = np.random.default_rng(3).normal(0, 0.2, 48)
    assert warm_up(points(np.zeros(48))) == 0
    assert warm_up(points(2.0 * np.arange(48) + noise)) <= 6
    assert warm_up(points(np.exp(-np.arange(48.0)))) <= 16, "a third at most"


@pytest.mark.parametrize(("take", "wanted"), [("lowest", 0.0), ("middle", 4.0)])
def test_a_window_is_its_lowest_or_its_middle(take: Literal["lowest", "middle"], wanted: float) -> None:
    times = np.arange(480.0)
    teeth = np.tile(np.arange(10.0), 48)
    found = windows(times, teeth, np.zeros(480, dtype=np.int64), take)
    assert len(found) in (48, 49)
    assert float(np.median(found.values)) == wanted
    assert set(found.times.tolist()) <= set(times.tolist())


def test_windows_do_not_reach_across_pieces() -> None:
    times = np.concatenate([np.arange(0.0, 100), np.arange(1000.0, 1100)])
    piece = np.repeat([0, 1], 100)
    found = windows(times, times, piece, "lowest")
    assert found.seconds == pytest.approx(198, abs=8)
    assert sorted(set(found.piece.tolist())) == [0, 1]
    assert 40 <= len(found) <= 52
