"""Counts and histograms merge across processes as if one process had counted all of it."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.engine.messages import decode, encode
from loadtest.recording.aggregator import MAX_EXAMPLES, Aggregator
from loadtest.recording.call_trace import traced
from loadtest.recording.time_buckets import MAX_BUCKETS
from loadtest.results.failures import MAX_FINGERPRINTS, Example, ProblemKind, fingerprint
from loadtest.results.latency import Histogram
from loadtest.results.measurements import FURTHER
from loadtest.results.outcome import CallFailure, CallResult, RefusalResult, StreamResult, Unexpected
from loadtest.results.refusals import Refusals, Standing
from loadtest.shapes.shape import shape_of
from loadtest.workload.schedule import Start

START = 1000.0


def outcome(operation: str = "GET /a", second: float = 0.0, **changes: Any) -> CallResult:
    plain = CallResult(
        operation=operation,
        scenario="User.story",
        finished=START + second,
        duration=12.0,
        status=200,
        received=10,
    )
    return msgspec.structs.replace(plain, **changes)


def failed(message: str = "wrong", **changes: Any) -> CallResult:
    example = Example(at=START + 1, correlation_id="lt-1")
    fault = CallFailure(problem=ProblemKind.STATUS, message=message, status=500, example=example)
    return outcome(status=500, fault=fault, **changes)


outcomes = st.builds(
    outcome,
    operation=st.sampled_from(["GET /a", "POST /b", "GET /c"]),
    second=st.floats(min_value=0, max_value=100),
    duration=st.floats(min_value=0, max_value=100_000),
    status=st.sampled_from([200, 201, 303, 404]),
    received=st.integers(min_value=0, max_value=1 << 40),
    validated=st.booleans(),
    differs=st.sampled_from([None, "status 303", "body: id is missing"]),
    accepted=st.sampled_from([None, "because", "for another reason"]),
    refused=st.booleans(),
    fault=st.sampled_from(
        [
            None,
            CallFailure(problem=ProblemKind.JSON, message="no"),
            CallFailure(problem=ProblemKind.TIMEOUT, message="late"),
        ]
    ),
)


def aggregated(counted: list[CallResult]) -> Aggregator:
    aggregator = Aggregator(start=START)
    for one in counted:
        aggregator.add(one)
    return aggregator


def sent(aggregator: Aggregator) -> Aggregator:
    """Return ``aggregator`` as another process receives it."""
    return decode(encode(aggregator), Aggregator)


@given(st.lists(outcomes), st.lists(outcomes))
def test_merged_counts_equal_counts_of_one_process(here: list[CallResult], there: list[CallResult]) -> None:
    merged = aggregated(here)
    merged.merge(sent(aggregated(there)))
    together = aggregated(here + there)
    assert merged.operation_records(START) == together.operation_records(START)
    assert merged.timeline(START, {}) == together.timeline(START, {})
    assert {f.fingerprint: (f.count, f.minutes) for f in merged.failures.values()} == {
        f.fingerprint: (f.count, f.minutes) for f in together.failures.values()
    }
    assert merged.requests == together.requests == len(here) + len(there)


CHECKED = st.lists(
    st.tuples(
        st.sampled_from(["GET /a", "POST /rpc tools/call", "POST /rpc"]), st.sets(st.sampled_from("abc"))
    )
)
DOCUMENTED = {"GET /a": ("a", "b"), "POST /rpc": ("b", "c"), "GET /never": ("a",)}


@given(CHECKED, CHECKED)
def test_checked_elements_are_counted_across_processes(
    here: list[tuple[str, set[str]]], there: list[tuple[str, set[str]]]
) -> None:
    parts = Aggregator(), Aggregator()
    for part, calls in zip(parts, (here, there), strict=True):
        for operation, elements in calls:
            part.add_checked(operation, elements)
    parts[0].merge(sent(parts[1]))
    assert parts[0].element_records(DOCUMENTED) == {
        operation: {
            name: sum(called.startswith(operation) and name in elements for called, elements in here + there)
            for name in names
        }
        for operation, names in DOCUMENTED.items()
    }


@given(st.lists(st.lists(outcomes, max_size=20), min_size=1, max_size=6), st.lists(st.integers(0, 5)))
def test_minutes_do_not_depend_on_how_the_load_was_distributed_and_reported(
    reports: list[list[CallResult]], folds: list[int]
) -> None:
    """Reports arrive in parts, with folds between any two of them; nothing is lost or counted twice."""
    master = Aggregator(start=START)
    for number, report in enumerate(reports):
        master.merge(sent(aggregated(report)))
        if number in folds:
            master.timeline(START, {})
    everything = [one for report in reports for one in report]
    timeline = master.timeline(START, {})
    assert timeline == aggregated(everything).timeline(START, {})
    by_minute: dict[int, list[float]] = {}
    for one in everything:
        by_minute.setdefault(int((one.finished - START) // 60), []).append(one.duration)
    assert {int(minute.at // 60): minute.requests for minute in timeline.minutes} == {
        number: len(durations) for number, durations in by_minute.items()
    }
    for minute in timeline.minutes:
        alone = Histogram()
        for duration in by_minute[int(minute.at // 60)]:
            alone.add(duration)
        assert minute.latency == alone.summary()
    failed_at = [int((one.finished - START) // 60) for one in everything if one.fault]
    counted: Counter[int] = Counter()
    for failure in master.failure_records(START):
        assert sum(failure.minutes.values()) == failure.count
        counted.update(failure.minutes)
    assert counted == Counter(failed_at)


def test_hours_of_load_stay_small() -> None:
    """Six hours: memory and report size are bounded, and no request is lost."""
    master = Aggregator(start=START)
    longest = 0
    for report in range(0, 6 * 3600, 60):
        part = Aggregator(start=START)
        for second in range(report, report + 60, 3):
            for operation in range(3):
                kind = failed if operation == 0 and second % 9 == 0 else outcome
                part.add(
                    kind(operation=f"GET /{operation}", second=second + 0.5, duration=float(second % 977))
                )
        packed = encode(part)
        longest = max(longest, len(packed))
        master.merge(decode(packed, Aggregator))
        master.timeline(START, {int(START) + report: 5})
        assert len(master.buckets.folded) <= MAX_BUCKETS
        assert not master.buckets.seconds
    timeline = master.timeline(START, {})
    assert timeline.width == 32.0
    assert len(timeline.minutes) == 360
    assert sum(moment.requests for moment in timeline.moments) == 6 * 3600
    assert sum(minute.requests for minute in timeline.minutes) == 6 * 3600
    assert len(msgspec.json.encode(timeline)) < 1_000_000
    assert longest < 50_000


def test_start_delays_merge_across_processes() -> None:
    here, there = Aggregator(), Aggregator()
    here.begin(Start(due=5.0, late=0.002, free=True))
    there.begin(Start(due=6.0, late=1.5, free=False))
    there.starts.missed = 3
    here.merge(sent(there))
    late, scheduling_delay = here.starts.late.summary(), here.starts.scheduling_delay.summary()
    assert late is not None
    assert late.count == 2
    assert late.max == pytest.approx(1500, rel=0.01)
    assert scheduling_delay is not None
    assert scheduling_delay.count == 1
    assert scheduling_delay.max == pytest.approx(2, rel=0.01)
    assert here.starts.missed == 3


@given(st.lists(outcomes, min_size=1))
def test_every_request_is_a_success_allowed_a_mismatch_or_a_failure(counted: list[CallResult]) -> None:
    for operation in aggregated(counted).operation_records(START):
        accepted = sum(one.count for one in operation.acceptances)
        correct = operation.successes + accepted + operation.refusals + operation.drift
        assert operation.requests == correct + operation.failures
        assert operation.requests == sum(operation.statuses.values())
        assert operation.latency is not None
        assert operation.latency.count == operation.requests


def test_the_first_success_is_the_earliest_of_all_processes() -> None:
    accepted = outcome(second=0.5, accepted="gone on purpose", status=404)
    here = aggregated(
        [failed(second=1.0), accepted, outcome(second=2.0, differs="status 303"), outcome(second=9.0)]
    )
    here.merge(sent(aggregated([failed(second=3.0), outcome(second=7.25), outcome(second=8.0)])))
    here.merge(sent(aggregated([failed(second=4.0)])))
    (operation,) = here.operation_records(START)
    assert operation.first_success == 7.25
    (operation,) = aggregated([failed(), accepted]).operation_records(START)
    assert operation.first_success is None
    (operation,) = aggregated([outcome(second=-0.1)]).operation_records(START)
    assert operation.first_success == 0.0


def test_failures_are_grouped_and_keep_few_examples() -> None:
    aggregator = aggregated([failed(second=second) for second in (5.0, 2.0, 9.0, 7.0, 1.0)])
    (failure,) = aggregator.failure_records(START)
    assert (failure.count, failure.first, failure.last) == (5, 1.0, 9.0)
    assert len(failure.examples) == MAX_EXAMPLES
    assert failure.examples[0].at == 1.0


def test_different_ids_in_a_message_are_one_failure() -> None:
    aggregator = aggregated([failed(f"no team lt-{number}ab-team with {number}") for number in range(20)])
    assert len(aggregator.failures) == 1


def test_the_number_of_fingerprints_is_bounded_but_failures_are_all_counted() -> None:
    letters = "ghijklmnopqrstuvwxyz"
    words = [a + b + c for a in letters for b in letters for c in letters[:6]]
    assert len(words) > MAX_FINGERPRINTS
    aggregator = aggregated([failed(f"word {word}") for word in words])
    assert len(aggregator.failures) == MAX_FINGERPRINTS
    (operation,) = aggregator.operation_records(START)
    assert operation.failures == len(words)


FEW = 3


def few_operations(monkeypatch: pytest.MonkeyPatch, names: str) -> Aggregator:
    monkeypatch.setattr("loadtest.recording.aggregator.MAX_OPERATIONS", FEW)
    return aggregated(
        [one for name in names for one in (outcome(f"GET /{name}"), failed(operation=f"GET /{name}"))]
    )


def test_the_number_of_operations_is_bounded_and_the_others_are_recorded_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aggregator = few_operations(monkeypatch, "abcdea")
    recorded = {one.name: (one.requests, one.failures) for one in aggregator.operation_records(START)}
    assert recorded == {"GET /a": (4, 2), "GET /b": (2, 1), "GET /c": (2, 1), FURTHER: (4, 2)}
    failures = {one.operation: one.count for one in aggregator.failure_records(START)}
    assert failures == {name: failed for name, (_, failed) in recorded.items()}


@pytest.mark.parametrize(
    ("names", "own"), [("abc", {"a", "b", "c"}), ("abxyz", {"a", "b", "c"}), ("xyzabc", {"a", "b", "c"})]
)
def test_operations_of_other_processes_are_bounded_too(
    monkeypatch: pytest.MonkeyPatch, names: str, own: set[str]
) -> None:
    master = few_operations(monkeypatch, "abc")
    for _ in range(2):
        master.merge(sent(few_operations(monkeypatch, names)))
    recorded = {one.name: one for one in master.operation_records(START)}
    assert recorded.keys() - {FURTHER} == {f"GET /{name}" for name in own}
    assert sum(one.requests for one in recorded.values()) == 2 * FEW + 4 * len(names)
    failures = Counter[str]()
    for failure in master.failure_records(START):
        failures[failure.operation] += failure.count
        assert failure.fingerprint == fingerprint(
            failure.operation, failure.problem, 500, None, failure.message
        )
    assert failures == {name: one.failures for name, one in recorded.items()}


def test_a_long_run_has_a_bounded_number_of_buckets_and_loses_no_request() -> None:
    aggregator = aggregated([outcome(second=float(second)) for second in range(0, MAX_BUCKETS * 5, 3)])
    timeline = aggregator.timeline(START, {int(START) + 2: 7})
    assert len(timeline.moments) <= MAX_BUCKETS
    assert timeline.width == 8.0
    assert sum(moment.requests for moment in timeline.moments) == aggregator.requests
    assert timeline.moments[0].users == 7


def test_a_missed_second_keeps_the_number_of_users() -> None:
    aggregator = aggregated([outcome(second=float(second)) for second in range(4)])
    moments = aggregator.timeline(START, {int(START): 5, int(START) + 3: 6}).moments
    assert [moment.users for moment in moments] == [5, 5, 5, 6]


def test_an_expected_refusal_is_neither_success_nor_failure() -> None:
    (record,) = aggregated([outcome(status=404, refused=True), outcome()]).operation_records(START)
    assert (record.requests, record.refusals, record.successes, record.failures) == (2, 1, 1, 0)
    (refused,) = aggregated([outcome(status=404, refused=True)]).operation_records(START)
    assert refused.first_success is None


def test_streams_have_their_own_counts() -> None:
    aggregator = Aggregator()
    for first in (10.0, None):
        aggregator.add_stream(
            StreamResult(
                operation="GET /sse", events=3, ended=first is None, first_event=first, gaps=(1.0, 2.0)
            )
        )
    aggregator.merge(sent(Aggregator()))
    (stream,) = aggregator.stream_records()
    assert (stream.opened, stream.events, stream.ended) == (2, 6, 1)
    assert stream.first_event is not None
    assert stream.first_event.count == 1
    assert stream.gap is not None
    assert stream.gap.count == 4
    assert aggregator.requests == 0


def test_malformed_bytes_are_rejected() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(b"\x93nothing", Aggregator)


def refusal(standing: Standing, **changes: Any) -> RefusalResult:
    plain = RefusalResult(
        operation="GET /a",
        label="no token",
        outcome="401",
        standing=standing,
        scenario="User.story",
        finished=START + 1,
    )
    return msgspec.structs.replace(plain, **changes)


def test_refusals_merge_and_are_no_calls() -> None:
    let_in = CallFailure(problem=ProblemKind.UNAUTHORIZED, message="accepted", status=200)
    results = [
        refusal(Standing.AS_RECORDED),
        refusal(Standing.AS_RECORDED, label="unknown id", outcome="200", reason="lenient: a filter"),
        refusal(Standing.NOT_RECORDED, operation="GET /b"),
        refusal(Standing.FAILED, outcome="200", fault=let_in),
        refusal(Standing.UNDECIDED, operation="GET /c", outcome=""),
    ]
    parts = Aggregator(), Aggregator()
    for number, result in enumerate(results):
        parts[number % 2].add_refusal(result)
    whole = Aggregator()
    for part in parts:
        whole.merge(sent(part))
    assert whole.requests == 0
    assert whole.operation_records(START) == ()
    (failure,) = whole.failure_records(START)
    assert (failure.operation, failure.problem, failure.status) == ("GET /a", ProblemKind.UNAUTHORIZED, 200)
    assert whole.refusal_record() == Refusals(
        requests=5,
        standings={
            Standing.AS_RECORDED: {"": 2},
            Standing.NOT_RECORDED: {"GET /b: no token": 1},
            Standing.FAILED: {"GET /a: no token": 1},
            Standing.UNDECIDED: {"GET /c: no token": 1},
        },
        reasons={"lenient: a filter": 1},
        outcomes={
            "GET /a": {"no token": ("200", "401"), "unknown id": ("200",)},
            "GET /b": {"no token": ("401",)},
        },
    )


def test_without_refusals_there_is_no_record_of_them() -> None:
    assert Aggregator().refusal_record() is None


PLACE = Unexpected("state", ('"off"', '"on"'), 'expected state to be "off" or "on", got "x"')


def seen(state: str, *unexpected: Unexpected, operation: str = "GET /a") -> CallResult:
    return outcome(operation, status=200, shape=shape_of({"state": state}), unexpected=unexpected)


@pytest.mark.parametrize(
    ("calls", "failures"),
    [
        ([seen("x", PLACE)], 1),
        ([seen("x", PLACE), seen("x", PLACE)], 1),
        ([seen("x", PLACE), seen("on")], 0),
        ([seen("on"), seen("x", PLACE)], 0),
        ([seen("x", PLACE), seen("on", operation="GET /b")], 1),
        ([seen("on")], 0),
        ([seen("x", PLACE), *(seen(str(number) + "x") for number in "abcdefgh")], 0),
    ],
)
@pytest.mark.parametrize("processes", [1, 2])
def test_an_unexpected_text_is_a_failure_if_the_run_has_no_expected_one(
    calls: list[CallResult], failures: int, processes: int
) -> None:
    parts = [Aggregator(start=START) for _ in range(processes)]
    for number, call in enumerate(calls):
        parts[number % processes].add(call)
    whole = parts[0]
    for other in parts[1:]:
        whole.merge(other)
    found = whole.failure_records(START)
    assert [(one.problem, one.operation) for one in found] == [(ProblemKind.SHAPE, "GET /a")] * failures
    for one in found:
        assert one.count == sum(bool(call.unexpected) for call in calls)
        assert one.message == PLACE.message
    assert whole.failure_records(START) == found, "asking does not change anything"


def test_an_unexpected_text_is_no_failure_if_a_request_sent_it_later() -> None:
    counts = Aggregator(start=START)
    counts.add(seen("x", PLACE))
    counts.add(seen("y", PLACE))
    assert counts.failure_records(START, {"z"})
    assert not counts.failure_records(START, {"x"}), "the gateway echoes what is sent at this place"


def test_an_unexpected_text_is_no_failure_as_long_as_scenarios_have_not_run() -> None:
    counts = Aggregator(start=START)
    counts.add(seen("x", PLACE))
    assert not counts.failure_records(START, complete=False)
    assert counts.failure_records(START, complete=True)


def test_an_unexpected_text_keeps_its_call_a_success() -> None:
    counts = Aggregator(start=START)
    counts.add(seen("x", PLACE))
    (record,) = counts.operation_records(START)
    assert (record.successes, record.failures) == (1, 0)


KINDS = {
    "GET /success": outcome("GET /success"),
    "GET /drift": outcome("GET /drift", differs="status 303"),
    "GET /allowed": outcome("GET /allowed", accepted="because"),
    "GET /failed": failed(operation="GET /failed"),
    "GET /refused": outcome("GET /refused", refused=True),
    "GET /rejected": outcome("GET /rejected", rejected=True),
}


def test_successes_cover_an_operation_and_refusals_do_not_even_call_it() -> None:
    counted = aggregated(list(KINDS.values()))
    assert counted.covered() == {"GET /success", "GET /drift"}
    assert counted.called() == {"GET /success", "GET /drift", "GET /allowed", "GET /failed"}


@pytest.mark.parametrize("operation", sorted(KINDS))
def test_a_traced_call_covers_what_it_covers_in_the_counts(operation: str) -> None:
    result = KINDS[operation]
    assert traced(result).covers is (operation in aggregated([result]).covered())


def test_a_traced_negative_case_covers_nothing() -> None:
    result = RefusalResult(
        operation="GET /a",
        label="no token",
        outcome="401",
        standing=Standing.AS_RECORDED,
        scenario="User.story",
        finished=START,
    )
    assert not traced(result).covers
