import contextlib
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_runs import latency, operation, run

from loadtest.core.errors import UsageError
from loadtest.judge.criteria.criterion import CriterionOutcome, CriterionResult, parse, read_criteria
from loadtest.judge.criteria.evaluate import CriteriaInput, judge_criteria
from loadtest.results.latency import Latency
from loadtest.results.run import Run, total_latency

NOTHING = CriteriaInput({}, {})


def timed(name: str, *durations: float, area: str = "tools") -> Run:
    made = operation(name, len(durations), area=area)
    return run(operations=(replace(made, latency=latency(*durations)),))


def one(text: str, here: Run, counts: CriteriaInput = NOTHING) -> CriterionResult:
    counts = dataclasses.replace(counts, latency=total_latency(here))
    return judge_criteria(here, [parse(text)], counts)[0]


@pytest.mark.parametrize(
    ("text", "metric", "limit", "scope", "samples"),
    [
        ("p95 < 500ms", "p95", 500, "", 20),
        ("p99.9<1s", "p99.9", 1000, "", 1000),
        ("p99 <= 1.5 s", "p99", 1500, "", 100),
        ("p100 < 1s", "p100", 1000, "", 20),
        ("avg < 200ms", "avg", 200, "", 20),
        ("error-rate < 1%", "error-rate", 0.01, "", 20),
        ("rps > 20", "rps", 20, "", 20),
        ("requests > 100", "requests", 100, "", 1),
        ("GET /tools: p95 < 300ms", "p95", 300, "GET /tools", 20),
        ("GET /roots/{uri:path}: p95 < 300ms", "p95", 300, "GET /roots/{uri:path}", 20),
        ("POST /rpc tools/call: max < 2s", "max", 2000, "POST /rpc tools/call", 20),
        ("area teams: error-rate < 1%, min-samples 5", "error-rate", 0.01, "area teams", 5),
    ],
)
def test_parsing(text: str, metric: str, limit: float, scope: str, samples: int) -> None:
    parsed = parse(text)
    assert (parsed.metric, parsed.scope, parsed.min_samples) == (metric, scope, samples)
    assert parsed.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p95",
        "p95 < 500",
        "p95 < 500%",
        "p101 < 1s",
        "rps > 20ms",
        "error-rate < 0.01",
        "latency < 1s",
        "p95 = 500ms",
        "p95 < -1ms",
        "tools: p95 < 1s",
        "GET /tools: operations > 1",
        "p95 < 500ms, min-samples few",
    ],
)
def test_an_invalid_criterion_is_reported_with_its_origin(text: str) -> None:
    with pytest.raises(UsageError, match=r"^here: "):
        parse(text, origin="here")


