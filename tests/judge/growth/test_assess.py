"""From a run to what grows in it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from loaded_modules import loaded_modules
from long_runs import MIB, PLAN, moment, process, sample, soak
from msgspec.structs import replace
from sample_runs import TODAY, clean

from loadtest.judge.categories import load_categories
from loadtest.judge.checks.check import Check, Severity
from loadtest.judge.growth.assess import MIN_DURATION, assess_endurance
from loadtest.judge.growth.metrics import metrics
from loadtest.judge.growth.model import Growth, Trend
from loadtest.judge.growth.series import series_of, steady_spans
from loadtest.judge.verdict import Result, judge
from loadtest.results.latency import Latency
from loadtest.results.measurements import LoadStage, Minute, Process, Timeline
from loadtest.results.run import Run

CATEGORIES = load_categories()


def growth_of(run: Run, metric: str, of: str = "all processes") -> Growth:
    (one,) = [one for one in assess_endurance(run, {}).growth if (one.metric, one.of) == (metric, of)]
    return one


def leaking(at: float) -> float:
    return 300 + at / 10


def test_a_load_with_a_mix_after_its_sweep_is_no_soak() -> None:
    mix = LoadStage(name="mix", start=60.0, end=90.0, rate=1.0)
    for stage, soaked in ((mix, False), (replace(mix, name="plateau"), True)):
        run = replace(clean(), duration=MIN_DURATION, timeline=Timeline(stretches=(stage,)))
        assert assess_endurance(run, {}).soak is soaked


def test_a_short_run_is_not_assessed_and_costs_nothing() -> None:
    assert not assess_endurance(clean(), {}).judged
    assert assess_endurance(replace(clean(), duration=MIN_DURATION), {}).judged
    assert "numpy" not in loaded_modules("judged_short_run")


def test_only_plateaus_count() -> None:
    assert steady_spans(soak()) == ((100, 1300),)
    assert steady_spans(clean()) == ((0.0, 60.0),)
    wild = soak(lambda at: 300 if 100 <= at <= 1300 else 300 + abs(at) * 7)
    assert growth_of(wild, "rss").trend is Trend.STABLE
    assert growth_of(wild, "rss").slope == pytest.approx(0, abs=MIB)


def test_a_leak_is_reported_with_its_limit() -> None:
    here = replace(soak(leaking), limits={"memory": 1 << 30})
    growth = growth_of(here, "rss")
    assert growth.trend is Trend.GROWING
    assert growth.slope == pytest.approx(360 * MIB, rel=0.01)
    assert growth.limit == 1 << 30
    assert growth.hours_left == pytest.approx((1024 - 430) / 360, rel=0.02)
    assert growth.text.startswith("rss of all processes grows: +360 MiB per hour (")
    assert growth.text.endswith("reaches its limit of 1 GiB in 2 h")
    assert assess_endurance(here, {}).growth[0] == growth, "what grows comes first"
    assert growth_of(soak(leaking), "rss").hours_left is None


def test_the_same_run_gives_the_same_figures_whatever_its_order() -> None:
    here = soak(leaking, processes=(process(1, -5), process(2, -5)))
    there = replace(here, processes=here.processes[::-1])
    assert assess_endurance(here, {}) == assess_endurance(here, {})
    assert set(assess_endurance(here, {}).growth) == set(assess_endurance(there, {}).growth)


def test_each_of_several_processes_is_assessed() -> None:
    one = replace(process(1, -5), samples=tuple(sample(at, leaking(at)) for at in range(0, 1700, 5)))
    here = soak(processes=(one, process(2, -5)))
    assert growth_of(here, "rss").trend is Trend.STABLE
    assert growth_of(here, "rss", "gunicorn 1").trend is Trend.GROWING
    assert growth_of(here, "rss", "gunicorn 2").trend is Trend.STABLE
    wholes = [one.whole for one in assess_endurance(here, {}).trending(Trend.STABLE)]
    assert wholes == sorted(wholes, reverse=True), "the whole before its parts"
    assert {one.of for one in assess_endurance(soak(processes=(one,)), {}).growth} == {
        "all processes",
        "all requests",
    }


def test_the_limit_on_descriptors_is_that_of_one_process() -> None:
    def limits(*processes: Process) -> dict[str, float | None]:
        here = replace(soak(processes=processes), limits={"descriptors": 1024})
        return {one.of: one.limit for one in series_of(here, {}) if one.metric == "descriptors"}

    assert limits(process(1, -5)) == {"all processes": 1024}
    assert limits(process(1, -5), process(2, -5)) == {
        "all processes": None,
        "gunicorn 1": 1024,
        "gunicorn 2": 1024,
    }


@pytest.mark.parametrize("metric", ["descriptors", "threads", "database", "cache"])
def test_what_is_counted_grows_one_by_one(metric: str) -> None:
    def grown(run: Run, per_hour: float) -> Run:
        return replace(
            run,
            resources=tuple(
                replace(one, **{metric: 20 + int(max(one.at, 0) * per_hour / 3600)}) for one in run.resources
            ),
        )

    assert growth_of(grown(soak(), 0), metric).trend is Trend.STABLE
    found = growth_of(grown(soak(), 100), metric)
    assert found.trend is Trend.GROWING
    assert found.slope == pytest.approx(100, rel=0.1)


def test_latency_is_judged_by_steps_or_by_minutes() -> None:
    slower = soak(moments=lambda at: moment(at, p95=100 + at / 8))
    assert growth_of(slower, "latency p95", "all requests").trend is Trend.GROWING
    assert growth_of(slower, "latency p50", "all requests").trend is Trend.STABLE
    minutes = tuple(
        Minute(
            at=60.0 * n,
            requests=600,
            latency=Latency(count=600, mean=20, min=1, max=99, percentiles={"50": 20 + n * 4, "95": 90}),
        )
        for n in range(28)
    )
    by_minutes = replace(slower, timeline=replace(slower.timeline, minutes=minutes))
    assert growth_of(by_minutes, "latency p50", "all requests").trend is Trend.GROWING
    assert growth_of(by_minutes, "latency p95", "all requests").trend is Trend.STABLE
    count = {one.metric: len(one.times) for one in series_of(by_minutes, {})}
    assert count["latency p50"] == 19, "whole minutes inside of the plateau, from 100 s to 1,300 s"


def test_increasing_new_failures_are_reported() -> None:
    minutes = tuple(Minute(at=60.0 * n, requests=600) for n in range(28))
    here = soak()
    here = replace(here, timeline=replace(here.timeline, minutes=minutes))

    def errors(new_by_minute: Mapping[int, int]) -> list[Trend]:
        growth = assess_endurance(here, new_by_minute).growth
        return [one.trend for one in growth if one.metric == "error rate"]

    assert errors({n: 6 * n for n in range(28)}) == [Trend.GROWING]
    assert errors(dict.fromkeys(range(28), 30)) == [Trend.STABLE]
    assert errors({}) == []


@pytest.mark.parametrize(
    ("run", "severity", "result"),
    [
        (soak(), Severity.PASSED, Result.PASS),
        (soak(leaking), Severity.FAILURE, Result.FAIL),
        (soak(seconds=200, plan=()), Severity.INCONCLUSIVE, Result.INCONCLUSIVE),
        (soak(resources=(), timeline=Timeline()), Severity.INCONCLUSIVE, Result.INCONCLUSIVE),
        (clean(), Severity.NOT_MEASURED, Result.PASS),
        (replace(clean(), duration=MIN_DURATION), Severity.NOT_MEASURED, Result.PASS),
    ],
)
def test_growth_fails_a_run_and_an_unclear_trend_never_passes_a_soak(
    run: Run, severity: Severity, result: Result
) -> None:
    verdict = judge(run, categories=CATEGORIES, today=TODAY)
    (seen,) = [one for one in verdict.checks if one.check is Check.GROWTH]
    assert (seen.severity, verdict.result) == (severity, result), seen


def test_a_process_without_a_trend_does_not_hide_that_the_sum_is_stable() -> None:
    short = process(2, 1250, None)
    here = soak(processes=(process(1, -5), short))
    assert growth_of(here, "rss", "gunicorn 2").trend is Trend.UNKNOWN
    verdict = judge(here, categories=CATEGORIES, today=TODAY)
    (seen,) = [one for one in verdict.checks if one.check is Check.GROWTH]
    assert seen.severity is Severity.PASSED


def test_every_metric_has_a_reason_and_a_text() -> None:
    assert all(metric.reason and metric.grain > 0 for metric in metrics().values())
    assert all(metric.per_hour or metric.over_run or metric.least for metric in metrics().values())
    assert PLAN[1].name == "plateau"
