"""``verdict.json``: the verdict for machines; its keys are stable and documented in ``docs/verdict.md``."""

from __future__ import annotations

import math

import msgspec
from msgspec.structs import replace

from loadtest.core.record import Record
from loadtest.judge.against_base import AgainstBase
from loadtest.judge.coverage import CoverageState
from loadtest.judge.criteria import criterion as criteria
from loadtest.judge.failures import ONLY_WITH_BASE, FailureStatus, JudgedFailure
from loadtest.judge.growth.model import Growth, Recovery, StorageGrowth
from loadtest.judge.known import KnownFailureEntry
from loadtest.judge.verdict import Verdict
from loadtest.pairs.assess import Speed
from loadtest.reports.text import one_line
from loadtest.results.run import Run

FILENAME = "verdict.json"

MOST = 1_000
"""Failures that fail the run, and others, that are listed; ``failing`` and ``excused`` tell how many there are, and
run.json has all of them."""


class FailureJson(Record, frozen=True, kw_only=True):
    """A failure and its status."""

    fingerprint: str
    operation: str
    problem: str
    status: int | None
    code: str | None
    message: str
    count: int
    standing: str
    reason: str
    """Why it is excused, or no longer is."""
    category: str | None
    fault: str | None
    scenario: str | None


class StaleJson(Record, frozen=True, kw_only=True):
    """An entry to delete."""

    operation: str
    where: str
    reason: str


class BurnJson(Record, frozen=True, kw_only=True):
    """How fast an error budget was spent at worst: 1 spends it evenly over the load."""

    window_seconds: float
    rate: float
    at: float


class BudgetJson(Record, frozen=True, kw_only=True):
    """The error budget of an objective."""

    bad: int
    allowed: float
    burns: tuple[BurnJson, ...]


class CriterionJson(Record, frozen=True, kw_only=True):
    """A criterion and what came of it."""

    criterion: str
    outcome: str
    measured: float | None
    """Milliseconds, a share from 0 to 1, or a number."""
    samples: int
    text: str
    budget: BudgetJson | None = None


class FindingJson(Record, frozen=True, kw_only=True):
    """A check that did not pass."""

    check: str
    severity: str
    text: str
    advice: str
    items: tuple[str, ...]


class GrowthJson(Record, frozen=True, kw_only=True):
    """A series of a long run and whether it grows; figures are per hour, in the unit of the metric."""

    metric: str
    of: str
    unit: str
    trend: str
    slope: float | None
    interval: tuple[float, float] | None
    """With 95 % confidence."""
    minimum: float | None
    """From which on growth matters."""
    level: float | None
    limit: float | None
    hours_left: float | None
    text: str


class SpeedJson(Record, frozen=True, kw_only=True):
    """An operation whose pairs were compared."""

    operation: str
    result: str
    measure: str
    ratio: float
    interval: tuple[float, float]
    """With 95 % confidence."""
    pairs: int


class AgainstBaseJson(Record, frozen=True, kw_only=True):
    """The comparison with a base."""

    name: str
    slower: tuple[SpeedJson, ...]
    unconfirmed: tuple[SpeedJson, ...]
    faster: tuple[SpeedJson, ...]
    judged: tuple[SpeedJson, ...]
    not_judged: tuple[str, ...]
    overall_slower: bool
    overall_measure: str
    overall_ratio: float | None
    detectable: dict[str, float]
    """Smallest ratio of a judged operation that is found, by measure."""
    breaking: tuple[str, ...]
    new_operations: tuple[str, ...]
    """Without a scenario."""
    fixed: tuple[str, ...]
    """Operations that failed on the base only."""


class VerdictJson(Record, frozen=True, kw_only=True):
    """The whole file."""

    format: str = "contextforge-loadtest/verdict/1"
    verdict: str
    exit_code: int
    headline: str
    fail_on: str
    changed_settings: dict[str, str]
    """Settings of the booted gateway that ``--set`` changed; secret values are masked."""
    notes: tuple[str, ...]
    """How the gateway was chosen, installed and driven, where that is not as usual."""
    requests: int
    failed_requests: int
    new_failures: tuple[FailureJson, ...]
    """Those that fail the run: expired ones, too, and with ``--fail-on any`` known ones."""
    known_failures: tuple[FailureJson, ...]
    inconclusive_failures: tuple[FailureJson, ...]
    """Those that may be due to a pause of the load generator."""
    stale: tuple[StaleJson, ...]
    counts: dict[str, int]
    """How many failures are new, expired, known, and known by category, and how many entries are stale."""
    failing: int
    """How many failures fail the run, listed or not."""
    excused: int
    """How many do not."""
    operations_succeeded: int
    operations_total: int | None
    """None if the contract is not known."""
    operations: dict[str, int]
    """How many operations are in which state of coverage."""
    coverage_seconds: dict[str, float]
    """When each share (percent) of the operations that succeeded had done so first; empty if not known."""
    elements: dict[str, tuple[int, int]]
    """Documented parameters, values and body properties: checked and all; empty if the run does not record it."""
    latency_ms: dict[str, float]
    criteria: tuple[CriterionJson, ...]
    findings: tuple[FindingJson, ...]
    growth: tuple[GrowthJson, ...]
    """Empty for a run that was too short to look."""
    stored: tuple[StorageGrowth, ...]
    recovery: Recovery | None
    against_base: AgainstBaseJson | msgspec.UnsetType = msgspec.UNSET
    """Absent without a base."""


