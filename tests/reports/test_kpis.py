import json
from dataclasses import replace as replace_one

from msgspec.structs import replace
from sample_runs import TODAY, VERSION, clean, did_not_boot, empty, gateway_died, latency, operation

from loadtest.core.units import amount
from loadtest.judge.categories import load_categories
from loadtest.judge.comparison import MIN_SAMPLES
from loadtest.judge.growth.model import Endurance, Growth, Trend
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.formats import bencher_json, benchmark_json
from loadtest.reports.kpis import closed_loop
from loadtest.results.measurements import LoadStage, ResourceSample, Timeline
from loadtest.results.run import Phase, Run
from loadtest.results.target import ReplicaUsage


def verdict(run: Run) -> Verdict:
    return judge(run, categories=load_categories(), version_data=VERSION, today=TODAY)


def followed(run: Run) -> dict[str, tuple[float, str]]:
    entries = json.loads(benchmark_json.render(run, verdict(run)))
    assert all(set(entry) == {"name", "unit", "value", "extra"} for entry in entries)
    names = [entry["name"] for entry in entries]
    assert len(set(names)) == len(names)
    return {entry["name"]: (entry["value"], entry["unit"]) for entry in entries}


def sample(at: float, cpu: float, rss: int) -> ResourceSample:
    return ResourceSample(at=at, rss=rss, cpu=cpu, descriptors=1, threads=1, processes=1)


def measured() -> Run:
    return replace(
        clean(),
        operations=(
            replace(operation("GET /tools", 90, 10), latency=latency(*[100.0] * 100)),
            replace(operation("GET /few", 3, area="few"), latency=latency(1.0, 1.0, 1.0)),
        ),
        resources=(
            sample(-5.0, 1.0, 900_000_000),
            sample(0.0, 3.0, 1_000_000),
            sample(60.0, 13.3, 500_000_000),
        ),
        phases=(Phase(name="boot", seconds=6.2),),
    )


def test_what_is_followed() -> None:
    found = followed(measured())
    assert found["failed requests"] == (9.709, "%")
    assert found["gateway CPU for a request"] == (100.0, "ms")
    assert found["gateway memory, peak"] == (500.0, "MB")
    assert found["gateway boot"] == (6.2, "s")
    assert 99 < found["tools, p95"][0] < 101
    assert found["operations without a success"][1] == "operations"


MIX = LoadStage(name="mix", start=62.0, end=90.0, rate=1.25)


def test_the_latencies_of_a_first_sweep_are_labelled_and_those_of_the_mix_are_given() -> None:
    run = measured()
    assert closed_loop(run).startswith("Closed loop of 20 users: each waits")
    few, enough = latency(*[40.0] * 19), latency(*[40.0] * 20)
    assert few is not None
    each = amount(few.reported(50) or 0.0, "ms")
    for measured_latency, figures in (
        (None, "1.2 scenarios/s."),
        (few, f"1.2 scenarios/s (19 requests: p50 {each})."),
        (enough, f"1.2 scenarios/s (20 requests: p50 {each}, p95 {each})."),
    ):
        text = closed_loop(replace(run, timeline=Timeline(stretches=(MIX,), latency=measured_latency)))
        assert text.startswith("The first sweep was a closed loop of 20 users")
        assert f"The mix, from 01:02 on, was an open loop of {figures}" in text
    soaked = Timeline(stretches=(replace(MIX, name="plateau"),))
    assert not closed_loop(replace(run, timeline=soaked))


def test_cpu_for_a_request_is_that_of_all_gateways() -> None:
    run = replace(measured(), replicas=(ReplicaUsage(cpu=10.3),))
    assert followed(run)["gateway CPU for a request"] == (200.0, "ms")


def test_growth_of_a_long_run_is_followed_and_never_below_nothing() -> None:
    assert "gateway memory, growth" not in followed(measured())
    growth = Growth(
        metric="rss", of="all processes", unit="bytes", trend=Trend.STABLE, text="", slope=12_345_678.0
    )
    for slope, shown in ((12_345_678.0, 12.3), (-5e6, 0.0)):
        grown = Endurance(judged=True, growth=(replace_one(growth, slope=slope),))
        long = replace_one(verdict(measured()), endurance=grown)
        entries = json.loads(benchmark_json.render(measured(), long))
        assert {"name": "gateway memory, growth", "unit": "MB/h", "value": shown, "extra": ""} in entries


def test_an_area_with_few_requests_is_left_out() -> None:
    assert MIN_SAMPLES > 3
    assert not [name for name in followed(measured()) if name.startswith("few")]


def test_a_run_that_is_no_evidence_is_not_followed() -> None:
    for run in (gateway_died(), did_not_boot(), empty()):
        assert followed(run) == {}
        assert json.loads(bencher_json.render(run, verdict(run))) == {}


def test_what_is_not_known_is_left_out() -> None:
    found = followed(replace(measured(), resources=(), phases=(), contract=None))
    assert not [name for name in found if "gateway" in name or "operations" in name]


def test_bencher_gets_nanoseconds_and_bounds_in_order() -> None:
    run = measured()
    found = json.loads(bencher_json.render(run, verdict(run)))
    assert set(found) == {"all requests"}
    for measures in found.values():
        one = measures["latency"]
        assert one["lower_value"] <= one["value"] <= one["upper_value"]
    assert 99e6 < found["all requests"]["latency"]["value"] < 101e6
    assert found["all requests"]["throughput"] == {"value": 1.717}
    assert found["all requests"]["failed-requests-percent"] == {"value": 9.709}
    assert all(
        set(metric) <= {"value", "lower_value", "upper_value"}
        for one in found.values()
        for metric in one.values()
    )
