"""A fault is named by a failure of its operation, and detected by one of a scenario that calls it."""

from __future__ import annotations

import pytest

from loadtest.mutation.faults import Fault, FaultKind, read_kinds
from loadtest.mutation.score import Applied, Detection, Outcome, Seen, attribute, score
from loadtest.results.failures import Failure, ProblemKind
from loadtest.results.run import CutShort, ScenarioRuns

DELETE = Fault(kind=FaultKind.DELETION, operation="DELETE /tools/{tool_id}")
LIST = Fault(kind=FaultKind.EMPTY_LIST, operation="GET /teams")
CALLERS = {DELETE.operation: frozenset(("Tools.life",)), LIST.operation: frozenset(("Teams.list",))}
ONCE = {DELETE: Applied(1, "DELETE /tools/1"), LIST: Applied(2)}


def failure(operation: str, message: str = "wrong", scenario: str | None = None) -> Failure:
    return Failure(
        fingerprint=f"{operation} {message}"[:12],
        operation=operation,
        problem=ProblemKind.CONTENT,
        message=message,
        scenario=scenario,
    )


@pytest.mark.parametrize(
    ("found", "detection"),
    [
        (failure("DELETE /tools/{tool_id}"), Detection.NAMED),
        (failure("GET /tools/{tool_id}", "DELETE /tools/{tool_id} had no effect"), Detection.NAMED),
        (failure("GET /tools", scenario="Tools.life"), Detection.DETECTED),
        (failure("GET /tools", scenario="Other.one"), Detection.MISSED),
        (failure("DELETE /tools/{tool_id}/more"), Detection.MISSED),
        (failure("POST /x", "after DELETE /tools/{tool_id}/more"), Detection.MISSED),
    ],
)
def test_a_failure_shows_a_fault(found: Failure, detection: Detection) -> None:
    outcomes, unexplained = attribute([DELETE], CALLERS, ONCE, Seen([found]))
    assert [outcome.detection for outcome in outcomes] == [detection]
    assert bool(unexplained) is (detection is Detection.MISSED)


def test_a_failure_counts_for_every_scenario_that_it_ended() -> None:
    found = failure("GET /tools", scenario="Other.one")
    cut = CutShort(operation="GET /tools", fingerprint=found.fingerprint, count=1)
    runs = [ScenarioRuns(name="Tools.life", cut_short=(cut,))]
    outcomes, unexplained = attribute([DELETE, LIST], CALLERS, ONCE, Seen([found], runs))
    assert [outcome.detection for outcome in outcomes] == [Detection.DETECTED, Detection.MISSED]
    assert unexplained == ()


def test_a_failure_of_a_scenario_that_calls_two_faulty_operations_shows_neither() -> None:
    callers = {DELETE.operation: frozenset({"Tools.life"}), LIST.operation: frozenset({"Tools.life"})}
    outcomes, unexplained = attribute(
        [DELETE, LIST],
        callers,
        dict.fromkeys((DELETE, LIST), Applied(1, "")),
        Seen([failure("POST /x", scenario="Tools.life")]),
    )
    assert [outcome.detection for outcome in outcomes] == [Detection.MISSED, Detection.MISSED]
    assert unexplained == ()


def test_a_failed_check_that_mentions_the_operation_names_it() -> None:
    seen = Seen([], checks=["1 tool left: DELETE /tools/{tool_id}"])
    outcomes, _ = attribute([DELETE, LIST], CALLERS, ONCE, seen)
    assert [outcome.detection for outcome in outcomes] == [Detection.NAMED, Detection.MISSED]


def test_a_fault_that_was_not_injected_is_not_counted() -> None:
    outcomes, _ = attribute([DELETE], CALLERS, {}, Seen([failure(DELETE.operation)]))
    assert outcomes[0].detection is Detection.NOT_APPLIED
    kinds = score(outcomes, read_kinds())
    assert [(kind.faults, kind.not_applied, kind.met) for kind in kinds] == [(0, 1, True)]


def test_a_kind_below_its_floor_is_not_met() -> None:
    def outcomes(*detections: Detection) -> list[Outcome]:
        return [Outcome(fault=LIST, detection=detection) for detection in detections]

    named, missed = [Detection.NAMED] * 19, [Detection.MISSED]
    assert score(outcomes(*named, *missed), read_kinds())[0].met
    assert not score(outcomes(*named[:18], *missed), read_kinds())[0].met
    both = score(outcomes(*named, Detection.DETECTED, *missed), read_kinds())[0]
    assert (both.faults, both.detected, both.named, both.missed) == (21, 20, 19, 1)


def test_every_kind_has_data() -> None:
    assert list(read_kinds()) == list(FaultKind)
    assert {data.floor for data in read_kinds().values() if data.group == "hard"} == {1.0}
