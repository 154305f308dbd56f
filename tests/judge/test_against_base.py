"""The verdict of a run that was compared with a base."""

import math
import random
from collections.abc import Iterable

import pytest
from msgspec.structs import replace
from sample_runs import TODAY
from sample_runs import clean as clean_run
from sample_runs import failures as failing_run

from loadtest.judge.against_base import FailOnBreaking, base_name, settings_text, speed_text
from loadtest.judge.categories import load_categories
from loadtest.judge.checks.base import BASE_CHECKS
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.failures import FailOn, FailureStatus
from loadtest.judge.verdict import Result, Verdict, judge
from loadtest.pairs.assess import OperationSpeed, Speed
from loadtest.pairs.statistics import Ratio
from loadtest.results.pairs import BaseRun, CallPairs, ContractChange, PairStage, Trials
from loadtest.results.run import Run
from loadtest.results.target import Gateway

CATEGORIES = load_categories()
GATEWAY = Gateway(version="3.0.7", source="3.0.7")
SLOW = "GET /slow"


def base(**fields: object) -> BaseRun:
    return BaseRun(gateway=GATEWAY, breaking=(), **fields)  # type: ignore[arg-type]


def pairs(stage: PairStage, ratio: float, number: int = 40, operation: str = SLOW) -> CallPairs:
    chance = random.Random(f"{stage}{operation}")
    head = tuple(20 * ratio * math.exp(chance.gauss(0, 0.1)) for _ in range(number))
    return CallPairs(stage=stage, scenario="S.s", operation=operation, head=head, base=(20.0,) * number)


def verdict_on(run: Run, against: BaseRun | None, **options: object) -> Verdict:
    return judge(replace(run, base=against), categories=CATEGORIES, today=TODAY, **options)  # type: ignore[arg-type]


def seen(verdict: Verdict, check: Check) -> CheckResult:
    (found,) = [one for one in verdict.checks if one.check is check]
    return found


def test_without_a_base_nothing_is_said_about_one() -> None:
    verdict = verdict_on(clean_run(), None)
    assert verdict.against is None
    assert " vs " not in verdict.headline
    assert not {one.check for one in verdict.checks} & BASE_CHECKS


def test_the_same_on_both_sides_passes() -> None:
    same = base(pairs=(pairs(PairStage.SCREEN, 1.0, 4), pairs(PairStage.JUDGE, 1.0)))
    verdict = verdict_on(clean_run(), same)
    assert verdict.result is Result.PASS
    assert verdict.headline.startswith("PASS vs 3.0.7: ")
    assert all(seen(verdict, check).severity is Severity.PASSED for check in BASE_CHECKS)


def test_a_slower_operation_fails_the_run_and_is_named_first() -> None:
    slow = base(pairs=(pairs(PairStage.JUDGE, 1.6), pairs(PairStage.CONFIRM, 1.6)))
    verdict = verdict_on(clean_run(), slow)
    assert (verdict.result, verdict.exit_code) == (Result.FAIL, 1)
    assert "GET /slow 6" in verdict.headline
    assert "% slower (95 % CI " in verdict.headline
    assert verdict.checks[1].check is Check.SLOWER
    assert verdict.checks[1].severity is Severity.FAILURE


def test_a_faster_operation_is_named_and_fails_nothing() -> None:
    verdict = verdict_on(clean_run(), base(pairs=(pairs(PairStage.JUDGE, 0.6),)))
    assert verdict.result is Result.PASS
    assert verdict.headline.endswith(" · 1 operation faster")
    assert "; GET /slow 39 % faster" in seen(verdict, Check.SLOWER).text


def test_one_that_was_slower_once_is_a_warning() -> None:
    verdict = verdict_on(
        clean_run(), base(pairs=(pairs(PairStage.JUDGE, 1.6), pairs(PairStage.CONFIRM, 1.0)))
    )
    assert verdict.result is Result.PASS
    assert seen(verdict, Check.SLOWER).severity is Severity.WARNING
    assert seen(verdict, Check.SLOWER).text.startswith("unconfirmed: GET /slow")


def failed_trials(run: Run, counts: Iterable[tuple[PairStage, int, int, int]]) -> tuple[Trials, ...]:
    return tuple(
        Trials(
            stage=stage,
            scenario="S.s",
            operation=one.operation,
            runs=runs,
            head_failed=failed,
            base_failed=base_failed,
            fingerprints=(one.fingerprint,),
        )
        for one in run.failures
        for stage, runs, failed, base_failed in counts
    )


SCREEN, REPLAY, CONFIRM = PairStage.SCREEN, PairStage.REPLAY, PairStage.CONFIRM


