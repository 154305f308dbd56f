import pytest
from msgspec.structs import replace
from sample_runs import clean, failure, latency, operation

from loadtest.judge.comparison import MIN_SAMPLES, LatencyChange, compare
from loadtest.results.run import Run, RunState


def timed(*durations: float, name: str = "GET /tools") -> Run:
    one = replace(operation(name, len(durations)), latency=latency(*durations))
    return replace(clean(), operations=(one,))


@pytest.mark.parametrize(
    ("before", "now", "count", "trend"),
    [
        (100.0, 100.0, 50, LatencyChange.UNCHANGED),
        (100.0, 140.0, 50, LatencyChange.SLOWER),
        (140.0, 100.0, 50, LatencyChange.FASTER),
        (100.0, 115.0, 50, LatencyChange.UNCHANGED),
        (1.0, 4.0, 50, LatencyChange.UNCHANGED),
        (100.0, 400.0, MIN_SAMPLES - 1, LatencyChange.UNSURE),
        (100.0, 400.0, MIN_SAMPLES, LatencyChange.SLOWER),
        (0.0, 50.0, 50, LatencyChange.SLOWER),
    ],
)
def test_only_differences_are_reported(before: float, now: float, count: int, trend: LatencyChange) -> None:
    (difference,) = compare(timed(*[now] * count), timed(*[before] * count)).operations
    assert difference.trend is trend


def test_few_samples_on_one_side_are_too_few() -> None:
    (difference,) = compare(timed(*[900.0] * 50), timed(100.0)).operations
    assert difference.trend is LatencyChange.UNSURE


def test_the_worst_comes_first() -> None:
    def run(**p95: float) -> Run:
        return replace(
            clean(),
            operations=tuple(
                replace(operation(name, 30), latency=latency(*[value] * 30)) for name, value in p95.items()
            ),
        )

    found = compare(run(a=100, b=300, c=900, d=50), run(a=100, b=100, c=100, d=100)).operations
    assert [one.name for one in found] == ["c", "b", "d", "a"]


def test_an_area_has_samples_where_its_operations_have_not() -> None:
    def run(duration: float) -> Run:
        few = [replace(operation(f"GET /{n}", 5), latency=latency(*[duration] * 5)) for n in range(5)]
        return replace(clean(), operations=(*few, operation("GET /x", 1, area="few")))

    found = compare(run(300.0), run(100.0))
    assert {one.trend for one in found.operations} == {LatencyChange.UNSURE}
    assert [(one.name, one.trend) for one in found.areas] == [
        ("tools", LatencyChange.SLOWER),
        ("few", LatencyChange.UNSURE),
    ]
    assert found.areas[0].ratio == pytest.approx(3.0, rel=0.02)


def test_failures_come_and_go() -> None:
    old, new, both = failure("GET /tools", "old"), failure("GET /tools", "new"), failure("GET /tools", "both")
    elsewhere = failure("GET /never", "not called now")
    found = compare(replace(clean(), failures=(new, both)), replace(clean(), failures=(old, both, elsewhere)))
    assert found.new_failures == (new,)
    assert found.resolved_failures == (old,)


def test_coverage_is_won_and_lost() -> None:
    now = replace(clean(), operations=(operation("GET /a", 1), operation("GET /b", 0, 3)))
    before = replace(clean(), operations=(operation("GET /b", 1), operation("GET /c", 1)))
    found = compare(now, before)
    assert (found.gained, found.lost) == (("GET /a",), ("GET /b", "GET /c"))


def test_runs_that_cannot_be_compared_are_reported() -> None:
    now = replace(clean(), settings=replace(clean().settings, users=5), state=RunState.INTERRUPTED)
    assert compare(now, clean()).differences == (
        "number of users: 20 before, 5 now",
        "the baseline is complete, this run interrupted",
    )
    assert compare(clean(), clean()).differences == ()


def test_a_run_with_itself_shows_nothing() -> None:
    found = compare(clean(), clean())
    assert not found.new_failures
    assert not found.resolved_failures
    assert not found.gained
    assert not found.lost
    assert {one.trend for one in found.operations} <= {LatencyChange.UNCHANGED, LatencyChange.UNSURE}
    assert all(one.before == one.now for one in found.figures)


def test_what_is_not_known_is_none() -> None:
    empty = replace(clean(), operations=(), resources=(), duration=0.0)
    figures = {one.name: one for one in compare(clean(), empty).figures}
    assert figures["p95"].before is None
    assert figures["requests per second"].before is None
    assert figures["failed requests"].before is None
    assert figures["gateway memory, peak"].before is None
    assert figures["gateway memory, peak"].now == 300_000_000
