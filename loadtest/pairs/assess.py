"""What the pairs of a run prove: slower operations, new failures, and a gateway that is slower as a whole."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from loadtest.pairs.allocation import CONFIRMED, LEAST_JUDGED, LOOKS, SCREENED
from loadtest.pairs.statistics import (
    ALPHA,
    Overall,
    Ratio,
    detectable,
    fails_more_p,
    holm,
    overall,
    ratio_of,
    scatter,
    slower_p,
)
from loadtest.results.failures import Failure, ProblemKind
from loadtest.results.pairs import BaseRun, Measure, PairStage

NOTABLE = 1.10
"""Median ratio from which an operation can be slower."""
NOISY = 0.5
"""Standard deviation of log ratios from which the pairs scatter too much to find much."""
FEWEST_OPERATIONS = 20
"""Operations without which nothing is concluded about the gateway as a whole."""


class Speed(StrEnum):
    """Whether an operation is slower on head, the worst first."""

    SLOWER = "slower"
    UNCONFIRMED = "unconfirmed"
    """Slower until the second boot, and not after it."""
    FASTER = "faster"
    JUDGED = "not slower"
    SCREENED = "screened"
    """Not among the most suspicious operations, which are judged."""
    TOO_FEW = "not judged"
    """Too few pairs."""


class BaseEvidence(StrEnum):
    """What the base shows about a failure on head, the worst first."""

    NEW = "new"
    """Head fails, and base does not, also after a second boot."""
    NO_TRIALS = "not compared"
    """The call is not made in pairs, and base did not fail in the same way."""
    UNCONFIRMED = "unconfirmed"
    """It failed on head, but repetitions do not show that base does better."""
    ALSO_ON_BASE = "also on base"


@dataclass(frozen=True)
class OperationSpeed:
    """One operation, and what its pairs show."""

    name: str
    speed: Speed
    ratio: Ratio | None
    """Of the pairs that decided; None without pairs."""
    measure: Measure = Measure.LATENCY
    """What the ratio is of."""
    logs: tuple[float, ...] = ()
    """Logarithm of the ratio of each of these pairs."""
    base_ms: float | None = None
    """Median on base."""
    head_ms: float | None = None


@dataclass(frozen=True)
class Assessment:
    """What the pairs of a run prove."""

    operations: tuple[OperationSpeed, ...]
    """Slower ones first."""
    new: frozenset[str]
    """Operations that fail more often on head."""
    unconfirmed: frozenset[str]
    """Operations that failed more often on head until the second boot, or for which there was none."""
    overall: Overall | None
    """None if too few operations were screened."""
    overall_measure: Measure
    """What it is of."""
    overall_slower: bool
    overall_unconfirmed: bool
    sigma: Mapping[Measure, float]
    """Standard deviation of a log ratio, where there are pairs."""
    detectable: Mapping[Measure, float]
    """Smallest slowdown of one operation that this run would have found, as a ratio."""

    @property
    def slower(self) -> tuple[OperationSpeed, ...]:
        """The slower operations."""
        return self.with_speed(Speed.SLOWER)

    @property
    def noisy(self) -> bool:
        """Whether the pairs scatter too much."""
        return bool(self.sigma) and min(self.sigma.values()) > NOISY

    def with_speed(self, speed: Speed) -> tuple[OperationSpeed, ...]:
        """Return the operations with this result."""
        return tuple(one for one in self.operations if one.speed is speed)


@dataclass(frozen=True)
class Alarms:
    """What has to be confirmed after a second boot."""

    slower: frozenset[tuple[str, Measure]]
    """Operations, and what of them is larger."""
    failing: frozenset[str]
    overall: frozenset[Measure]
    """What is larger of the gateway as a whole."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The slower operations."""
        return tuple(sorted({name for name, _ in self.slower}))

    def __bool__(self) -> bool:
        return bool(self.slower or self.failing or self.overall)


def alarms(base: BaseRun) -> Alarms:
    """Return what the pairs before the second boot suggest.

    Raises:
        UsageError: SciPy is not installed.
    """
    return Alarms(
        slower=_slower(_measured(base, PairStage.JUDGE), LEAST_JUDGED),
        failing=_failing(base, PairStage.REPLAY, _suspects(base)),
        overall=frozenset(
            measure for measure, one in _overall(base, PairStage.SCREEN, SCREENED).items() if one.slower
        ),
    )


