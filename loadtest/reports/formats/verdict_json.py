"""``verdict.json``: the verdict for machines; ``docs/verdict.md`` says what each key means, and they stay."""

from __future__ import annotations

import msgspec

from loadtest.core.record import Record
from loadtest.judge.coverage import State
from loadtest.judge.criteria import criterion as criteria
from loadtest.judge.failures import JudgedFailure, Standing
from loadtest.judge.growth.model import Growth, Recovery
from loadtest.judge.known import Entry
from loadtest.judge.verdict import Verdict
from loadtest.reports.text import one_line
from loadtest.results.run import Run

FILENAME = "verdict.json"

MOST = 1_000
"""Failures that fail the run, and others, that are listed; ``failing`` and ``excused`` tell how many there are, and
run.json has all of them."""


class Failure(Record, frozen=True, kw_only=True):
    """A failure and how it stands."""

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


class Stale(Record, frozen=True, kw_only=True):
    """An entry to delete."""

    operation: str
    where: str
    reason: str


class Burn(Record, frozen=True, kw_only=True):
    """How fast an error budget was spent at worst: 1 spends it evenly over the load."""

    window_seconds: float
    rate: float
    at: float


class Budget(Record, frozen=True, kw_only=True):
    """The error budget of an objective."""

    bad: int
    allowed: float
    burns: tuple[Burn, ...]


class Criterion(Record, frozen=True, kw_only=True):
    """A criterion and what came of it."""

    criterion: str
    outcome: str
    measured: float | None
    """Milliseconds, a share from 0 to 1, or a number."""
    samples: int
    text: str
    budget: Budget | None = None


class Finding(Record, frozen=True, kw_only=True):
    """A check that was not fine."""

    check: str
    severity: str
    text: str
    advice: str
    items: tuple[str, ...]


class Grown(Record, frozen=True, kw_only=True):
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


class Kept(Record, frozen=True, kw_only=True):
    """Something stored that became larger by design."""

    name: str
    rows: int | None
    bytes: int | None
    rows_per_thousand: float | None
    """For each 1,000 requests."""
    bytes_per_thousand: float | None
    week: int | None
    """Bytes in a week at this rate."""
    text: str


class Recovered(Record, frozen=True, kw_only=True):
    """How the gateway came back from the spike, in seconds after its end; null for never."""

    latency: float | None
    rate: float | None
    baseline_p95: float
    """Milliseconds."""
    baseline_rate: float
    """Requests a second."""
    memory_added: int | None
    memory_kept: int | None
    text: str


class Document(Record, frozen=True, kw_only=True):
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
    new_failures: tuple[Failure, ...]
    """Those that fail the run: expired ones, too, and with ``--fail-on any`` known ones."""
    known_failures: tuple[Failure, ...]
    stale: tuple[Stale, ...]
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
    latency_ms: dict[str, float]
    criteria: tuple[Criterion, ...]
    findings: tuple[Finding, ...]
    growth: tuple[Grown, ...]
    """Empty for a run that was too short to look."""
    stored: tuple[Kept, ...]
    recovery: Recovered | None


def render(run: Run, verdict: Verdict) -> str:
    """Return the verdict as JSON with a stable order of keys."""
    coverage = verdict.coverage
    counts = {standing.value: len(verdict.standing(standing)) for standing in Standing}
    latency = verdict.latency
    figures = {"mean": latency.mean, "max": latency.max} if latency else {}
    if latency:
        figures |= {f"p{q}": value for q, value in latency.percentiles.items()}
    document = Document(
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
        stale=tuple(_stale(entry) for entry in verdict.stale),
        counts={**counts, "stale": len(verdict.stale)},
        failing=len(verdict.failing),
        excused=len(verdict.excused),
        operations_succeeded=coverage.succeeded,
        operations_total=coverage.total if coverage.known else None,
        operations={state.value: coverage.count(state) for state in State},
        coverage_seconds={str(share): round(seconds, 3) for share, seconds in coverage.pace},
        latency_ms={name: round(value, 3) for name, value in figures.items()},
        criteria=tuple(
            Criterion(
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
            Finding(
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
            Kept(
                name=one_line(one.name),
                rows=one.rows,
                bytes=one.bytes,
                rows_per_thousand=one.rows_per_thousand,
                bytes_per_thousand=one.bytes_per_thousand,
                week=one.week,
                text=one_line(one.text),
            )
            for one in verdict.endurance.stored
        ),
        recovery=_recovered(verdict.endurance.recovery),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _failure(judged: JudgedFailure) -> Failure:
    failure, category = judged.failure, judged.category
    return Failure(
        fingerprint=one_line(failure.fingerprint, 40),
        operation=one_line(failure.operation),
        problem=failure.problem.value,
        status=failure.status,
        code=None if failure.code is None else one_line(failure.code, 80),
        message=one_line(failure.message),
        count=failure.count,
        standing=judged.standing.value,
        reason=one_line(judged.reason or judged.detail, 500),
        category=category.name if category else None,
        fault=category.fault.value if category else None,
        scenario=None if failure.scenario is None else one_line(failure.scenario),
    )


def _grown(growth: Growth) -> Grown:
    return Grown(
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


def _recovered(recovery: Recovery | None) -> Recovered | None:
    if recovery is None:
        return None
    return Recovered(
        latency=recovery.latency,
        rate=recovery.rate,
        baseline_p95=recovery.baseline_p95,
        baseline_rate=recovery.baseline_rate,
        memory_added=recovery.memory_added,
        memory_kept=recovery.memory_kept,
        text=one_line(recovery.text),
    )


def _stale(entry: Entry) -> Stale:
    return Stale(
        operation=one_line(entry.known.operation),
        where=one_line(entry.where),
        reason=one_line(entry.known.reason),
    )


def _budget(budget: criteria.Budget | None) -> Budget | None:
    if budget is None:
        return None
    return Budget(
        bad=budget.bad,
        allowed=round(budget.allowed, 3),
        burns=tuple(
            Burn(window_seconds=burn.window, rate=round(burn.rate, 3), at=burn.at) for burn in budget.burns
        ),
    )