PIECES = (
    *(
        "p95",
        "p101",
        "error-rate",
        "rps",
        "requests",
        "max",
        "area ",
        "GET /a",
        ": ",
        " < ",
        ">=",
        "= ",
        ", ",
    ),
    *(
        "min-samples ",
        "500ms",
        "1s",
        "1%",
        "0",
        "-1",
        "9" * 400,
        "1e999",
        "nan",
        "\0",
        "\n",
        "é",
        "\ud800",
        " ",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_any_text_is_a_criterion_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse(text).text


def test_met_and_missed() -> None:
    here = timed("GET /a", *[100.0] * 95, *[900.0] * 5)
    assert one("p90 < 200ms", here).outcome is CriterionOutcome.MET
    missed = one("max < 500ms", here)
    assert missed.outcome is CriterionOutcome.MISSED
    assert missed.text.startswith("max is 90")
    assert missed.text.endswith("expected < 500 ms")
    assert one("requests >= 100", here).outcome is CriterionOutcome.MET
    assert one("requests > 100", here).outcome is CriterionOutcome.MISSED
    assert one("rps > 1", here).outcome is CriterionOutcome.MET
    assert one("avg < 1s", here).text.endswith("expected < 1 s")


def test_too_few_samples_are_never_green() -> None:
    here = timed("GET /a", *[1.0] * 19)
    result = one("p95 < 500ms", here)
    assert result.outcome is CriterionOutcome.INCONCLUSIVE
    assert "19 requests, at least 20" in result.text
    assert one("p95 < 500ms, min-samples 19", here).outcome is CriterionOutcome.MET
    assert one("p99 < 500ms", timed("GET /a", *[1.0] * 99)).outcome is CriterionOutcome.INCONCLUSIVE


def test_a_scope_that_was_never_called_is_inconclusive() -> None:
    here = timed("GET /a", *[1.0] * 50)
    for text in ("GET /b: p95 < 1s", "area teams: p95 < 1s", "GET /b: requests > 0"):
        assert one(text, here).outcome is CriterionOutcome.INCONCLUSIVE


def test_the_path_of_json_rpc_holds_its_methods() -> None:
    here = run(operations=(operation("POST /rpc a", 30), operation("POST /rpc b", 30)))
    assert one("POST /rpc: requests >= 60", here).outcome is CriterionOutcome.MET
    assert one("POST /rpc a: requests >= 60", here).outcome is CriterionOutcome.MISSED


def test_only_new_failures_are_errors() -> None:
    here = run(operations=(operation("GET /a", 90, 10), operation("GET /b", 100)))
    counts = CriteriaInput({"GET /a": 4}, {})
    assert one("error-rate < 3%", here, counts).measured == pytest.approx(0.02)
    assert one("failure-rate < 3%", here, counts).measured == pytest.approx(0.05)
    assert one("GET /a: error-rate < 3%", here, counts).outcome is CriterionOutcome.MISSED


def test_operations_are_counted_by_area() -> None:
    here = run(operations=(operation("GET /a", 1, area="a"), operation("GET /b", 1, area="b")))
    counts = CriteriaInput({}, {"GET /a": "a", "GET /b": "b"})
    assert one("operations >= 2", here, counts).outcome is CriterionOutcome.MET
    assert one("area a: operations >= 2", here, counts).outcome is CriterionOutcome.MISSED


def test_percentiles_of_many_operations_are_exact() -> None:
    first = replace(operation("GET /a", 50), latency=latency(*[10.0] * 50))
    second = replace(operation("GET /b", 50), latency=latency(*[1000.0] * 50))
    merged = total_latency(run(operations=(first, second)))
    assert merged is not None
    assert merged.count == 100
    assert merged.percentile(50) == pytest.approx(10, rel=0.02)
    assert merged.percentile(51) == pytest.approx(1000, rel=0.02)


def csv_latency(count: int, p95: float) -> Latency:
    return Latency(count=count, mean=p95 / 2, min=1, max=p95 * 2, percentiles={"95": p95})


def test_without_histograms_only_known_values_are_reported() -> None:
    operations = tuple(
        replace(operation(name, 50), latency=csv_latency(50, p95))
        for name, p95 in (("GET /a", 10.0), ("GET /b", 30.0))
    )
    here = run(operations=operations)
    assert one("p95 < 1s", here).outcome is CriterionOutcome.INCONCLUSIVE
    assert one("area tools: p95 < 1s", here).outcome is CriterionOutcome.INCONCLUSIVE
    assert one("GET /a: p95 < 1s", here).measured == 10
    assert one("GET /a: p90 < 1s", here).outcome is CriterionOutcome.INCONCLUSIVE
    assert one("max < 1s", here).measured == 60
    assert one("avg < 1s", here).measured == 10
    assert one("p95 < 1s", replace(here, latency=csv_latency(100, 20.0))).measured == 20


def test_a_broken_histogram_is_reported() -> None:
    broken = replace(latency(1.0), histogram="nonsense")  # type: ignore[type-var]
    here = run(operations=tuple(replace(operation(n, 1), latency=broken) for n in ("GET /a", "GET /b")))
    with pytest.raises(UsageError, match=r"latency\.histogram"):
        total_latency(here)


def test_a_file_of_criteria(tmp_path: Path) -> None:
    path = tmp_path / "criteria.toml"
    path.write_text(
        "[[criterion]]\nexpression = 'p95 < 1s'\noperation = 'GET /a'\nmin-samples = 3\n"
        "[[criterion]]\nexpression = 'area b: rps > 1'\n[[criterion]]\nexpression='rps > 2'\narea='c'\n"
    )
    assert [(c.scope, c.min_samples) for c in read_criteria(path)] == [
        ("GET /a", 3),
        ("area b", 20),
        ("area c", 20),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[criterion]]\nexpression='rps'", "number 1"),
        ("[[criterion]]\nexpression='rps > 1'\narea='a'\noperation='GET /a'", "expected one scope"),
        ("[[criterion]]\nexpression='area b: rps > 1'\narea='a'", "expected one scope"),
        ("[[criterion]]\nexpresion='rps > 1'", "expresion"),
    ],
)
def test_a_bad_file_of_criteria(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "criteria.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_criteria(path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)
