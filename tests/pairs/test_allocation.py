import random

import pytest

from loadtest.pairs.allocation import (
    LOOKS,
    REPLAYS,
    Cost,
    most_improved,
    most_suspicious,
    next_scenario,
    suspicion,
    undecided,
    with_same_handler,
)


def test_a_larger_slowdown_and_more_pairs_are_more_suspicious() -> None:
    assert suspicion([0.5, 0.4, 0.6]) > suspicion([0.1, 0.0, 0.2]) > suspicion([-0.5, -0.4])
    assert suspicion([0.5, 0.4, 0.6] * 3) > suspicion([0.5, 0.4, 0.6])
    assert suspicion([0.5, -3.0, 4.0]) < suspicion([0.5, 0.4, 0.6])
    assert suspicion([]) < suspicion([-9.0])


def test_a_single_pair_is_less_suspicious_than_several_that_agree() -> None:
    noise = {f"n{number}": [-0.3, 0.0, 0.3] for number in range(20)}
    logs = {**noise, "once": [0.9], "often": [0.5] * 8}
    assert most_suspicious(1, logs) == ("often",)


def test_the_most_suspicious_come_first() -> None:
    logs = {"slow": [0.5] * 4, "same": [0.0] * 4, "fast": [-0.5] * 4}
    assert most_suspicious(2, logs) == ("slow", "same")
    assert most_suspicious(None, logs) == ("slow", "same", "fast")
    assert most_suspicious(1, logs, {"busy": [0.9] * 4}) == ("busy",)


def test_the_most_improved_are_those_that_would_be_suspicious_the_other_way_round() -> None:
    logs = {"slow": [0.5] * 4, "same": [0.0] * 4, "fast": [-0.5] * 4, "unknown": []}
    assert most_improved(2, logs) == ("fast", "same")
    assert most_improved(1, logs, {"busy": [-0.9] * 4}) == ("busy",)


def test_operations_that_differ_in_a_trailing_slash_are_judged_together() -> None:
    operations = {"GET /tags", "GET /tags/", "GET /tools", "GET /servers/"}
    assert with_same_handler(["GET /tools", "GET /tags/"], operations) == (
        "GET /tools",
        "GET /tags/",
        "GET /tags",
    )
    assert with_same_handler(["GET /tags", "GET /tags/"], operations) == ("GET /tags", "GET /tags/")


COSTS = (
    Cost("quick", 0.1, {"A": 1}),
    Cost("rich", 0.4, {"A": 2, "B": 3, "C": 1}),
    Cost("slow", 9.0, {"D": 1}),
)


@pytest.mark.parametrize(
    ("missing", "name"),
    [
        ({"A": 4}, "quick"),
        ({"A": 1, "B": 3}, "rich"),
        ({"D": 1}, "slow"),
        ({"A": 0}, None),
        ({"E": 2}, None),
        ({}, None),
    ],
)
def test_the_scenario_with_the_most_missing_pairs_per_second_is_next(
    missing: dict[str, int], name: str | None
) -> None:
    found = next_scenario(missing, COSTS)
    assert (found.scenario if found else None) == name


@pytest.mark.parametrize(
    ("runs", "failed", "base_failed", "goes_on"),
    [
        (0, 0, 0, True),
        (9, 9, 0, True),
        (10, 10, 0, False),  # always, and never on base
        (10, 0, 0, False),  # not once
        (10, 5, 5, False),
        (10, 5, 0, True),
        (11, 5, 0, True),
        (20, 20, 0, False),
        (40, 20, 0, False),
        (41, 20, 0, False),
    ],
)
def test_a_failure_is_repeated_until_it_is_decided(
    runs: int, failed: int, base_failed: int, goes_on: bool
) -> None:
    assert undecided(runs, failed, base_failed) is goes_on


def test_one_that_fails_half_of_the_time_is_not_dropped() -> None:
    chance, dropped = random.Random(4), 0
    for _ in range(1000):
        runs = failed = 0
        while undecided(runs, failed, 0):
            runs, failed = runs + 1, failed + (chance.random() < 0.5)
        dropped += runs == LOOKS[0] and failed == 0
        assert runs in LOOKS
    assert dropped <= 5
    assert LOOKS[-1] == REPLAYS