def assess(base: BaseRun, operations: Iterable[str] = ()) -> Assessment:
    """Return what the pairs of ``base`` prove about its pairs' operations and these ``operations``.

    Raises:
        UsageError: SciPy is not installed.
    """
    raised = alarms(base)
    screened, judged = _logs(base, PairStage.SCREEN), _logs(base, PairStage.JUDGE)
    confirming = _measured(base, PairStage.CONFIRM)
    confirmed = _slower({key: confirming.get(key, ()) for key in raised.slower}, CONFIRMED // 2)
    changed = _Changed(raised.slower, confirmed, _faster(_measured(base, PairStage.JUDGE), LEAST_JUDGED))
    found = [
        _speed(base, name, changed, len(screened.get(name, ())), len(judged.get(name, ())))
        for name in {*operations, *screened, *judged}
    ]
    order = list(Speed)
    found.sort(key=lambda one: (order.index(one.speed), -_size(one), one.name))
    new = _failing(base, PairStage.CONFIRM, raised.failing) if raised.failing else frozenset[str]()
    whole = _overall(base, PairStage.SCREEN, SCREENED)
    again = _overall(base, PairStage.CONFIRM, 1) if raised.overall else {}
    proven = [one for one in Measure if one in raised.overall and one in again and again[one].slower]
    faster = [one for one in Measure if one in whole and whole[one].faster]
    of = proven[0] if proven else next((one for one in (*sorted(raised.overall), *faster)), Measure.LATENCY)
    sigma, smallest = _precision(base)
    return Assessment(
        operations=tuple(found),
        new=new,
        unconfirmed=raised.failing - new,
        overall=again[of] if proven else whole.get(of),
        overall_measure=of,
        overall_slower=bool(proven),
        overall_unconfirmed=bool(raised.overall) and not proven,
        sigma=sigma,
        detectable=smallest,
    )


def evidence_of(failure: Failure, base: BaseRun, assessment: Assessment) -> BaseEvidence:
    """Return what the base shows about a failure on head."""
    rows = [row for row in base.trials if row.operation == failure.operation]
    seen = any(failure.fingerprint in row.fingerprints for row in rows)
    if seen and failure.operation in assessment.new:
        return BaseEvidence.NEW
    if any(_alike(failure, one) for one in base.failures):
        return BaseEvidence.ALSO_ON_BASE
    followed = sum(failure.after.values()) >= failure.count
    return BaseEvidence.UNCONFIRMED if seen or followed else BaseEvidence.NO_TRIALS


def _alike(one: Failure, other: Failure) -> bool:
    if one.problem in (ProblemKind.UNAUTHORIZED, ProblemKind.REFUSAL):
        # Another caller that is let in is another failure, with the same status.
        return one.fingerprint == other.fingerprint
    same = (one.operation, one.problem, one.status, one.code)
    return same == (other.operation, other.problem, other.status, other.code)


def fixed(base: BaseRun) -> tuple[Failure, ...]:
    """Return the failures of operations that always failed on base, and never on head."""
    tried: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for row in base.trials:
        tried[row.operation].append((row.runs, row.head_failed, row.base_failed))
    repaired = {
        operation
        for operation, rows in tried.items()
        if all(base_failed == runs and not failed for runs, failed, base_failed in rows)
    }
    return tuple(one for one in base.failures if one.operation in repaired)


def _precision(base: BaseRun) -> tuple[dict[Measure, float], dict[Measure, float]]:
    """Return the scatter of pairs, and the smallest slowdown of a judged operation that is found, by measure."""
    sigma, smallest = {}, {}
    for measure in Measure:
        found = scatter(_logs(base, PairStage.SCREEN, measure))
        if found is None:
            continue
        sigma[measure] = found
        sizes = [
            len(one) for one in _logs(base, PairStage.JUDGE, measure).values() if len(one) >= LEAST_JUDGED
        ]
        if sizes:
            tests = len(sizes) * len(Measure)
            smallest[measure] = max(detectable(found, int(statistics.median(sizes)), tests), NOTABLE)
    return sigma, smallest


@dataclass(frozen=True)
class _Changed:
    """Operations whose speed has changed, and what of them has."""

    raised: frozenset[tuple[str, Measure]]
    """Slower before the second boot."""
    confirmed: frozenset[tuple[str, Measure]]
    """Slower after it as well."""
    faster: frozenset[tuple[str, Measure]]


def _size(one: OperationSpeed) -> float:
    """Return the ratio by which an operation is slower, or faster if that is its result; 0 without pairs."""
    if one.ratio is None:
        return 0.0
    return 1 / one.ratio.value if one.speed is Speed.FASTER else one.ratio.value


def _speed(base: BaseRun, name: str, changed: _Changed, screened: int, judged: int) -> OperationSpeed:
    measure = Measure.LATENCY
    if found := _measures(name, changed.confirmed):
        speed, stages, measure = Speed.SLOWER, {PairStage.CONFIRM}, found[0]
    elif found := _measures(name, changed.raised):
        speed, stages, measure = Speed.UNCONFIRMED, {PairStage.CONFIRM, PairStage.JUDGE}, found[0]
    elif found := _measures(name, changed.faster):
        speed, stages, measure = Speed.FASTER, {PairStage.JUDGE}, found[0]
    elif judged >= LEAST_JUDGED:
        speed, stages = Speed.JUDGED, {PairStage.JUDGE}
    elif screened >= SCREENED:
        speed, stages = Speed.SCREENED, {PairStage.SCREEN}
    else:
        speed, stages = Speed.TOO_FEW, {PairStage.SCREEN}
    pairs = [
        pair
        for one in base.pairs
        if one.operation == name and one.stage in stages
        for pair in one.values(measure)
    ]
    logs = tuple(math.log(head / before) for head, before in pairs)
    return OperationSpeed(
        name=name,
        speed=speed,
        ratio=ratio_of(logs) if logs else None,
        measure=measure,
        logs=logs,
        head_ms=statistics.median(head for head, _ in pairs) if pairs else None,
        base_ms=statistics.median(before for _, before in pairs) if pairs else None,
    )


def _measures(name: str, changed: frozenset[tuple[str, Measure]]) -> tuple[Measure, ...]:
    return tuple(one for one in Measure if (name, one) in changed)


def _logs(base: BaseRun, stage: PairStage, measure: Measure = Measure.LATENCY) -> dict[str, list[float]]:
    """Return the log ratios of a stage by operation."""
    logs: defaultdict[str, list[float]] = defaultdict(list)
    for one in base.pairs:
        if one.stage is stage and (values := one.values(measure)):
            logs[one.operation] += [math.log(head / before) for head, before in values]
    return dict(logs)


def _measured(base: BaseRun, stage: PairStage) -> dict[tuple[str, Measure], list[float]]:
    """Return the log ratios of a stage by operation and measure."""
    return {
        (name, measure): logs for measure in Measure for name, logs in _logs(base, stage, measure).items()
    }


def _slower(
    logs: Mapping[tuple[str, Measure], Sequence[float]], fewest: int
) -> frozenset[tuple[str, Measure]]:
    """Return the operations that are significantly and notably slower, of those with enough pairs."""
    tested = {key: slower_p(values) for key, values in logs.items() if len(values) >= fewest}
    return frozenset(key for key in holm(tested) if statistics.median(logs[key]) >= math.log(NOTABLE))


def _faster(
    logs: Mapping[tuple[str, Measure], Sequence[float]], fewest: int
) -> frozenset[tuple[str, Measure]]:
    """Return the operations that are significantly and notably faster, of those with enough pairs."""
    return _slower({key: [-one for one in values] for key, values in logs.items()}, fewest)


def _overall(base: BaseRun, stage: PairStage, fewest: int) -> dict[Measure, Overall]:
    """Return the ratio of the gateway as a whole by measure, where there are enough operations."""
    found = {}
    for measure in Measure:
        logs = _logs(base, stage, measure).values()
        medians = [statistics.median(one) for one in logs if len(one) >= fewest]
        whole = overall(medians) if len(medians) >= FEWEST_OPERATIONS else None
        if whole is not None:
            found[measure] = whole
    return found


def _suspects(base: BaseRun) -> frozenset[str]:
    """Return the operations that failed more often on head before any repetition."""
    counts = _counts(base, PairStage.SCREEN)
    return frozenset(name for name, (_, failed, base_failed) in counts.items() if failed > base_failed)


def _failing(base: BaseRun, stage: PairStage, suspects: frozenset[str]) -> frozenset[str]:
    """Return the ``suspects`` that fail significantly more often on head in a ``stage``."""
    counts = _counts(base, stage)
    # Without repetitions a suspect still counts as a test.
    tested = {
        name: fails_more_p(failed, base_failed, runs)
        for name in suspects
        for runs, failed, base_failed in (counts.get(name, (0, 0, 0)),)
    }
    return holm(tested, ALPHA / len(LOOKS))


def _counts(base: BaseRun, stage: PairStage) -> dict[str, tuple[int, int, int]]:
    """Return runs, failures on head and failures on base by operation."""
    counts: defaultdict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for row in base.trials:
        if row.stage is stage:
            runs, failed, base_failed = counts[row.operation]
            counts[row.operation] = (
                runs + row.runs,
                failed + row.head_failed,
                base_failed + row.base_failed,
            )
    return dict(counts)
