"""Which operations get the next pairs. Pure, without SciPy: it runs inside the load generator.

Few pairs of every operation show which ones may be slower. Those get more pairs, in two steps, and the most suspicious
ones are judged on fresh pairs: the choice has no influence on them. Only pairs that are made while nothing else runs
count for a step, because they scatter less.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

SCREENED = 4
"""Pairs of an operation after which it is screened."""
JUDGED = 10
"""Operations that are judged."""
IMPROVED = 5
"""Operations that seem to be faster, which are judged after the first step of the others."""
LEAST_JUDGED = 20
"""Fresh pairs without which an operation is not judged."""
JUDGING_STEPS = (LEAST_JUDGED, 40, 100)
"""Fresh pairs that all judged operations have before any of them gets more."""
CONFIRMED = 40
"""Fresh pairs of each suspicious operation after the second boot."""
REPLAYS = 40
"""Most runs of a scenario that decide about a failure."""
LOOKS = (10, 20, REPLAYS)
"""Numbers of runs after which a failure is tested."""
SPREAD = 0.1
"""Median absolute deviation of a pair, if no operation has several pairs."""
WEIGHT = 4
"""Number of pairs as which the spread of all operations counts in that of one: few pairs may agree by chance."""


@dataclass(frozen=True)
class Step:
    """A step of the screening."""

    operations: int | None
    """The most suspicious ones; None for all."""
    pairs: int
    """Pairs that each of them has after the step."""
    until: float
    """Share of the time budget at which it ends."""


STEPS = (
    Step(None, 1, 0.27),
    Step(None, 2, 0.47),
    Step(100, 4, 0.6),
    Step(30, 8, 0.7),
)


def suspicion(logs: Sequence[float], spread: float = SPREAD) -> float:
    """Return a score of log ratios: higher for a larger slowdown and for more and less scattered pairs.

    ``spread`` is the median absolute deviation of the pairs of all operations.
    """
    if not logs:
        return -math.inf
    middle, degrees = statistics.median(logs), len(logs) - 1
    own = statistics.median(abs(one - middle) for one in logs)
    shrunk = (degrees * own + WEIGHT * spread) / (degrees + WEIGHT)
    return middle * math.sqrt(len(logs)) / max(shrunk, 1e-6)


def most_suspicious(number: int | None, *measures: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Return the names of the ``number`` operations with the highest scores in any of ``measures``, or of all.

    ``measures`` hold log ratios by operation.
    """
    spreads = [_spread(logs.values()) for logs in measures]
    score = {
        name: max(
            suspicion(logs.get(name, ()), spread) for logs, spread in zip(measures, spreads, strict=True)
        )
        for name in {name for logs in measures for name in logs}
    }
    return tuple(sorted(score, key=lambda name: (-score[name], name))[:number])


def most_improved(number: int, *measures: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Return the names of the ``number`` operations that seem to be faster the most, as :func:`most_suspicious`."""
    inverse = ({name: [-one for one in logs] for name, logs in measure.items()} for measure in measures)
    return most_suspicious(number, *inverse)


def with_same_handler(names: Sequence[str], operations: Collection[str]) -> tuple[str, ...]:
    """Return ``names``, each followed by the one of ``operations`` that differs in a trailing slash only.

    The same handler serves both, so that both are slower.
    """
    found: dict[str, None] = {}
    for name in names:
        twin = name.removesuffix("/") if name.endswith("/") else f"{name}/"
        found |= dict.fromkeys((name, twin) if twin in operations else (name,))
    return tuple(found)


def _spread(operations: Collection[Sequence[float]]) -> float:
    deviations = [abs(one - statistics.median(logs)) for logs in operations if len(logs) > 2 for one in logs]
    return statistics.median(deviations) if deviations else SPREAD


@dataclass(frozen=True)
class Cost:
    """What one run of a scenario takes and yields."""

    scenario: str
    seconds: float
    pairs: Mapping[str, int]
    """Pairs by operation."""


def next_scenario(missing: Mapping[str, int], costs: Collection[Cost]) -> Cost | None:
    """Return the scenario that yields the most ``missing`` pairs per second; None if none yields any."""

    def gain(cost: Cost) -> float:
        useful = sum(min(number, missing.get(name, 0)) for name, number in cost.pairs.items())
        return useful / max(cost.seconds, 1e-3)

    best = max(costs, key=lambda one: (gain(one), one.scenario), default=None)
    return best if best is not None and gain(best) > 0 else None


def undecided(runs: int, failed: int, base_failed: int) -> bool:
    """Return whether more runs may show that head fails more often than base.

    Looks at fixed numbers of runs only, so that the tests stay valid.
    """
    if runs >= REPLAYS:
        return False
    if runs not in LOOKS:
        return True
    if failed <= base_failed:
        # One that fails half of the time fails in ten runs with a probability of 99.9 %.
        return False
    return not certain(runs, failed, base_failed)


def certain(runs: int, failed: int, base_failed: int) -> bool:
    """Return whether the difference is so large that a hundred tests at each look would not hide it."""
    return _hypergeometric_tail(runs, failed, base_failed) < 1e-2 / len(LOOKS) / 100


def _hypergeometric_tail(runs: int, failed: int, base_failed: int) -> float:
    """Return the p-value of the one-sided Fisher exact test; without SciPy, for small numbers."""
    total = failed + base_failed
    ways = math.comb(2 * runs, total)
    return sum(
        math.comb(runs, one) * math.comb(runs, total - one) / ways
        for one in range(failed, min(runs, total) + 1)
        if total - one <= runs
    )
