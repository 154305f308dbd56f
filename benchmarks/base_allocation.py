"""Simulate comparisons with a base: false alarms, and slowdowns that are found.

Each simulated comparison has as many operations as a gateway. The logarithm of the ratio of a pair has a standard
deviation that differs between operations; a part of the pairs scatters much more, as pairs do on a shared machine. The
operations, steps and tests are those of the load test; a second boot is simulated as fresh pairs.

    python benchmarks/base_allocation.py [--runs 200] [--scatter 0.15]
"""

import argparse
import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtest.pairs import allocation
from loadtest.pairs.assess import assess
from loadtest.results.pairs import BaseRun, CallPairs, PairStage
from loadtest.results.target import Gateway

OPERATIONS = 500
WILD = 0.05
"""Share of pairs that scatter five times as much."""
BASE_MS = 20.0


@dataclass(frozen=True)
class Scale:
    """How many pairs a comparison makes of each operation that is judged and confirmed."""

    judged: int
    confirmed: int = allocation.CONFIRMED


@dataclass(frozen=True)
class Result:
    """What one comparison found."""

    slower: frozenset[str]
    overall: bool


def simulate(
    chance: random.Random, scatter: float, effect: Callable[[str], float], scale: Scale, shift: float = 0.0
) -> Result:
    """Return what a comparison finds if the logarithm of an operation's ratio is ``effect``.

    ``shift`` is the standard deviation between boots of the ratio of the whole gateway.
    """
    names = [f"GET /operation/{number}" for number in range(OPERATIONS)]
    spread = {name: scatter * math.exp(chance.gauss(0, 0.3)) for name in names}
    pairs: list[CallPairs] = []
    boot = 0.0

    def draw(name: str, number: int, stage: PairStage) -> list[float]:
        logs = [
            effect(name) + boot + chance.gauss(0, spread[name] * (5 if chance.random() < WILD else 1))
            for _ in range(number)
        ]
        head = tuple(BASE_MS * math.exp(one) for one in logs)
        pairs.append(
            CallPairs(stage=stage, scenario="S", operation=name, head=head, base=(BASE_MS,) * number)
        )
        return logs

    boot = chance.gauss(0, shift)
    screened: dict[str, list[float]] = {name: [] for name in names}
    for step in allocation.STEPS:
        chosen = names if step.operations is None else allocation.most_suspicious(step.operations, screened)
        for name in chosen:
            screened[name] += draw(name, max(step.pairs - len(screened[name]), 0), PairStage.SCREEN)
    judged = allocation.most_suspicious(allocation.JUDGED, screened)
    for name in judged:
        draw(name, scale.judged, PairStage.JUDGE)
    boot = chance.gauss(0, shift)
    for name in names:
        draw(name, scale.confirmed if name in judged else 1, PairStage.CONFIRM)
    found = assess(BaseRun(gateway=Gateway(version=None, source=""), pairs=tuple(pairs), confirmed=True))
    return Result(frozenset(one.name for one in found.slower), found.overall_slower)


def rates(runs: int, scatter: float, judged: int, shift: float) -> dict[str, float]:
    """Return the rate of false alarms, and the power for each seeded change."""
    seeded = "GET /operation/7"
    changes: dict[str, Callable[[str], float]] = {
        "no change": lambda _: 0.0,
        "one operation +30 %": lambda name: math.log(1.3) if name == seeded else 0.0,
        "one operation +50 %": lambda name: math.log(1.5) if name == seeded else 0.0,
        "one operation x2": lambda name: math.log(2.0) if name == seeded else 0.0,
        "everything +10 %": lambda _: math.log(1.1),
    }
    found: dict[str, float] = {}
    for number, (title, effect) in enumerate(changes.items()):
        chance = random.Random(number)
        results = [simulate(chance, scatter, effect, Scale(judged), shift) for _ in range(runs)]
        match title:
            case "no change":
                hits: Sequence[bool] = [bool(one.slower) or one.overall for one in results]
            case "everything +10 %":
                hits = [one.overall for one in results]
            case _:
                hits = [seeded in one.slower for one in results]
                others = [bool(one.slower - {seeded}) or one.overall for one in results]
                found[f"{title}: others accused"] = statistics.fmean(others)
        found[title] = statistics.fmean(hits)
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--scatter", type=float, nargs="*", default=[0.1, 0.2, 0.3])
    parser.add_argument("--judged", type=int, default=40)
    parser.add_argument("--shift", type=float, default=0.01)
    given = parser.parse_args()
    for scatter in given.scatter:
        print(f"standard deviation of a log ratio {scatter:g}, {given.judged} pairs judged")
        for title, rate in rates(given.runs, scatter, given.judged, given.shift).items():
            print(f"  {title:40} {rate:7.1%}")


if __name__ == "__main__":
    main()
