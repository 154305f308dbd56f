"""Coverage of the documented input, and the rules on it."""

from typing import Any

import pytest
from msgspec.structs import replace
from sample_runs import PLAN, clean

from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity
from loadtest.judge.checks.registry import run_checks
from loadtest.judge.coverage import coverage_of
from loadtest.judge.elements import ElementCoverage, element_coverage
from loadtest.results.elements import ElementKind
from loadtest.results.run import CutShort, Run, ScenarioRuns, Sweep
from loadtest.results.target import Gateway
from loadtest.versions.data import Unchecked

ELEMENTS = {
    "GET /tools": {"query limit": 3, "query order": 1, "query order=asc": 1, "query order=desc": 0},
    "POST /tools": {"body tool": 2, "body tool.name": 2, "body tool.tags[].label": 0, "body dry": 0},
}
COMPLETED = tuple(ScenarioRuns(name=one.name, started=1, completed=1) for one in PLAN)


def measured(**more: Any) -> Run:
    usual: dict[str, Any] = {
        "gateway": Gateway(version="3.0.7", source="3.0.7", data="3.0.7"),
        "elements": ELEMENTS,
        "plan": PLAN,
        "scenarios": COMPLETED,
        "sweep": Sweep(planned=1, done=1),
    }
    return replace(clean(), **(usual | more))


def judged(run: Run, **options: Any) -> ElementCoverage:
    return element_coverage(run, **options)


def test_elements_are_counted_by_kind() -> None:
    coverage = judged(measured())
    assert coverage.line == "parameters 2/2, values 1/2, body properties 2/4"
    assert [one.open for one in coverage.operations] == [
        ("query order=desc",),
        ("body dry", "body tool.tags[].label"),
    ]


def test_excluded_elements_do_not_count() -> None:
    rules = (
        Unchecked(operations="POST /*", elements=("body tool.tags[].*",), reason="no labels"),
        Unchecked(operations="GET /*", elements=("query order",), reason="checked anyway"),
        Unchecked(operations="PUT /*", elements=("*",), reason="another operation"),
    )
    coverage = judged(measured(), exclusions=rules)
    assert coverage.counts() == {
        ElementKind.PARAMETER: (2, 2),
        ElementKind.VALUE: (1, 2),
        ElementKind.PROPERTY: (2, 3),
    }
    assert coverage.operations[1].excluded == {"body tool.tags[].label": "no labels"}


def test_the_elements_of_an_operation_that_is_not_tested_do_not_count() -> None:
    coverage = judged(measured(), ignored={"POST /tools"})
    assert [one.operation for one in coverage.operations] == ["GET /tools"]


def test_listed_elements_are_open_and_stale_once_they_are_checked() -> None:
    get, post = judged(
        measured(), not_yet={"POST /tools": ("body dry", "body tool"), "GET /gone": ("query x",)}
    ).operations
    assert (get.missing, get.not_yet) == (("query order=desc",), ())
    assert (post.missing, post.not_yet, post.stale) == (
        ("body tool.tags[].label",),
        ("body dry",),
        ("body tool",),
    )
    assert post.open == ("body dry", "body tool.tags[].label")


def test_a_run_without_a_record_is_not_measured() -> None:
    coverage = judged(measured(elements=None))
    assert (coverage.measured, coverage.line) == (False, "")


def checks(run: Run, not_yet: dict[str, tuple[str, ...]] | None) -> tuple[CheckResult, CheckResult]:
    coverage = coverage_of(run, excused=(), not_yet=not_yet)
    found = {one.check: one for one in run_checks(CheckInput(run, coverage, 0, (), ()))}
    return found[Check.ELEMENTS], found[Check.LISTED]


ALL = {"GET /tools": ("query order=desc",), "POST /tools": ("body dry", "body tool.tags[].label")}


def test_an_element_that_is_neither_checked_nor_listed_fails_a_known_version() -> None:
    result, _ = checks(measured(), {"GET /tools": ("query order=desc",)})
    assert result.severity is Severity.FAILURE
    assert result.items == ("POST /tools: body tool.tags[].label", "POST /tools: body dry")


def test_everything_checked_or_listed_passes() -> None:
    result, listed = checks(measured(), ALL)
    assert (result.severity, result.text) == (
        Severity.PASSED,
        "parameters 2/2, values 1/2, body properties 2/4",
    )
    assert (listed.severity, listed.text) == (Severity.PASSED, "3 parameters not checked yet")


def test_a_checkout_may_document_new_elements() -> None:
    gateway = measured().gateway
    assert gateway is not None
    result, _ = checks(measured(gateway=replace(gateway, source="path:.")), {})
    assert result.severity is Severity.WARNING


def test_a_listed_element_that_is_checked_is_stale() -> None:
    _, listed = checks(measured(), ALL | {"GET /tools": ("query order=desc", "query limit")})
    assert listed.severity is Severity.WARNING
    assert listed.items == ("GET /tools: query limit",)


@pytest.mark.parametrize(
    ("changes", "not_yet", "words"),
    [
        ({"elements": None}, {}, "does not record"),
        ({}, None, "has no list"),
        ({"sweep": Sweep(planned=2, done=1)}, {}, "sweep is unfinished"),
        ({"sweep": None}, {}, "sweep is unfinished"),
        ({"settings": replace(clean().settings, tags=("a",))}, {}, "limited by tags"),
    ],
)
def test_what_was_not_measured_completely_is_not_judged(changes: Any, not_yet: Any, words: str) -> None:
    for result in checks(measured(**changes), not_yet):
        assert result.severity is Severity.NOT_MEASURED
        assert words in result.text


def test_elements_after_a_failure_are_not_missing() -> None:
    cut = CutShort(operation="GET /tools", fingerprint="0" * 12, count=1)
    never = tuple(ScenarioRuns(name=one.name, started=1, cut_short=(cut,)) for one in PLAN)
    result, _ = checks(measured(scenarios=never), {})
    assert result.severity is Severity.PASSED