def render(run: Run, verdict: Verdict) -> str:
    """Return the verdict as JSON with a stable order of keys."""
    coverage = verdict.coverage
    counts = {
        status.value: len(verdict.with_status(status))
        for status in FailureStatus
        if verdict.against is not None or status not in ONLY_WITH_BASE
    }
    latency = verdict.latency
    figures = {"mean": latency.mean, "max": latency.max} if latency else {}
    if latency:
        shares = ((q, latency.reported(float(q))) for q in latency.percentiles)
        figures |= {f"p{q}": value for q, value in shares if value is not None}
    document = VerdictJson(
        verdict=verdict.result.value,
        exit_code=int(verdict.exit_code),
        headline=one_line(verdict.headline, 1000),
        fail_on=verdict.fail_on.value,
        changed_settings={
            one_line(name): one_line(value)
            for name, value in (run.gateway.changed if run.gateway else {}).items()
        },
        notes=tuple(one_line(note, 1000) for note in (run.gateway.notes if run.gateway else ())),
        requests=run.requests,
        failed_requests=sum(operation.failures for operation in run.operations),
        new_failures=tuple(_failure(j) for j in verdict.failing[:MOST]),
        known_failures=tuple(_failure(j) for j in verdict.excused[:MOST]),
        inconclusive_failures=tuple(_failure(j) for j in verdict.undecided[:MOST]),
        stale=tuple(_stale(entry) for entry in verdict.stale),
        counts={**counts, "stale": len(verdict.stale)},
        failing=len(verdict.failing),
        excused=len(verdict.excused),
        operations_succeeded=coverage.succeeded,
        operations_total=coverage.total if coverage.known else None,
        operations={state.value: coverage.count(state) for state in CoverageState},
        coverage_seconds={str(share): round(seconds, 3) for share, seconds in coverage.pace},
        elements={kind.value: counts for kind, counts in coverage.elements.counts().items()}
        if coverage.elements.measured
        else {},
        latency_ms={name: round(value, 3) for name, value in figures.items()},
        criteria=tuple(
            CriterionJson(
                criterion=one_line(result.criterion.text),
                outcome=result.outcome.value,
                measured=result.measured,
                samples=result.samples,
                text=one_line(result.text),
                budget=_budget(result.budget),
            )
            for result in verdict.criteria
        ),
        findings=tuple(
            FindingJson(
                check=finding.check.value,
                severity=finding.severity.value,
                text=one_line(finding.text),
                advice=finding.advice,
                items=tuple(one_line(item) for item in finding.items),
            )
            for finding in verdict.findings
        ),
        growth=tuple(_grown(one) for one in verdict.growth),
        stored=tuple(
            replace(one, name=one_line(one.name), text=one_line(one.text)) for one in verdict.endurance.stored
        ),
        recovery=verdict.endurance.recovery,
        against_base=msgspec.UNSET if verdict.against is None else _against(verdict.against),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _against(against: AgainstBase) -> AgainstBaseJson:
    found = against.assessment

    def speeds(speed: Speed) -> tuple[SpeedJson, ...]:
        return tuple(
            SpeedJson(
                operation=one_line(one.name),
                result=one.speed.value,
                measure=one.measure.value,
                ratio=round(one.ratio.value, 4),
                interval=(round(one.ratio.low, 4), round(one.ratio.high, 4)),
                pairs=one.ratio.pairs,
            )
            for one in found.with_speed(speed)
            if one.ratio is not None
        )

    return AgainstBaseJson(
        name=one_line(against.name),
        slower=speeds(Speed.SLOWER),
        unconfirmed=speeds(Speed.UNCONFIRMED),
        faster=speeds(Speed.FASTER),
        judged=speeds(Speed.JUDGED),
        not_judged=tuple(one_line(one.name) for one in found.with_speed(Speed.TOO_FEW)),
        overall_slower=found.overall_slower,
        overall_measure=found.overall_measure.value,
        overall_ratio=round(math.exp(found.overall.mean), 4) if found.overall else None,
        detectable={measure.value: round(ratio, 4) for measure, ratio in found.detectable.items()},
        breaking=tuple(one_line(f"{one.operation}: {one.what}") for one in against.changes),
        new_operations=tuple(one_line(name) for name in against.base.added),
        fixed=tuple(one_line(one.operation) for one in against.fixed),
    )


def _failure(judged: JudgedFailure) -> FailureJson:
    failure, category = judged.failure, judged.category
    return FailureJson(
        fingerprint=one_line(failure.fingerprint, 40),
        operation=one_line(failure.operation),
        problem=failure.problem.value,
        status=failure.status,
        code=None if failure.code is None else one_line(failure.code, 80),
        message=one_line(failure.message),
        count=failure.count,
        standing=judged.status.value,
        reason=one_line(judged.reason or judged.detail, 500),
        category=category.name if category else None,
        fault=category.fault.value if category else None,
        scenario=None if failure.scenario is None else one_line(failure.scenario),
    )


def _grown(growth: Growth) -> GrowthJson:
    return GrowthJson(
        metric=growth.metric,
        of=one_line(growth.of),
        unit=growth.unit,
        trend=growth.trend.value,
        slope=growth.slope,
        interval=growth.interval,
        minimum=growth.minimum,
        level=growth.level,
        limit=growth.limit,
        hours_left=growth.hours_left,
        text=one_line(growth.text),
    )


def _stale(entry: KnownFailureEntry) -> StaleJson:
    return StaleJson(
        operation=one_line(entry.known.operation),
        where=one_line(entry.where),
        reason=one_line(entry.known.reason),
    )


def _budget(budget: criteria.Budget | None) -> BudgetJson | None:
    if budget is None:
        return None
    return BudgetJson(
        bad=budget.bad,
        allowed=round(budget.allowed, 3),
        burns=tuple(
            BurnJson(window_seconds=burn.window, rate=round(burn.rate, 3), at=burn.at)
            for burn in budget.burns
        ),
    )
