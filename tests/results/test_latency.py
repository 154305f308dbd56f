"""Latencies are kept to two digits and merge exactly."""

from bisect import bisect_right

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from loadtest.results.latency import LONGEST_MS, Histogram, Latency, bucket_of

DURATIONS = st.lists(st.floats(min_value=0.01, max_value=100_000), min_size=1, max_size=50)


def counted(durations: list[float]) -> Histogram:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    return histogram


@given(DURATIONS, DURATIONS)
def test_merging_is_counting_together(here: list[float], there: list[float]) -> None:
    merged = counted(here)
    merged.merge(Histogram.decode(counted(there).encode()))
    assert merged.summary() == counted(here + there).summary()


@given(DURATIONS)
def test_percentiles_are_right_within_two_digits(durations: list[float]) -> None:
    histogram = counted(durations)
    largest = max(durations)
    assert histogram.percentile(100) == pytest.approx(largest, rel=0.01, abs=0.002)
    median = sorted(durations)[(len(durations) - 1) // 2]
    assert histogram.percentile(50) == pytest.approx(median, rel=0.01, abs=0.002)


@given(st.lists(st.integers(0, LONGEST_MS * 1000), min_size=1))
def test_counting_by_bucket_is_what_the_library_counts(microseconds: list[int]) -> None:
    expected = HdrHistogram(1, LONGEST_MS * 1000, 2)
    histogram = Histogram()
    for one in microseconds:
        expected.record_value(one)
        histogram.add_to(bucket_of(one / 1000))
    assert histogram.encode() == expected.encode().decode()


def test_what_is_out_of_range_counts_at_its_end() -> None:
    histogram = counted([-5.0, LONGEST_MS * 2.0])
    assert len(histogram) == 2
    assert histogram.percentile(100) == pytest.approx(LONGEST_MS, rel=0.01)


def test_nothing_counted_has_no_summary() -> None:
    assert Histogram().summary() is None
    assert Histogram().percentile(99) == 0.0


@pytest.mark.parametrize("text", ["", "HISTFAAAACN4", "not base64 !", "é"])
def test_text_that_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an encoded histogram"):
        Histogram.decode(text)


def test_without_a_distribution_only_the_percentiles_of_the_source_are_reported() -> None:
    latency = Latency(count=3, mean=1.0, min=1.0, max=2.0, percentiles={"95": 1.5, "99.9": 2.0})
    assert latency.percentile(95) == 1.5
    assert latency.percentile(99.9) == 2.0
    assert latency.percentile(97) is None


def test_any_percentile_can_be_computed_from_a_distribution() -> None:
    latency = counted([1.0, 2.0, 3.0, 4.0]).summary()
    assert latency is not None
    assert latency.percentile(25) == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize(
    ("q", "fewest"), [(50, 1), (75, 4), (90, 10), (95, 20), (99, 100), (99.9, 1000), (100, 1)]
)
def test_a_percentile_is_reported_from_so_many_durations_on(q: float, fewest: int) -> None:
    known = {f"{q:g}": 7.0}
    few, enough = (
        Latency(count=count, mean=1.0, min=1.0, max=9.0, percentiles=known) for count in (fewest - 1, fewest)
    )
    assert few.reported(q) is None
    assert enough.reported(q) == 7.0


@given(DURATIONS, st.lists(st.floats(min_value=0.01, max_value=10_000), max_size=10, unique=True))
def test_durations_are_counted_between_edges(durations: list[float], edges: list[float]) -> None:
    edges.sort()
    counts = [0] * (len(edges) + 1)
    for duration, count in counted(durations).recorded():
        counts[bisect_right(edges, duration)] += count
    assert counted(durations).counts_between(tuple(edges)) == counts


def test_a_distribution_that_another_program_encoded_is_read() -> None:
    other = HdrHistogram(1, 60_000_000, 3)
    for microseconds in (1_000, 2_000, 50_000):
        other.record_value(microseconds)
    text = other.encode().decode()
    latency = Histogram.of([text, counted([1.0]).encode()]).summary()
    assert latency is not None
    assert latency.count == 4
    assert latency.min == pytest.approx(1.0, rel=0.01)
    assert latency.max == pytest.approx(50.0, rel=0.01)
