"""Counts of the pairs of a load."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from loadtest.engine.paired.lockstep import CallPair, Lockstep
from loadtest.pairs.allocation import Cost
from loadtest.results.pairs import CallPairs, Measure, PairStage, Trials

_DIGITS = 3


@dataclass
class _Counts:
    runs: int = 0
    head_failed: int = 0
    base_failed: int = 0
    fingerprints: set[str] = field(default_factory=set)


class PairTally:
    """The pairs and trials so far."""

    def __init__(self) -> None:
        self._pairs: defaultdict[tuple[PairStage, str, str], list[CallPair]] = defaultdict(list)
        self._trials: defaultdict[tuple[PairStage, str, str], _Counts] = defaultdict(_Counts)
        self._warm: set[str] = set()
        self._alone: Counter[tuple[PairStage, str]] = Counter()
        """Pairs that were made while nothing else ran."""
        self.costs: dict[str, Cost] = {}
        """By scenario, of its last run."""

    def add(
        self,
        stage: PairStage,
        scenario: str,
        lockstep: Lockstep,
        seconds: float,
        only: Collection[str] | None = None,
        *,
        alone: bool = False,
    ) -> None:
        """Count one run of ``scenario``, which took ``seconds``.

        The first pair of each operation is a warm-up and not counted. ``only`` names the operations whose latency
        counts; None for all. ``alone`` says whether nothing else ran meanwhile.
        """
        yielded: defaultdict[str, int] = defaultdict(int)
        for pair in lockstep.pairs():
            if not pair.comparable:
                continue
            yielded[pair.operation] += 1
            if pair.operation not in self._warm:
                self._warm.add(pair.operation)
            elif only is None or pair.operation in only:
                key = (stage, scenario, pair.operation)
                self._pairs[key].append(pair)
                self._alone[stage, pair.operation] += alone
        for operation, (head, base) in lockstep.tried().items():
            counts = self._trials[stage, scenario, operation]
            counts.runs += 1
            counts.head_failed += bool(head)
            counts.base_failed += bool(base)
            counts.fingerprints |= {head} if head else set()
        self.costs[scenario] = Cost(scenario, seconds, dict(yielded))

    def logs(self, stage: PairStage, measure: Measure = Measure.LATENCY) -> dict[str, list[float]]:
        """Return the log ratios of a stage by operation."""
        logs: defaultdict[str, list[float]] = defaultdict(list)
        for one in self.pairs():
            if one.stage is stage and (values := one.values(measure)):
                logs[one.operation] += [math.log(head / base) for head, base in values]
        return dict(logs)

    def missing(self, operations: Collection[str], pairs: int, stage: PairStage) -> dict[str, int]:
        """Return how many pairs each operation lacks to have ``pairs`` in a stage, made while nothing else ran."""
        wanted = {name: pairs - self._alone[stage, name] for name in operations}
        return {name: number for name, number in wanted.items() if number > 0}

    def outcome(self, stage: PairStage, scenario: str, operation: str) -> tuple[int, int, int]:
        """Return runs, failures on head and failures on base."""
        counts = self._trials.get((stage, scenario, operation), _Counts())
        return counts.runs, counts.head_failed, counts.base_failed

    def suspects(self) -> dict[str, str]:
        """Return the operations that failed more often on head, with the scenario that shows it best."""
        found: dict[str, str] = {}
        score: dict[str, tuple[int, float]] = {}
        for (stage, scenario, operation), counts in self._trials.items():
            more = counts.head_failed - counts.base_failed
            if stage is PairStage.SCREEN and more > 0:
                seconds = self.costs[scenario].seconds if scenario in self.costs else math.inf
                rank = (-more * 100 // counts.runs, seconds)
                if operation not in score or rank < score[operation]:
                    score[operation], found[operation] = rank, scenario
        return dict(sorted(found.items(), key=lambda item: score[item[0]]))

    def pairs(self) -> tuple[CallPairs, ...]:
        """Return the pairs."""
        return tuple(
            CallPairs(
                stage=stage,
                scenario=scenario,
                operation=operation,
                head=tuple(round(one.head.duration, _DIGITS) for one in pairs),
                base=tuple(round(one.base.duration, _DIGITS) for one in pairs),
                head_cpu=tuple(round(one.cpu[0], _DIGITS) for one in pairs if one.cpu),
                base_cpu=tuple(round(one.cpu[1], _DIGITS) for one in pairs if one.cpu),
            )
            for (stage, scenario, operation), pairs in self._pairs.items()
        )

    def trials(self) -> tuple[Trials, ...]:
        """Return the trials. Of operations that never failed, only the number of runs is known."""
        return tuple(
            Trials(
                stage=stage,
                scenario=scenario,
                operation=operation,
                runs=counts.runs,
                head_failed=counts.head_failed,
                base_failed=counts.base_failed,
                fingerprints=tuple(sorted(counts.fingerprints)),
            )
            for (stage, scenario, operation), counts in self._trials.items()
        )
