"""Judged failures are ordered and grouped as one sort would do it, however they are sorted."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from sample_runs import failure

from loadtest.judge.failures import (
    FailureStatus,
    JudgedFailure,
    by_status,
    in_report_order,
    removed_operations,
)
from loadtest.results.failures import ProblemKind

STATUSES = list(FailureStatus)
PROBLEMS = [ProblemKind.UNAUTHORIZED, ProblemKind.REMOVED, ProblemKind.STATUS, ProblemKind.JSON]

JUDGED = st.builds(
    lambda name, count, problem, status: JudgedFailure(
        failure(name, count=count, problem=problem), status, fails=status is FailureStatus.NEW
    ),
    st.sampled_from(["GET /b", "GET /a", "POST /a"]),
    st.integers(0, 3),
    st.sampled_from(PROBLEMS),
    st.sampled_from(STATUSES),
)


def place(one: JudgedFailure) -> tuple[int, int, int, str]:
    severity = min(PROBLEMS.index(one.failure.problem), 2)
    return STATUSES.index(one.status), severity, -one.failure.count, one.failure.operation


@given(st.lists(JUDGED, max_size=30))
def test_the_worst_come_first_then_the_most_frequent(judged: list[JudgedFailure]) -> None:
    ordered, by_operation = in_report_order(judged)
    expected = sorted(judged, key=place)
    assert list(map(id, ordered)) == list(map(id, expected))
    operations = list(dict.fromkeys(one.failure.operation for one in expected))
    assert list(by_operation) == operations
    for name in operations:
        members = [id(one) for one in expected if one.failure.operation == name]
        assert list(map(id, by_operation[name])) == members


@given(st.lists(JUDGED, max_size=30))
def test_those_of_a_status_are_together(judged: list[JudgedFailure]) -> None:
    ordered, _ = in_report_order(judged)
    groups = by_status(ordered)
    assert tuple(chain.from_iterable(groups.values())) == ordered
    for status in STATUSES:
        members = [one for one in ordered if one.status is status]
        assert list(groups.get(status, ())) == members
        removed = [one for one in members if one.removed]
        assert list(removed_operations(groups.get(status, ()))) == removed
