import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_runs import TODAY, clean, failure, gateway_died, run

from loadtest.judge.categories import load_categories
from loadtest.judge.verdict import judge
from loadtest.reports.page.charts import HEIGHT, WIDTH, Logarithmic, ceiling, line, seconds_axis, steps
from loadtest.reports.page.timeline import MOST_STEPS, Chart, chart
from loadtest.results.latency import Histogram
from loadtest.results.measurements import Moment, ResourceSample, Timeline
from loadtest.results.run import Run, Sweep


def drawn(here: Run) -> Chart:
    found = chart(here, judge(here, categories=load_categories(), today=TODAY))
    assert found is not None
    return found


def column(found: Chart, name: str) -> list[str]:
    return [row[1 + found.names.index(name)] for row in found.rows]


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.1, 2), (2.2, 2.5), (26, 50), (51, 100), (0.03, 0.05)]
)
def test_a_scale_ends_at_a_round_number(value: float, top: float) -> None:
    assert ceiling(value) == pytest.approx(top)


@given(st.floats(1e-6, 1e12))
def test_a_scale_holds_its_value(value: float) -> None:
    assert value * 0.999_99 <= ceiling(value) <= value * 2.51


@pytest.mark.parametrize("duration", [1, 7, 60, 90, 3600, 14_400, 86_400])
def test_an_axis_of_time_has_some_ticks(duration: float) -> None:
    ticks = list(seconds_axis(duration))
    assert 1 <= len(ticks) <= 9
    assert all(float(tick.at.rstrip("%")) < 100 for tick in ticks)
    assert ticks[0].at == "0%"


def test_a_line_has_gaps_where_nothing_is_known() -> None:
    path = line([(0, 0.0), (1, 5.0), (2, None), (3, 10.0)], 4, 10)
    assert path == "M0 100h0L250 50M750 0h0"


def test_steps_hold_until_the_next_value() -> None:
    assert steps([(0, 10.0), (1, None), (3, 5.0)], 4, 10) == "M0 100V0H250V100zM750 100V50H1000V100z"


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30))
def test_bars_stay_inside_and_the_tallest_fills_the_height(durations: list[float]) -> None:
    axis = Logarithmic(1.0, 10_000.0)
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    path = axis.bars(histogram.counts_between(axis.edges))
    bars = [tuple(map(int, bar)) for bar in re.findall(r"M(\d+) 100v-(\d+)h(\d+)v\d+z", path)]
    assert max(height for _, height, _ in bars) == HEIGHT
    for left, height, width in bars:
        assert 0 <= left < left + width <= WIDTH
        assert 2 <= height <= HEIGHT


def test_an_axis_of_durations_names_decades() -> None:
    assert [tick.label for tick in Logarithmic(2.0, 5_000.0).ticks()] == ["1 ms", "10 ms", "100 ms", "1 s"]


def test_latency_is_drawn_by_decades() -> None:
    seconds = (Moment(at=0.0, requests=1, failures=0, users=1, p50=10.0, p95=100.0, p99=3_000.0),)
    found = drawn(run(duration=1.0, timeline=Timeline(moments=seconds), resources=()))
    panel = next(panel for panel in found.panels if panel.title == "Latency")
    assert [(tick.at, tick.label) for tick in panel.grid] == [
        ("0%", "10,000"),
        ("33.33%", "1,000"),
        ("66.67%", "100"),
    ]
    assert [line.path for line in panel.lines[:2]] == ["M0 100h0", "M0 66.67h0"]


def moments(number: int, **more: float) -> tuple[Moment, ...]:
    return tuple(replace(Moment(at=float(n), requests=2, failures=0, users=4), **more) for n in range(number))


def test_one_row_for_each_second_of_a_short_run() -> None:
    found = drawn(run(duration=10.0, timeline=Timeline(moments=moments(10)), resources=()))
    assert found.width == 1.0
    assert column(found, "requests/s") == ["2"] * 10
    assert [panel.title for panel in found.panels] == ["Requests", "Users"]


def test_a_long_run_is_drawn_in_wider_steps_and_loses_no_request() -> None:
    number = MOST_STEPS * 3
    found = drawn(run(duration=float(number), timeline=Timeline(moments=moments(number)), resources=()))
    assert found.width == 3.0
    assert len(found.rows) == MOST_STEPS
    assert column(found, "requests/s") == ["2"] * MOST_STEPS


def test_the_highest_latency_of_a_step_is_shown() -> None:
    number = MOST_STEPS * 2
    seconds = list(moments(number, p95=10.0))
    seconds[1] = replace(seconds[1], p95=900.0)
    found = drawn(run(duration=float(number), timeline=Timeline(moments=tuple(seconds)), resources=()))
    assert column(found, "p95")[:2] == ["900", "10"]


def test_users_are_constant_without_other_data() -> None:
    seconds = (moments(5)[0], moments(5)[4])
    found = drawn(run(duration=5.0, timeline=Timeline(moments=seconds), resources=()))
    assert column(found, "users") == ["4"] * 5
    assert column(found, "requests/s") == ["2", "", "", "", "2"]


def test_cpu_is_what_was_used_between_two_samples() -> None:
    def sample(at: float, cpu: float) -> ResourceSample:
        return ResourceSample(at=at, rss=250_000_000, cpu=cpu, descriptors=9, threads=1, processes=1)

    used = (sample(-1.0, 5.0), sample(0.5, 5.3), sample(1.5, 6.8), sample(3.5, 7.0))
    found = drawn(run(duration=4.0, resources=used))
    assert column(found, "CPU %") == ["20", "150", "10", "10"]
    assert column(found, "RSS MB") == ["250", "250", "", "250"]


@pytest.mark.parametrize(("every", "lines"), [(10, 1), (100, 3)])
def test_samples_are_connected_unless_they_are_far_apart(every: int, lines: int) -> None:
    samples = tuple(
        ResourceSample(
            at=float(at),
            rss=1,
            pss=5 * 10**8 if at % every == 0 else None,
            cpu=0.0,
            descriptors=9,
            threads=1,
            processes=1,
        )
        for at in range(230)
    )
    found = drawn(run(duration=230.0, resources=samples))
    (memory,) = (one for one in found.panels if one.title == "Gateway memory")
    (pss,) = (one for one in memory.lines if one.style == "pss")
    assert pss.path.count("M") == lines
    assert column(found, "PSS MB")[:2] == ["500", ""], "the table has what was measured only"


def test_what_happened_is_marked() -> None:
    here = replace(
        clean(),
        failures=(failure("GET /tools", first=30.0),),
        sweep=Sweep(planned=1, done=1, finished_at=12.0),
    )
    found = [(event.mark, event.clock, event.bad) for event in drawn(here).events]
    assert found == [("A", "00:12", False), ("B", "00:30", True)]
    assert "the gateway died" in [event.text for event in drawn(gateway_died()).events]


def test_a_run_without_times_has_no_chart() -> None:
    here = run(resources=(), duration=0.0)
    assert chart(here, judge(here, categories=load_categories(), today=TODAY)) is None
