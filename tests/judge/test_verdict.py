import datetime as dt
import itertools
from pathlib import Path

import pytest
from msgspec.structs import replace
from sample_runs import (
    KNOWN,
    TODAY,
    VERSION,
    clean,
    failure,
    failures,
    gateway_died,
    known,
    operation,
    paused,
    run,
)

from loadtest.judge.categories import load_categories
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.coverage import CoverageState
from loadtest.judge.criteria.criterion import Criterion, CriterionOutcome, CriterionResult, parse
from loadtest.judge.failures import FailOn, FailureStatus, JudgedFailure
from loadtest.judge.known import entries
from loadtest.judge.verdict import Result, Verdict, decide, judge
from loadtest.results.failures import ProblemKind
from loadtest.results.run import Run, RunState
from loadtest.versions.data import KnownFailure

DOCUMENT = Path(__file__).parents[2] / "docs" / "verdict.md"


def verdict(
    here: Run,
    known_failures: tuple[KnownFailure, ...] = (),
    *,
    criteria: tuple[str, ...] = (),
    fail_on: FailOn = FailOn.NEW,
    today: dt.date = TODAY,
) -> Verdict:
    return judge(
        here,
        known=entries(known_failures, "known-failures.toml"),
        categories=load_categories(),
        criteria=[parse(text) for text in criteria],
        version_data=VERSION,
        today=today,
        fail_on=fail_on,
    )


def rows() -> list[list[str]]:
    """Return the rows of the truth table in the documentation."""
    lines = DOCUMENT.read_text().split("| interrupted |", 1)[1].splitlines()[2:]
    table = itertools.takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def result(outcome: CriterionOutcome) -> CriterionResult:
    return CriterionResult(Criterion("rps > 1", "rps", ">", 1.0, ""), outcome, 1.0, 1, "")


@pytest.mark.parametrize("conditions", list(itertools.product([False, True], repeat=6)))
def test_the_documented_table_is_the_rule(conditions: tuple[bool, ...]) -> None:
    interrupted, tainted, new, incomplete, missed, unsure = conditions
    observations = [CheckResult(Check.STALE, Severity.WARNING, "")]
    if tainted:
        observations.append(CheckResult(Check.GATEWAY_UP, Severity.INCONCLUSIVE, "", taints=True))
    if incomplete:
        observations.append(CheckResult(Check.SWEEP, Severity.INCONCLUSIVE, ""))
    criteria = [result(CriterionOutcome.MET)]
    criteria += [result(CriterionOutcome.MISSED)] * missed + [result(CriterionOutcome.INCONCLUSIVE)] * unsure
    judged = [JudgedFailure(failure("GET /a"), FailureStatus.KNOWN, fails=False)]
    judged += [JudgedFailure(failure("GET /a"), FailureStatus.NEW, fails=True)] * new
    state = RunState.INTERRUPTED if interrupted else RunState.COMPLETE
    expected = next(
        row
        for row in rows()
        if all(
            cell in ("any", "yes" if is_so else "no") for cell, is_so in zip(row, conditions, strict=False)
        )
    )
    assert decide(state, judged, observations, criteria).value == expected[6]


def test_below_the_floor_is_missed() -> None:
    floor = [CheckResult(Check.FLOOR, Severity.FAILURE, "")]
    assert decide(RunState.COMPLETE, [], floor, []) is Result.FAIL


def test_pass() -> None:
    good = verdict(clean(), criteria=("p95 < 1s",))
    assert (good.result, good.exit_code) == (Result.PASS, 0)
    assert good.headline == "PASS · 6/6 operations called, 6 correct · nothing new · p95 44 ms"
    assert good.findings == ()


def test_fail() -> None:
    bad = verdict(failures(), KNOWN)
    assert (bad.result, bad.exit_code) == (Result.FAIL, 1)
    assert bad.headline.startswith(
        "FAIL · 1 new failure · 1 expired known failure · 3 known failures · 1 stale known failure · 1 warning · "
        "6/6 operations called"
    )
    assert [(j.status.value, j.failure.status, j.failure.count) for j in bad.failures] == [
        ("new", 500, 5),
        ("expired", 409, 2),
        ("known", 503, 2),
        ("category", 500, 4),
        ("category", 200, 3),
    ]
    assert [entry.known.operation for entry in bad.stale] == ["GET /tools/{tool_id}"]


