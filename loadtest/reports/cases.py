"""The run as test cases: one per operation, check and criterion, each with exactly one outcome."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from loadtest.judge.against_base import speed_text
from loadtest.judge.checks.base import BASE_CHECKS
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.coverage import CoverageState, OperationCoverage
from loadtest.judge.criteria.criterion import CriterionOutcome as Met
from loadtest.judge.criteria.criterion import CriterionResult
from loadtest.judge.failures import FailureStatus, JudgedFailure
from loadtest.judge.verdict import Result, Verdict
from loadtest.pairs.assess import Speed
from loadtest.reports.evidence import describe, times, title
from loadtest.reports.source_lines import SourceLine, SourceLines
from loadtest.results.measurements import Operation
from loadtest.results.run import Run

COVERAGE = "loadtest coverage"
"""Name of the suite of coverage checks."""
AGAINST_BASE = "against-base"
"""Name of the suite of the comparison with a base."""
_COVERAGE = {
    Check.REQUESTS,
    Check.SUCCESSES,
    Check.SWEEP,
    Check.REACHED,
    Check.PLANNED,
    Check.FLOOR,
    Check.COMPARED,
    Check.SCENARIOS,
}


class CaseOutcome(StrEnum):
    """The outcomes of a JUnit test case."""

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILURE = "failure"
    ERROR = "error"


class Case(msgspec.Struct, frozen=True, gc=False):
    """A test case. Every case that did not pass has a message."""

    suite: str
    name: str
    outcome: CaseOutcome
    message: str = ""
    """One line."""
    kind: str = ""
    """Type of a failure: its problem, check or metric."""
    body: str = ""
    """Text below the message."""
    seconds: float = 0.0
    """Share of the operation in the duration of the load, by response time; the shares add up to the duration."""
    place: SourceLine | None = None


def cases(run: Run, verdict: Verdict) -> Iterator[Case]:
    """Yield the cases of a run: operations by area, then coverage, criteria and resources."""
    yield from _operations(run, verdict)
    yield from _against_base(verdict)
    for case in _figures(verdict):
        if case.outcome is CaseOutcome.FAILURE and verdict.result in (
            Result.INCONCLUSIVE,
            Result.INTERRUPTED,
        ):
            yield replace(
                case, outcome=CaseOutcome.ERROR, message=f"no evidence, the run is incomplete: {case.message}"
            )
        else:
            yield case


def _against_base(verdict: Verdict) -> Iterator[Case]:
    """Yield a case for each operation that was compared with the base, and for the breaking changes."""
    if verdict.against is None:
        return
    for check in verdict.checks:
        if check.check in BASE_CHECKS:
            yield _check(AGAINST_BASE, check)
    for one in verdict.against.assessment.operations:
        text = speed_text(one)
        match one.speed:
            case Speed.SLOWER:
                yield Case(AGAINST_BASE, one.name, CaseOutcome.FAILURE, text, Check.SLOWER.value)
            case Speed.JUDGED | Speed.SCREENED | Speed.FASTER:
                yield Case(AGAINST_BASE, one.name, CaseOutcome.PASSED)
            case _:
                yield Case(AGAINST_BASE, one.name, CaseOutcome.SKIPPED, f"{one.speed.value}: {text}")


def _figures(verdict: Verdict) -> Iterator[Case]:
    for observation in verdict.checks:
        if observation.check in _COVERAGE:
            yield _check(COVERAGE, observation)
    for result in verdict.criteria:
        yield _criterion(result)
    for observation in verdict.checks:
        if observation.check not in _COVERAGE | BASE_CHECKS:
            yield _check("loadtest resources", observation)


def _operations(run: Run, verdict: Verdict) -> Iterator[Case]:
    places = SourceLines(run)
    shares = _shares(run)
    measured = {operation.name: operation for operation in run.operations}
    failures = dict(verdict.by_operation)
    for covered in verdict.coverage.operations:
        operation = measured.get(covered.name)
        if covered.state is CoverageState.EXCLUDED and operation is None and covered.name not in failures:
            continue
        judged_here = failures.pop(covered.name, ())
        scenario = judged_here[0].failure.scenario if judged_here else None
        caller = places.of(covered.name, scenario or (operation.scenario if operation else None))
        place = places.handler(covered.name) or caller
        seconds = shares.get(covered.name, 0.0)
        yield _operation(covered, operation, judged_here, verdict, place, seconds)
    for name, judged_here in failures.items():
        place = places.handler(name) or places.of(name, judged_here[0].failure.scenario)
        covered = OperationCoverage(name, run.area(name), CoverageState.FAILING)
        yield _operation(covered, None, judged_here, verdict, place)


def _shares(run: Run) -> dict[str, float]:
    """Return the seconds of the load that each operation accounts for, in proportion to its response times."""
    spent = {
        one.name: max(one.latency.mean, 0.0) * one.latency.count for one in run.operations if one.latency
    }
    total = sum(spent.values())
    return {name: run.duration * part / total for name, part in spent.items()} if total else {}


def _operation(
    covered: OperationCoverage,
    operation: Operation | None,
    judged: Sequence[JudgedFailure],
    verdict: Verdict,
    place: SourceLine | None,
    seconds: float = 0.0,
) -> Case:
    def case(outcome: CaseOutcome, message: str = "", kind: str = "", body: str = "") -> Case:
        return Case(covered.area, covered.name, outcome, message, kind, body, seconds, place)

    failing = [one for one in judged if one.fails]
    tainted = verdict.tainted
    if failing and tainted is not None:
        message = f"no evidence, {tainted.text}: {_summary(failing)}"
        return case(CaseOutcome.ERROR, message, tainted.check.value, describe(judged))
    if failing:
        return case(
            CaseOutcome.FAILURE, _summary(failing), failing[0].failure.problem.value, describe(judged)
        )
    unexplained = (operation.failures if operation else 0) - sum(one.failure.count for one in judged)
    if unexplained > 0:
        return case(
            CaseOutcome.ERROR, f"{unexplained} failures without a recorded cause", Check.ACCOUNTED.value
        )
    undecided = [one for one in judged if one.status is FailureStatus.INCONCLUSIVE]
    if undecided:
        return case(CaseOutcome.ERROR, _summary(undecided), Check.PAUSES.value, describe(judged))
    if judged:
        return case(CaseOutcome.SKIPPED, f"known: {judged[0].reason}", body=describe(judged))
    if covered.state is CoverageState.SUCCEEDED or (operation is not None and operation.successes):
        return case(CaseOutcome.PASSED)
    because = f" ({tainted.text})" if tainted is not None and not covered.requests else ""
    return case(CaseOutcome.SKIPPED, f"{covered.state.label}: {covered.reason}{because}")


def _summary(failing: list[JudgedFailure]) -> str:
    first = failing[0]
    more = f" (and {len(failing) - 1} more failures: all in run.json)" if len(failing) > 1 else ""
    known = f"{first.status.value}: {first.reason}: " if first.status is not FailureStatus.NEW else ""
    return f"{known}{title(first)} ({times(first.failure.count)}){more}"


def _check(suite: str, observation: CheckResult) -> Case:
    name = observation.check.value.replace("-", " ")
    outcome = {
        Severity.PASSED: CaseOutcome.PASSED,
        Severity.NOT_MEASURED: CaseOutcome.SKIPPED,
        Severity.WARNING: CaseOutcome.SKIPPED,
        Severity.FAILURE: CaseOutcome.FAILURE,
        Severity.INCONCLUSIVE: CaseOutcome.ERROR,
    }[observation.severity]
    prefix = {Severity.NOT_MEASURED: "not measured: ", Severity.WARNING: "warning: "}
    message = prefix.get(observation.severity, "") + observation.text
    body = "\n".join(filter(None, (observation.advice, *observation.items)))
    if outcome is CaseOutcome.PASSED:
        return Case(suite, name, outcome)
    return Case(suite, name, outcome, message, observation.check.value, body)


def _criterion(result: CriterionResult) -> Case:
    outcome = {
        Met.MET: CaseOutcome.PASSED,
        Met.MISSED: CaseOutcome.FAILURE,
        Met.INCONCLUSIVE: CaseOutcome.ERROR,
    }
    name, metric = _in_words(result.criterion.text), result.criterion.metric
    if result.outcome is Met.MET:
        return Case("loadtest criteria", name, CaseOutcome.PASSED)
    body = f"measured over {result.samples} requests"
    return Case("loadtest criteria", name, outcome[result.outcome], result.text, metric, body)


def _in_words(criterion: str) -> str:
    """Return ``p95 below 500ms``, because some JUnit viewers treat angle brackets in names as markup."""
    return re.sub(r"(?<= )(<=|>=|<|>)(?= )", lambda found: _COMPARISONS[found[0]], criterion)


_COMPARISONS = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}
