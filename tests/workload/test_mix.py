"""What users do in a soak: the realistic mix by its weights, and all other scenarios in rotation."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from loadtest.workload.mix import Mix

OTHERS = [f"Other.{number}" for number in range(50)]


def drawn(mix: Mix, number: int) -> Counter[str]:
    return Counter(mix.next() for _ in range(number))


def test_the_realistic_mix_has_its_share_and_its_weights() -> None:
    counts = drawn(Mix({"agent": 9, "admin": 1}, OTHERS, 0.8, Random("1")), 10_000)
    realistic = counts["agent"] + counts["admin"]
    assert realistic / 10_000 == pytest.approx(0.8, abs=0.02)
    assert counts["agent"] / realistic == pytest.approx(0.9, abs=0.02)


def test_the_other_scenarios_rotate() -> None:
    mix = Mix({"agent": 1}, OTHERS, 0.5, Random("2"))
    others = [name for name in (mix.next() for _ in range(1000)) if name != "agent"]
    for rotation in range(len(others) // len(OTHERS)):
        assert sorted(others[rotation * len(OTHERS) :][: len(OTHERS)]) == sorted(OTHERS)
    assert others[:50] != others[50:100]


def test_with_only_one_kind_there_is_no_share() -> None:
    assert set(drawn(Mix({}, OTHERS, 0.8, Random("3")), 100)) == set(OTHERS)
    assert set(drawn(Mix({"agent": 1}, (), 0.2, Random("3")), 100)) == {"agent"}


def test_the_same_seed_gives_the_same_order() -> None:
    first, second = (Mix({"agent": 1}, OTHERS, 0.5, Random("4 0")) for _ in range(2))
    assert [first.next() for _ in range(200)] == [second.next() for _ in range(200)]