def test_with_entries_for_everything_it_passes_and_expired_it_fails_again() -> None:
    here = failures()
    listed = tuple(known(f.operation, problem=f.problem, status=f.status, code=f.code) for f in here.failures)
    assert verdict(here, listed).exit_code == 0
    assert verdict(here, listed, today=dt.date(2026, 12, 31)).exit_code == 0
    assert verdict(here, listed, today=dt.date(2027, 1, 1)).exit_code == 1


def test_any_unexpired_entry_excuses() -> None:
    here = replace(clean(), failures=(failure("GET /tools"),))
    listed = (known("GET /tools", expires=dt.date(2020, 1, 1)), known("GET /tools"))
    assert verdict(here, listed).with_status(FailureStatus.KNOWN)


def test_an_expired_entry_comes_before_a_category() -> None:
    listed = (known("DELETE /roots/{uri}", expires=dt.date(2020, 1, 1)),)
    judged = next(
        j for j in verdict(failures(), listed).failures if j.failure.operation == "DELETE /roots/{uri}"
    )
    assert judged.status is FailureStatus.EXPIRED
    assert judged.fails


def test_the_versions_own_entries_count() -> None:
    here = replace(clean(), failures=(failure("GET /tools"),))
    data = replace(VERSION, known=(known("GET /tools"),))
    judged = judge(here, categories=load_categories(), version_data=data, today=TODAY)
    assert judged.exit_code == 0
    assert judged.failures[0].entry is not None
    assert judged.failures[0].entry.where.startswith(f"gateway version {VERSION.version}: [[known]] number 1")


def test_fail_on() -> None:
    only_known = replace(clean(), failures=(failure("GET /tools"),))
    excuse = (known("GET /tools"),)
    assert verdict(only_known, excuse, fail_on=FailOn.NEW).exit_code == 0
    assert verdict(only_known, excuse, fail_on=FailOn.ANY).exit_code == 1
    never = verdict(failures(), fail_on=FailOn.NEVER)
    assert (never.result, never.exit_code) == (Result.FAIL, 0)
    assert verdict(gateway_died(), fail_on=FailOn.NEVER).exit_code == 0
    stopped = replace(clean(), state=RunState.INTERRUPTED, signal=2)
    assert verdict(stopped, fail_on=FailOn.NEVER).exit_code == 130


def test_a_dead_gateway_is_the_headline_and_its_failures_are_no_evidence() -> None:
    dead = verdict(gateway_died(), criteria=("p95 < 1ms",))
    assert (dead.result, dead.exit_code) == (Result.INCONCLUSIVE, 3)
    assert dead.headline.startswith(
        "INCONCLUSIVE · gateway died at 00:41 (signal 9) · 1 failure not judged · 2/6"
    )


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (None, 130)])
def test_interrupted(number: int | None, code: int) -> None:
    here = replace(failures(), state=RunState.INTERRUPTED, signal=number)
    assert (verdict(here).result, verdict(here).exit_code) == (Result.INTERRUPTED, code)


def test_a_missed_criterion_is_in_the_headline() -> None:
    slow = verdict(clean(), criteria=("p95 < 1ms", "rps > 1"))
    assert slow.exit_code == 1
    assert "· p95 is 44.03 ms, expected < 1 ms ·" in slow.headline


def test_too_few_samples_are_inconclusive() -> None:
    unsure = verdict(clean(), criteria=("GET /version: p99 < 1s",))
    assert unsure.exit_code == 3
    assert "5 requests, at least 100 needed" in unsure.headline


def test_new_failures_of_an_aborted_run_are_evidence() -> None:
    here = replace(failures(), state=RunState.ABORTED, reason="Locust crashed")
    assert verdict(here).result is Result.FAIL
    assert verdict(replace(clean(), state=RunState.ABORTED)).result is Result.INCONCLUSIVE


