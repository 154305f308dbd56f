from hypothesis import given
from hypothesis import strategies as st

from loadtest.recording.calls_over_time import StepCounts
from loadtest.results.measurements import MAX_STEPS, CallBucket

CALLS = st.lists(
    st.tuples(st.floats(0, 20_000), st.integers(0, 60_000_000).map(lambda us: us / 1000), st.booleans())
)


def counted(calls: list[tuple[float, float, bool]]) -> StepCounts:
    counts = StepCounts()
    for at, duration, failed in calls:
        counts.add(at, duration, failed=failed)
    return counts


def test_steps_double_until_there_are_few() -> None:
    record = counted([(0.5, 10.0, False), (0.9, 30.0, True), (29.0, 5.0, False)]).record()
    assert record is not None
    assert (record.width, [one.number for one in record.buckets]) == (1, [0, 29])
    assert record.buckets[0] == CallBucket(number=0, requests=2, failures=1, mean=20.0)
    longer = counted([(0.5, 10.0, False), (0.9, 30.0, True), (29.0, 5.0, False), (61.0, 5.0, False)]).record()
    assert longer is not None
    assert (longer.width, [one.number for one in longer.buckets]) == (4, [0, 7, 15])


def test_one_call_is_no_time_series() -> None:
    assert counted([]).record() is None
    assert counted([(3.0, 1.0, True)]).record() is None
    assert counted([(3.0, 1.0, True), (3.1, 1.0, True)]).record() is not None


def test_calls_before_the_start_count_in_the_first_step() -> None:
    record = counted([(-2.0, 1.0, False), (0.0, 1.0, False)]).record()
    assert record is not None
    assert [one.number for one in record.buckets] == [0]


@given(CALLS, CALLS)
def test_processes_merge_exactly_whatever_the_width_of_their_steps(
    here: list[tuple[float, float, bool]], there: list[tuple[float, float, bool]]
) -> None:
    merged = counted(here)
    merged.merge(counted(there))
    assert merged == counted(here + there)
    assert all(number < MAX_STEPS for number in merged.steps)
    assert sum(step.requests for step in merged.steps.values()) == len(here) + len(there)
