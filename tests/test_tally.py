"""Counts and histograms merge across processes as if one process had counted all of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.course import MOMENTS
from loadtest.outcome import Fault, Outcome, StreamOutcome
from loadtest.run import Example, ProblemKind
from loadtest.tally import EXAMPLES, FINGERPRINTS, Tally, pack, unpack

START = 1000.0


def outcome(operation: str = "GET /a", second: float = 0.0, **changes: Any) -> Outcome:
    plain = Outcome(
        operation=operation,
        area="area",
        scenario="User.story",
        finished=START + second,
        duration=12.0,
        status=200,
        received=10,
    )
    return msgspec.structs.replace(plain, **changes)


def failed(message: str = "wrong", **changes: Any) -> Outcome:
    example = Example(at=START + 1, correlation_id="lt-1")
    fault = Fault(problem=ProblemKind.STATUS, message=message, status=500, example=example)
    return outcome(status=500, fault=fault, **changes)


outcomes = st.builds(
    outcome,
    operation=st.sampled_from(["GET /a", "POST /b", "GET /c"]),
    second=st.floats(min_value=0, max_value=100),
    duration=st.floats(min_value=0, max_value=100_000),
    status=st.sampled_from([200, 201, 303, 404]),
    received=st.integers(min_value=0, max_value=1 << 40),
    validated=st.booleans(),
    drift=st.booleans(),
    accepted=st.sampled_from([None, "because", "for another reason"]),
    fault=st.sampled_from(
        [
            None,
            Fault(problem=ProblemKind.JSON, message="no"),
            Fault(problem=ProblemKind.TIMEOUT, message="late"),
        ]
    ),
)


def tallied(counted: list[Outcome]) -> Tally:
    tally = Tally()
    for one in counted:
        tally.add(one)
    return tally


@given(st.lists(outcomes), st.lists(outcomes))
def test_merging_is_counting_together(here: list[Outcome], there: list[Outcome]) -> None:
    merged = tallied(here)
    merged.merge(unpack(pack(tallied(there))))
    together = tallied(here + there)
    assert merged.operation_records(START) == together.operation_records(START)
    assert merged.timeline(START, {}) == together.timeline(START, {})
    assert {f.fingerprint: f.count for f in merged.failures.values()} == {
        f.fingerprint: f.count for f in together.failures.values()
    }


@given(st.lists(outcomes, min_size=1))
def test_every_request_is_a_success_an_acceptance_drift_or_a_failure(counted: list[Outcome]) -> None:
    for operation in tallied(counted).operation_records(START):
        accepted = sum(one.count for one in operation.acceptances)
        assert operation.requests == operation.successes + accepted + operation.drift + operation.failures
        assert operation.requests == sum(operation.statuses.values())
        assert operation.latency is not None
        assert operation.latency.count == operation.requests


def test_the_first_success_is_the_earliest_of_all_processes() -> None:
    accepted = outcome(second=0.5, accepted="gone on purpose", status=404)
    here = tallied([failed(second=1.0), accepted, outcome(second=2.0, drift=True), outcome(second=9.0)])
    here.merge(unpack(pack(tallied([failed(second=3.0), outcome(second=7.25), outcome(second=8.0)]))))
    here.merge(unpack(pack(tallied([failed(second=4.0)]))))
    (operation,) = here.operation_records(START)
    assert operation.first_success == 7.25
    (operation,) = tallied([failed(), accepted]).operation_records(START)
    assert operation.first_success is None
    (operation,) = tallied([outcome(second=-0.1)]).operation_records(START)
    assert operation.first_success == 0.0


def test_failures_are_grouped_and_keep_few_examples() -> None:
    tally = tallied([failed(second=second) for second in (5.0, 2.0, 9.0, 7.0, 1.0)])
    (failure,) = tally.failure_records(START)
    assert (failure.count, failure.first, failure.last) == (5, 1.0, 9.0)
    assert len(failure.examples) == EXAMPLES
    assert failure.examples[0].at == 1.0


def test_different_ids_in_a_message_are_one_failure() -> None:
    tally = tallied([failed(f"no team lt-{number}ab-team with {number}") for number in range(20)])
    assert len(tally.failures) == 1


def test_the_number_of_fingerprints_is_bounded_but_failures_are_all_counted() -> None:
    letters = "ghijklmnopqrstuvwxyz"
    words = [a + b + c for a in letters for b in letters for c in letters[:6]]
    assert len(words) > FINGERPRINTS
    tally = tallied([failed(f"word {word}") for word in words])
    assert len(tally.failures) == FINGERPRINTS
    (operation,) = tally.operation_records(START)
    assert operation.failures == len(words)


def test_a_long_run_has_at_most_so_many_steps_and_loses_no_request() -> None:
    tally = tallied([outcome(second=float(second)) for second in range(0, MOMENTS * 5, 3)])
    timeline = tally.timeline(START, {int(START) + 2: 7})
    assert len(timeline.moments) <= MOMENTS
    assert timeline.width == 8.0
    assert sum(moment.requests for moment in timeline.moments) == tally.requests
    assert timeline.moments[0].users == 7


def test_a_missed_tick_does_not_take_the_users_away() -> None:
    tally = tallied([outcome(second=float(second)) for second in range(4)])
    moments = tally.timeline(START, {int(START): 5, int(START) + 3: 6}).moments
    assert [moment.users for moment in moments] == [5, 5, 5, 6]


def test_streams_are_counted_apart() -> None:
    tally = Tally()
    for first in (10.0, None):
        tally.add_stream(
            StreamOutcome(
                operation="GET /sse", events=3, ended=first is None, first_event=first, gaps=(1.0, 2.0)
            )
        )
    tally.merge(unpack(pack(Tally())))
    (stream,) = tally.stream_records()
    assert (stream.opened, stream.events, stream.ended) == (2, 6, 1)
    assert stream.first_event is not None
    assert stream.first_event.count == 1
    assert stream.gap is not None
    assert stream.gap.count == 4
    assert tally.requests == 0


def test_bytes_that_are_no_tally_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack(b"\x93nothing")
