"""Operations without a scenario: a warning, or a failure if scenarios are required, unless responses were valid."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from msgspec.structs import replace
from sample_runs import operation, run

from loadtest.judge.categories import load_categories
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.coverage import CoverageState
from loadtest.judge.verdict import Verdict, judge
from loadtest.results.pairs import BaseRun
from loadtest.results.run import GENERATED, PlannedCall, Run, Scenario
from loadtest.results.target import Gateway

NEW = "POST /widgets"


def plan(name: str, *calls: str) -> Scenario:
    planned = tuple(PlannedCall(operation=call, line=1) for call in calls)
    return Scenario(name=name, area="x", file="x.py", line=1, calls=planned)


def called(**counts: Any) -> Run:
    """A run in which ``POST /widgets`` has no scenario and was called from the contract."""
    made = operation(NEW, 0, scenario=GENERATED)
    return run(
        contract=("GET /tools", NEW),
        plan=(plan("ToolsUser.list", "GET /tools"), plan(GENERATED, NEW)),
        generated={NEW: ""},
        operations=(operation("GET /tools", 5), replace(made, requests=2, **counts)),
        gateway=Gateway(version="9", source="path:."),
    )


def verdict(made: Run, **how: Any) -> Verdict:
    return judge(made, categories=load_categories(()), today=dt.date(2026, 3, 1), **how)


def checked(made: Run, **how: Any) -> CheckResult:
    return next(one for one in verdict(made, **how).checks if one.check is Check.SCENARIOS)


@pytest.mark.parametrize(("required", "severity"), [(False, Severity.WARNING), (True, Severity.FAILURE)])
def test_an_operation_that_is_not_understood_needs_a_scenario(required: bool, severity: Severity) -> None:
    found = checked(called(rejections=2), require_scenarios=required)
    assert found.severity is severity
    assert f"`loadtest scenario new '{NEW}' --gateway path:.`" in found.advice
    assert found.items == (f"{NEW}: called, not understood",)


def test_an_operation_that_was_understood_does_not() -> None:
    found = checked(called(successes=1, rejections=1), require_scenarios=True)
    command = f"{NEW}: loadtest scenario new '{NEW}' --gateway path:."
    assert (found.severity, found.items) == (Severity.PASSED, (command,))


def test_only_operations_that_the_base_does_not_offer_count() -> None:
    base = BaseRun(gateway=Gateway(version="8", source="path:main"), breaking=(), added=())
    made = replace(called(rejections=2), base=base)
    assert checked(made, require_scenarios=True).severity is Severity.PASSED
    added = replace(made, base=replace(base, added=(NEW,)))
    assert checked(added, require_scenarios=True).severity is Severity.FAILURE


def test_a_rejected_request_is_neither_a_success_nor_missed() -> None:
    coverage = verdict(called(rejections=2, statuses={"422": 1, "400": 1})).coverage
    assert coverage.count(CoverageState.NOT_UNDERSTOOD) == 1
    assert coverage.count(CoverageState.NOT_CALLED) == 0
    assert "2/2 operations called, 1 correct, 1 called, not understood" in coverage.line
    (reason,) = (one.reason for one in coverage.operations if one.name == NEW)
    assert reason == "no scenario calls it; every request from the contract was rejected (400, 422)"
