"""``verdict.json``: the verdict for machines; ``docs/verdict.md`` says what each key means, and they stay."""

from __future__ import annotations

import msgspec

from loadtest.judge import criteria
from loadtest.judge.coverage import State
from loadtest.judge.known import Entry
from loadtest.judge.verdict import JudgedFailure, Standing, Verdict
from loadtest.record import Record
from loadtest.reports.text import one_line
from loadtest.run import Run

FILENAME = "verdict.json"

MOST = 1_000
"""New failures, and known ones, that are listed; ``counts`` tells how many there are."""


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


class Document(Record, frozen=True, kw_only=True):
    """The whole file."""

    format: str = "contextforge-loadtest/verdict/1"
    verdict: str
    exit_code: int
    headline: str
    fail_on: str
    requests: int
    failed_requests: int
    new_failures: tuple[Failure, ...]
    """Expired ones included."""
    known_failures: tuple[Failure, ...]
    stale: tuple[Stale, ...]
    counts: dict[str, int]
    """How many failures are new, expired, known, and known by category, and how many entries are stale."""
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
        requests=run.requests,
        failed_requests=sum(operation.failures for operation in run.operations),
        new_failures=tuple(_failure(j) for j in verdict.standing(Standing.NEW, Standing.EXPIRED)[:MOST]),
        known_failures=tuple(_failure(j) for j in verdict.standing(Standing.KNOWN, Standing.CATEGORY)[:MOST]),
        stale=tuple(_stale(entry) for entry in verdict.stale),
        counts={**counts, "stale": len(verdict.stale)},
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
        reason=one_line(judged.reason, 500),
        category=category.name if category else None,
        fault=category.fault.value if category else None,
        scenario=None if failure.scenario is None else one_line(failure.scenario),
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