@pytest.mark.parametrize(
    ("counts", "on_base", "status", "result"),
    [
        (
            [(SCREEN, 1, 1, 0), (REPLAY, 10, 10, 0), (CONFIRM, 10, 10, 0)],
            False,
            FailureStatus.NEW,
            Result.FAIL,
        ),
        ([(SCREEN, 1, 1, 0), (REPLAY, 10, 10, 0)], False, FailureStatus.UNCONFIRMED, Result.PASS),
        ([(SCREEN, 1, 1, 0), (REPLAY, 10, 0, 0)], False, FailureStatus.UNCONFIRMED, Result.PASS),
        ([(SCREEN, 1, 1, 1)], True, FailureStatus.ALSO_ON_BASE, Result.PASS),
        ([], True, FailureStatus.ALSO_ON_BASE, Result.PASS),
        ([], False, FailureStatus.NEW, Result.FAIL),
    ],
)
def test_failures(
    counts: list[tuple[PairStage, int, int, int]], on_base: bool, status: FailureStatus, result: Result
) -> None:
    run = failing_run()
    without = verdict_on(run, None)
    assert without.result is Result.FAIL
    new = {one.failure.fingerprint for one in without.with_status(FailureStatus.NEW, FailureStatus.EXPIRED)}
    against = base(trials=failed_trials(run, counts), failures=run.failures if on_base else ())
    verdict = verdict_on(run, against)
    assert {one.status for one in verdict.failures if one.failure.fingerprint in new} == {status}
    assert verdict.result is result
    if status is not FailureStatus.NEW:
        assert status.value in verdict.headline


def test_fail_on_any_includes_what_base_has() -> None:
    run = failing_run()
    verdict = verdict_on(run, base(failures=run.failures), fail_on=FailOn.ANY)
    assert verdict.result is Result.FAIL


REMOVED = ContractChange(operation="GET /gone", what="removed", removal=True)
REQUIRED = ContractChange(operation="GET /tools", what="query limit: now required")


@pytest.mark.parametrize(
    ("changes", "policy", "severity"),
    [
        ((), FailOnBreaking.REMOVED, Severity.PASSED),
        ((REMOVED,), FailOnBreaking.REMOVED, Severity.FAILURE),
        ((REQUIRED,), FailOnBreaking.REMOVED, Severity.WARNING),
        ((REQUIRED,), FailOnBreaking.ANY, Severity.FAILURE),
        ((REQUIRED, REMOVED), FailOnBreaking.NEVER, Severity.WARNING),
    ],
)
def test_breaking_changes(
    changes: tuple[ContractChange, ...], policy: FailOnBreaking, severity: Severity
) -> None:
    verdict = verdict_on(clean_run(), replace(base(), breaking=changes), fail_on_breaking=policy)
    assert verdict.checks[0].check is Check.BREAKING
    assert verdict.checks[0].severity is severity
    assert len(verdict.checks[0].items) == len(changes)


def test_contracts_that_were_not_compared_are_not_measured() -> None:
    verdict = verdict_on(clean_run(), replace(base(), breaking=None))
    assert verdict.checks[0].severity is Severity.NOT_MEASURED


def test_missing_pairs_are_a_warning_with_their_reason() -> None:
    verdict = verdict_on(clean_run(), base(incomplete="nothing could be confirmed: it did not boot"))
    found = seen(verdict, Check.PAIRS)
    assert found.severity is Severity.WARNING
    assert "nothing could be confirmed" in found.text
    assert found.items


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (Ratio(1.62, 1.48, 1.77, 40), "A 62 % slower (95 % CI 48 to 77 %)"),
        (Ratio(0.5, 0.4, 0.8, 40), "A 50 % faster (95 % CI 20 to 60 %)"),
        (None, "A: no pairs"),
    ],
)
def test_a_ratio_in_words(ratio: Ratio | None, text: str) -> None:
    assert speed_text(OperationSpeed("A", Speed.SLOWER, ratio)) == text


def test_the_name_of_a_base() -> None:
    assert base_name(base()) == "3.0.7"
    assert base_name(replace(base(), commit="1a2b3c4d5e6f")) == "1a2b3c4"
    changed = replace(base(), gateway=replace(GATEWAY, changed={"CACHE_TYPE": "memory"}))
    assert base_name(changed) == "3.0.7 with CACHE_TYPE=memory"
    assert settings_text(None, changed.gateway) == "CACHE_TYPE=default instead of memory"
    assert settings_text(GATEWAY, GATEWAY) == ""