def test_a_failure_on_an_operation_that_is_not_listed_still_fails() -> None:
    assert verdict(replace(clean(), failures=(failure("TASK x"),))).result is Result.FAIL


def test_a_run_without_gateway_or_plan_can_be_judged() -> None:
    here = run(
        gateway=None,
        backends=(),
        entities=(),
        sweep=None,
        generator=None,
        operations=(operation("GET /a", 1),),
    )
    assert judge(here, categories=load_categories(), today=TODAY).exit_code == 0


STALLED = {"problem": ProblemKind.STREAM_STALLED, "status": None}
EXPIRED = known("GET /tools", problem=ProblemKind.STREAM_STALLED, expires=dt.date(2026, 1, 1))
VALID = replace(EXPIRED, expires=dt.date(2026, 12, 31))


@pytest.mark.parametrize("fail_on", FailOn)
@pytest.mark.parametrize(
    ("count", "in_a_pause", "listed", "status"),
    [
        (2, 0, (), FailureStatus.NEW),
        (2, 1, (), FailureStatus.NEW),
        (2, 2, (), FailureStatus.INCONCLUSIVE),
        (2, 2, (EXPIRED,), FailureStatus.INCONCLUSIVE),
        (2, 1, (EXPIRED,), FailureStatus.EXPIRED),
        (2, 2, (VALID,), FailureStatus.KNOWN),
    ],
)
def test_a_failure_that_a_pause_may_explain_is_inconclusive(
    count: int, in_a_pause: int, listed: tuple[KnownFailure, ...], status: FailureStatus, fail_on: FailOn
) -> None:
    stalled = failure("GET /tools", "no event", count=count, paused=in_a_pause, **STALLED)
    judged = verdict(replace(paused(), failures=(stalled,)), listed, fail_on=fail_on)
    (found,) = judged.failures
    assert found.status is status
    if status is FailureStatus.INCONCLUSIVE:
        assert (judged.result, judged.undecided, judged.failing, judged.excused) == (
            Result.INCONCLUSIVE,
            (found,),
            (),
            (),
        )
        assert "GET /tools" in judged.headline
    else:
        assert judged.undecided == ()


def test_a_pause_does_not_hide_another_failure() -> None:
    here = paused()
    hung = failure("POST /tools", "no answer: timed out", problem=ProblemKind.TIMEOUT, status=None)
    failed = operation("POST /tools", 3, 1)
    others = tuple(one for one in here.operations if one.name != failed.name)
    judged = verdict(replace(here, operations=(failed, *others), failures=(*here.failures, hung)))
    assert judged.result is Result.FAIL
    assert [one.failure for one in judged.failing] == [hung]
    assert len(judged.undecided) == 1


def test_an_operation_that_only_failed_in_a_pause_neither_succeeded_nor_is_excused() -> None:
    here = paused()
    failed = operation("GET /tools", 0, 2, scenario="ToolsUser.lifecycle")
    others = tuple(one for one in here.operations if one.name != failed.name)
    judged = verdict(replace(here, operations=(failed, *others)))
    (covered,) = [one for one in judged.coverage.operations if one.name == "GET /tools"]
    assert covered.state is CoverageState.FAILING
    assert judged.result is Result.INCONCLUSIVE


@pytest.mark.parametrize(
    ("criterion", "outcome"),
    [
        ("p95 < 1ms", CriterionOutcome.INCONCLUSIVE),
        ("p95 < 500ms", CriterionOutcome.MET),
        ("requests > 1000000", CriterionOutcome.MISSED),
    ],
)
def test_a_latency_criterion_is_not_missed_because_of_pauses(
    criterion: str, outcome: CriterionOutcome
) -> None:
    (judged,) = verdict(paused(), criteria=(criterion,)).criteria
    assert judged.outcome is outcome
    if outcome is CriterionOutcome.INCONCLUSIVE:
        (unpaused,) = verdict(clean(), criteria=(criterion,)).criteria
        assert unpaused.outcome is CriterionOutcome.MISSED
