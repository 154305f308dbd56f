"""The test coverage level that a run reaches."""

from typing import Any

import pytest
from msgspec.structs import replace
from sample_runs import operation, run

from loadtest.judge.coverage import coverage_of
from loadtest.judge.coverage_level import CoverageLevel, coverage_level
from loadtest.results.run import PlannedCall, Run, Scenario, ScenarioRuns
from loadtest.versions.data import Exclusion, Unchecked

FULL = {
    "GET /a": {
        "query x": 1,
        "query x=true": 1,
        "returns application/json": 2,
        "status 200": 2,
        "response id": 1,
    },
    "POST /a": {"body n": 1, "status 200": 1, "status 422": 1, "status 401": 1},
}
CALLS = tuple(PlannedCall(operation=name, line=1) for name in FULL)
COMPLETE = run(
    contract=tuple(FULL),
    operations=tuple(operation(name, 1) for name in FULL),
    plan=(Scenario(name="U.s", area="a", file="f", line=1, calls=CALLS),),
    scenarios=(ScenarioRuns(name="U.s", started=1, completed=1),),
    elements=FULL,
)


def level(here: Run, **options: Any) -> CoverageLevel:
    found = coverage_level(here, coverage_of(here, excused=(), **options))
    assert found is not None
    return found


def without(*elements: str) -> Run:
    return replace(
        COMPLETE,
        elements={
            name: {one: 0 if one in elements else count for one, count in counts.items()}
            for name, counts in FULL.items()
        },
    )


def test_everything_is_level_7() -> None:
    assert level(COMPLETE).reached == 7
    assert level(COMPLETE).line == "test coverage level 7 of 7"


@pytest.mark.parametrize(
    ("here", "reached", "lacking"),
    [
        (replace(COMPLETE, scenarios=()), 6, "flows 0/1"),
        (without("response id"), 5, "response properties 0/1"),
        (without("query x=true"), 4, "values 0/1"),
        (without("status 422"), 4, "status codes 3/4"),
        (without("status 422", "status 401"), 3, "status code classes 2/3"),
        (without("query x"), 3, "parameters 1/2"),
        (without("body n"), 3, "parameters 1/2"),
        (without("returns application/json"), 2, "media types 0/1"),
        (replace(COMPLETE, operations=(operation("GET /a", 1),)), 1, "operations 1/2"),
        (replace(COMPLETE, contract=(*FULL, "GET /b")), 0, "paths 1/2"),
    ],
)
def test_a_level_needs_all_of_its_criteria_and_those_below(here: Run, reached: int, lacking: str) -> None:
    found = level(here)
    assert found.reached == reached
    assert found.line == f"test coverage level {reached} of 7; for level {reached + 1}: {lacking}"


def test_what_is_excluded_does_not_count() -> None:
    assert (
        level(
            replace(COMPLETE, contract=(*FULL, "GET /b")),
            exclusions=(Exclusion(operations="* /b", reason="x"),),
        ).reached
        == 7
    )
    unchecked = Unchecked(operations="GET /a", elements=("query x*",), reason="x")
    assert level(without("query x", "query x=true"), unchecked=(unchecked,)).reached == 7


def test_a_run_without_a_record_has_no_level() -> None:
    here = replace(COMPLETE, elements=None)
    assert coverage_level(here, coverage_of(here, excused=())) is None
