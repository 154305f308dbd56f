"""Bounds for the share of leaks found and of healthy gateways reported; ``make test-leaks`` prints the whole table."""

from __future__ import annotations

import pytest

from leaks.simulated import HEALTHY, LEAKS, memory, tally
from loadtest.judge.growth.model import Trend

SEEDS = 24
HALF_AN_HOUR = 1500.0
"""The plateau of a soak of half an hour, in seconds."""
NIGHT = 9000.0


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_gateway_is_hardly_ever_reported(name: str) -> None:
    for seconds in (600.0, HALF_AN_HOUR):
        assert tally(HEALTHY[name], seconds, SEEDS).share(Trend.GROWING) <= 0.05


@pytest.mark.parametrize("name", ["flat", "slow warm up", "cache with bound", "saw tooth"])
def test_a_healthy_gateway_is_called_stable(name: str) -> None:
    assert tally(HEALTHY[name], HALF_AN_HOUR, SEEDS).share(Trend.STABLE) >= 0.9


@pytest.mark.parametrize(
    ("name", "seconds", "least"),
    [
        ("leak of 10000 MiB an hour", 150.0, 0.9),
        ("leak of 1000 MiB an hour", 600.0, 0.9),
        ("leak of 400 MiB an hour", HALF_AN_HOUR, 0.9),
        ("leak of 100 MiB an hour", NIGHT, 0.9),
        ("leak of 1000 in a saw-tooth", HALF_AN_HOUR, 0.9),
        ("leak of 1000 in a warm-up", HALF_AN_HOUR, 0.9),
    ],
)
def test_a_leak_is_found(name: str, seconds: float, least: float) -> None:
    assert tally(LEAKS[name], seconds, SEEDS).share(Trend.GROWING) >= least


@pytest.mark.parametrize("seconds", [150.0, 600.0, HALF_AN_HOUR])
def test_a_relevant_leak_is_hardly_ever_called_stable(seconds: float) -> None:
    assert tally(LEAKS["leak of 100 MiB an hour"], seconds, SEEDS).share(Trend.STABLE) <= 0.05


def test_the_simulation_draws_anew_for_each_seed() -> None:
    import numpy as np

    one, other, again = (memory(HEALTHY["flat"], 60, np.random.default_rng(seed))[1] for seed in (1, 2, 1))
    assert (one != other).any()
    assert (one == again).all()
