import importlib.util
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadtest.core.errors import UsageError
from loadtest.pairs import statistics as ours
from loadtest.pairs.statistics import (
    Overall,
    detectable,
    fails_more_p,
    holm,
    overall,
    ratio_of,
    require_scipy,
    scatter,
    slower_p,
)

LOGS = st.lists(st.floats(-3, 3), min_size=1, max_size=60)


@pytest.mark.parametrize(("percent", "slow"), [(0, False), (4, False), (6, True), (50, True), (-30, False)])
def test_a_slowdown_within_the_tolerance_is_none(percent: int, slow: bool) -> None:
    logs = [math.log(1 + percent / 100) + noise / 1000 for noise in range(-10, 10)]
    assert (slower_p(logs) < 1e-4) is slow


def test_the_test_is_exact() -> None:
    # All of n values above zero: one of 2**n equally likely patterns of signs.
    assert slower_p([ours.TOLERANCE + one / 10 for one in range(1, 13)]) == pytest.approx(2**-12)


def test_without_pairs_nothing_is_slower() -> None:
    assert slower_p([]) == 1.0
    assert slower_p([ours.TOLERANCE]) == 1.0


def test_identical_sides_are_rarely_slower() -> None:
    chance = random.Random(1)
    found = sum(slower_p([chance.gauss(0, 0.3) for _ in range(20)]) < 0.01 for _ in range(500))
    assert found <= 5


@pytest.mark.parametrize(
    ("failed", "base_failed", "runs", "significant"),
    [
        (10, 0, 10, True),
        (20, 0, 40, True),
        (20, 20, 40, False),
        (40, 40, 40, False),
        (1, 0, 40, False),
        (0, 0, 0, False),
    ],
)
def test_fisher(failed: int, base_failed: int, runs: int, significant: bool) -> None:
    assert (fails_more_p(failed, base_failed, runs) < 1e-3) is significant


def test_holm_stops_at_the_first_hypothesis_that_it_keeps() -> None:
    assert holm({"a": 0.001, "b": 0.02, "c": 0.004}, 0.012) == {"a", "c"}
    assert holm({"a": 0.005, "b": 0.005}, 0.01) == {"a", "b"}
    assert holm({"a": 0.006, "b": 0.0}, 0.01) == {"a", "b"}
    assert holm({}) == frozenset()


@given(st.dictionaries(st.integers(), st.floats(0, 1), max_size=20))
def test_holm_rejects_no_more_than_without_correction_and_no_less_than_bonferroni(
    found: dict[int, float],
) -> None:
    rejected = holm(found, 0.05)
    assert rejected <= {key for key, p_value in found.items() if p_value <= 0.05}
    assert rejected >= {key for key, p_value in found.items() if p_value <= 0.05 / len(found)}


@given(LOGS)
def test_the_interval_contains_the_median(logs: list[float]) -> None:
    ratio = ratio_of(logs)
    assert ratio.low <= ratio.value <= ratio.high
    assert ratio.pairs == len(logs)


@pytest.mark.parametrize("number", [6, 9, 20, 21, 40, 100])
def test_the_interval_has_its_confidence(number: int) -> None:
    skipped = ours._skipped(number)
    assert 1 - 2 * stats.binom.cdf(skipped, number, 0.5) >= 0.95
    assert 1 - 2 * stats.binom.cdf(skipped + 1, number, 0.5) < 0.95


def test_the_overall_ratio_ignores_outliers() -> None:
    medians = [0.1 + one / 1000 for one in range(-20, 21)]
    found = overall([*medians, 3.0, -3.0])
    assert isinstance(found, Overall)
    assert (found.operations, found.outliers) == (41, 2)
    assert found.mean == pytest.approx(0.1)
    assert found.slower


@pytest.mark.parametrize("value", [0.0, 0.04, -0.2])
def test_a_small_overall_slowdown_is_none(value: float) -> None:
    found = overall([value + one / 1000 for one in range(-20, 21)])
    assert found is not None
    assert not found.slower


@pytest.mark.parametrize(
    ("value", "faster", "text"),
    [
        (-0.2, True, "18.1 % faster (99 % CI 17.7 to 18.5 %)"),
        (-0.04, False, "3.9 % faster (99 % CI 3.4 to 4.4 %)"),
        (0.1, False, "10.5 % slower (99 % CI 10.0 to 11.1 %)"),
    ],
)
def test_an_overall_speedup_has_the_same_limit(value: float, faster: bool, text: str) -> None:
    found = overall([value + one / 1000 for one in range(-20, 21)])
    assert found is not None
    assert (found.faster, found.text) == (faster, text)


def test_few_operations_have_no_overall_ratio() -> None:
    assert overall([0.5, 0.5]) is None


def test_the_scatter_is_that_within_operations() -> None:
    chance = random.Random(2)
    logs = {name: [name + chance.gauss(0, 0.2) for _ in range(8)] for name in range(300)}
    found = scatter(logs)
    assert found == pytest.approx(0.2, rel=0.1)
    assert scatter({}) is None
    assert scatter({1: [0.5]}) is None


def test_more_pairs_detect_less() -> None:
    assert detectable(0.2, 100, 10) < detectable(0.2, 20, 10) < detectable(0.4, 20, 10)


def test_the_detectable_effect_is_detected() -> None:
    effect, chance = detectable(0.2, 40, 10), random.Random(3)
    hits = [
        slower_p([math.log(effect) + chance.gauss(0, 0.2) for _ in range(40)]) <= ours.ALPHA / 10
        for _ in range(300)
    ]
    assert 0.9 <= sum(hits) / len(hits) <= 0.99


def test_without_scipy_one_line_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"needs SciPy: run `make runtime BASE=VERSION`"):
        require_scipy()
