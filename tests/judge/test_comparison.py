import math
import random

import pytest
from msgspec.structs import replace
from sample_runs import clean, failure, latency, operation

from loadtest.judge.comparison import (
    FEWEST,
    MIN_SAMPLES,
    Comparison,
    LatencyChange,
    OperationComparison,
    compare,
)
from loadtest.results.run import Run, RunState


def timed(*durations: float, name: str = "GET /tools", others: float = 100.0) -> Run:
    """A run with one operation, and enough ``others`` to know the noise."""
    one = replace(operation(name, len(durations)), latency=latency(*durations))
    steady = (
        replace(operation(f"GET /{number}", 50), latency=latency(*[others] * 50)) for number in range(FEWEST)
    )
    return replace(clean(), operations=(one, *steady))


def of_tools(found: Comparison) -> OperationComparison:
    (one,) = [one for one in found.operations if one.name == "GET /tools"]
    return one


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
    assert of_tools(compare(timed(*[now] * count), timed(*[before] * count))).trend is trend


def test_a_slower_machine_is_no_change() -> None:
    found = compare(timed(*[300.0] * 50, others=300.0), timed(*[100.0] * 50))
    assert {one.trend for one in found.operations} == {LatencyChange.UNCHANGED}
    assert found.noise is not None
    assert found.noise.middle == pytest.approx(3.0, rel=0.02)
    slower = compare(timed(*[900.0] * 50, others=300.0), timed(*[100.0] * 50))
    assert of_tools(slower).trend is LatencyChange.SLOWER
    assert of_tools(slower).ratio == pytest.approx(3.0, rel=0.02)


def test_nothing_is_shown_that_two_runs_of_the_same_code_would_show() -> None:
    chance = random.Random(6)

    def run() -> Run:
        operations = (
            replace(operation(f"GET /{n}", 30), latency=latency(*[100 * math.exp(chance.gauss(0, 0.3))] * 30))
            for n in range(200)
        )
        return replace(clean(), operations=tuple(operations))

    for _ in range(5):
        found = compare(run(), run())
        assert {one.trend for one in found.operations} == {LatencyChange.UNCHANGED}
        assert found.noise is not None
        assert found.noise.shown_from > 5


def test_few_operations_do_not_tell_the_noise() -> None:
    alone = replace(
        clean(), operations=(replace(operation("GET /tools", 50), latency=latency(*[900.0] * 50)),)
    )
    before = replace(
        clean(), operations=(replace(operation("GET /tools", 50), latency=latency(*[100.0] * 50)),)
    )
    (difference,) = compare(alone, before).operations
    assert difference.trend is LatencyChange.UNSURE
    assert compare(alone, before).noise is None


def test_few_samples_on_one_side_are_too_few() -> None:
    assert of_tools(compare(timed(*[900.0] * 50), timed(100.0))).trend is LatencyChange.UNSURE


def test_the_worst_comes_first() -> None:
    def run(**p95: float) -> Run:
        return replace(
            clean(),
            operations=tuple(
                replace(operation(name, 30), latency=latency(*[value] * 30))
                for name, value in (p95 | {f"e{number}": 100 for number in range(FEWEST)}).items()
            ),
        )

    found = compare(run(a=100, b=300, c=900, d=50), run(a=100, b=100, c=100, d=100)).operations
    assert [one.name for one in found][:4] == ["c", "b", "d", "a"]


def test_an_area_has_samples_where_its_operations_have_not() -> None:
    def run(duration: float) -> Run:
        few = [replace(operation(f"GET /{n}", 5), latency=latency(*[duration] * 5)) for n in range(5)]
        steady = [
            replace(operation(f"GET /s{n}", 30, area=f"s{n}"), latency=latency(*[100.0] * 30))
            for n in range(FEWEST)
        ]
        return replace(clean(), operations=(*few, operation("GET /x", 1, area="few"), *steady))

    found = compare(run(300.0), run(100.0))
    assert {one.trend for one in found.operations if one.now.area == "tools"} == {LatencyChange.UNSURE}
    trends = {one.name: one.trend for one in found.areas if not one.name.startswith("s")}
    assert trends == {"tools": LatencyChange.SLOWER, "few": LatencyChange.UNSURE}
    assert found.areas[0].ratio == pytest.approx(3.0, rel=0.02)


def test_failures_come_and_go() -> None:
    old, new, both = failure("GET /tools", "old"), failure("GET /tools", "new"), failure("GET /tools", "both")
    elsewhere = failure("GET /never", "not called now")
    found = compare(replace(clean(), failures=(new, both)), replace(clean(), failures=(old, both, elsewhere)))
    assert found.new_failures == (new,)
    assert found.resolved_failures == (old,)


def test_gained_and_lost_operations() -> None:
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
