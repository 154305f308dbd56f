import json
import re
from dataclasses import replace as with_
from pathlib import Path

import pytest
from html_page import Page, rendered, verdict
from msgspec.structs import replace
from sample_runs import KNOWN, clean, failure, failures, gateway_died, known, latency, operation, run

from loadtest.core.errors import UsageError
from loadtest.judge.comparison import FEWEST, compare
from loadtest.judge.history import past_run
from loadtest.reports.formats import html
from loadtest.reports.page import failures as html_failures
from loadtest.reports.page import operations as html_operations
from loadtest.reports.page.coverage import coverage_map
from loadtest.results.failures import Example
from loadtest.results.locust_csv import read_csv_run
from loadtest.results.measurements import CallBucket, CallsOverTime, Moment, ResourceSample, Timeline
from loadtest.results.run import Run, Worker


def test_the_page_contains_what_matters() -> None:
    page = Page(rendered(failures(), KNOWN))
    for words in (
        "FAIL",
        "Next",
        "POST /tools",
        "5 times",
        "71.4 % of its requests",
        "00:01 to 00:41",
        "curl -X POST http://127.0.0.1:4444/tools",
        "KeyError: 'name'",
        "origin: ",
        "fixed in the next release",
        "the sweeper was faster",
        "6/6 operations called, 4 correct, 1 failing, 1 known to fail.",
        "ToolsUser.lifecycle · loadtest/users/registry/tools.py:13",
    ):
        assert words in page.text, words
    text = page.text
    assert text.index("Internal Server Error") < text.index("slow query")


def test_a_traceback_is_distinguished() -> None:
    text = rendered(failures(), KNOWN)
    for line in ("ERROR request failed", "Traceback (most recent call last):", "KeyError: &#39;name&#39;"):
        assert f"<b>{line}</b>" in text


def big(kinds: int) -> Run:
    example = Example(at=0.0, curl="curl " + "x" * 9_999, answer="<" * 9_999, log=("`" * 999,) * 50)
    names = [f"GET /{'a' * 60}/{{x{n}}}" for n in range(kinds)]
    one = replace(
        operation("x", 0, 1),
        latency=latency(*(1.5**n for n in range(22))),
        statuses={"200": 1, "500": 3},
        scenario="ToolsUser.lifecycle",
    )
    moments = tuple(
        Moment(at=float(n), requests=n, failures=1, users=20, p50=1.0, p95=9.0, p99=1e4) for n in range(600)
    )
    samples = tuple(
        ResourceSample(at=float(n), rss=n * 10**6, cpu=n / 2, descriptors=n, threads=1, processes=1)
        for n in range(600)
    )
    return run(
        contract=tuple(names),
        operations=tuple(replace(one, name=name, area=f"area{n % 40}") for n, name in enumerate(names)),
        failures=tuple(failure(name, "#" * 300, examples=(example,)) for name in names),
        timeline=Timeline(moments=moments),
        resources=samples,
        duration=600.0,
    )


def test_five_hundred_operations_that_all_fail_are_less_than_two_megabytes() -> None:
    text = rendered(big(500))
    assert len(text.encode()) < 2_000_000
    assert "Evidence omitted to limit the size of this page; see run.json" in text


def test_omissions_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_operations, "MOST", 10)
    monkeypatch.setattr(html_operations, "MOST_BRIEF", 0)
    monkeypatch.setattr(html_failures, "MOST", 7)
    page = Page(rendered(big(30)))
    assert "20 more not shown (all in run.json)" in page.text
    assert "23 more not shown (all in run.json)" in page.text


def test_further_operations_are_data_for_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_operations, "MOST", 10)
    table = html_operations.operation_table(big(30), verdict(big(30)))
    assert (len(table.rows), table.briefs, table.left_out) == (10, 20, 0)
    rows = json.loads(table.brief)
    assert len(rows) == 20
    name, anchor, area, requests, failed, allowed, *figures, received = rows[0]
    assert anchor == html_operations.anchor_of(name)
    assert (table.areas[area][:4], requests, failed, allowed, received) == ("area", 1, 1, 0, 0)
    measured = big(1).operations[0].latency
    assert measured is not None
    shown = (measured.reported(50), measured.reported(95), measured.reported(99), measured.max)
    assert figures == [None if one is None else round(one, 1) for one in shown]


def test_later_rows_are_text_for_the_script_in_the_order_of_their_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html_operations, "FIRST", 4)
    monkeypatch.setattr(html_operations, "MOST", 10)
    here = big(30)
    table = html_operations.operation_table(here, verdict(here))
    anchors = [row[1] for row in json.loads(table.brief)]
    assert len(anchors) == 26
    shown, later = rendered(here).split('<noscript id="rest">')
    rest, _, after = later.partition("</noscript>")
    rows = [re.findall(r'<tr id="(o-\w+)"', part) for part in (shown, rest, after)]
    assert rows == [[row.anchor for row in table.rows[:4]], anchors[:6], []]
    assert rest.startswith('<table class="operations"><tbody>\n<tr')
    assert rest.endswith("</tr>\n</tbody></table>")


def test_the_worst_operations_are_the_ones_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_operations, "MOST", 2)
    here = replace(failures(), failures=(failure("GET /version"),))
    table = html_operations.operation_table(here, verdict(here))
    assert [row.name for row in table.rows] == ["GET /version", "POST /tools"]


def test_details_have_the_percentiles_that_the_table_has() -> None:
    few = replace(operation("GET /tools", 30), latency=latency(*range(1, 31)))
    here = replace(clean(), operations=(few,))
    (row,) = html_operations.operation_table(here, verdict(here)).rows
    assert [share for share, _ in row.percentiles] == ["50", "75", "90", "95"]
    assert "p99.9" not in Page(rendered(here)).text


@pytest.mark.parametrize("here", [clean(), failures(), replace(failures(), contract=None)])
def test_every_section_counts_operations_as_the_headline_does(here: Run) -> None:
    judged = verdict(here, KNOWN)
    coverage = judged.coverage
    areas = coverage_map(coverage).areas
    assert sum(one.correct for one in areas) == coverage.answered
    assert sum(one.total for one in areas) == coverage.total
    past = past_run(here)
    assert f"{past.called}{f'/{coverage.total}' if coverage.known else ''} operations called" in coverage.line
    assert past.correct == coverage.answered


def test_a_dead_gateway_is_the_headline() -> None:
    page = Page(rendered(gateway_died()))
    assert "gateway died at 00:41 (signal 9)" in page.text
    assert "no evidence" in page.text


CSV = """Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,\
Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%
GET,/tools,10,0,12,12.5,9,20,4185,1.0,0.0,12,12,13,13,15,20,20,20,20,20,20
,Aggregated,10,0,12,12.5,9,20,4185,1.0,0.0,12,12,13,13,15,20,20,20,20,20,20
"""


def test_what_a_csv_file_does_not_know_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "any_stats.csv").write_text(CSV)
    page = Page(rendered(read_csv_run(tmp_path / "any")))
    assert "GET /tools" in page.text
    for words in (
        "users at",
        "bodies checked",
        "allowed",
        "gateway source",
        "Gateway CPU",
        "Backends",
        "Entities",
    ):
        assert words not in page.text, words
    assert "distribution" not in {value for _, name, value in page.attributes if name == "class"}
    assert "Phase durations" not in page.text
    assert "environment" not in page.ids
    assert "Environment" not in page.text


def test_an_invalid_histogram_is_reported_with_its_operation() -> None:
    one = operation("GET /tools", 1)
    assert one.latency is not None
    broken = replace(one, latency=replace(one.latency, histogram="not base64"))
    here = clean()
    with pytest.raises(UsageError, match="GET /tools"):
        html.render(replace(here, operations=(broken,)), verdict(here))


def test_the_baseline_is_compared() -> None:
    steady = tuple(
        replace(operation(f"GET /{number}", 40), latency=latency(*[10.0] * 40)) for number in range(FEWEST)
    )
    before = replace(
        clean(),
        operations=(replace(operation("GET /tools", 40), latency=latency(*[10.0] * 40)), *steady),
        failures=(failure("GET /tools", "gone now"),),
    )
    now = replace(
        clean(),
        operations=(
            replace(operation("GET /tools", 40), latency=latency(*[30.0] * 40)),
            operation("POST /tools", 9),
            *steady,
        ),
        settings=replace(clean().settings, users=30),
    )
    page = Page(html.render(now, with_(verdict(now), comparison=compare(now, before))))
    for words in (
        "Comparison with the baseline",
        "number of users: 20 before, 30 now",
        "Coverage gained (1)",
        "Resolved failures (1)",
        "1 slower",
        "a change is shown from",
        "10 ms30 ms",
    ):
        assert words in page.text, words


def test_without_a_baseline_nothing_is_compared() -> None:
    assert "Comparison with the baseline" not in rendered(clean())


def test_excused_failures_are_below_the_others() -> None:
    page = Page(rendered(failures(), (*KNOWN, known("POST /tools"))))
    assert "No new failures" in page.text
    assert "5 known failures" in page.text


def test_workers_are_shown_with_their_times() -> None:
    here = replace(
        clean(),
        workers=(
            Worker(name="a", requests=10),
            Worker(name="b<b>", lost=True, left_at=41.0, requests=5, unreported=3, detail="no route"),
            Worker(name="c", joined_at=12.0, left_at=20.0, back_at=31.0, requests=7),
        ),
    )
    page = rendered(here)
    rows = re.findall(r"<tr[^>]*><th scope=\"row\">(a|b&lt;b&gt;.*?|c)</th>(.*?)</tr>", page)
    cells_of = {name.partition("<br>")[0]: re.sub(r"<[^>]+>", " ", cells).split() for name, cells in rows}
    assert cells_of["a"] == ["00:00", "10"]
    assert cells_of["b&lt;b&gt;"] == ["00:00", "00:41", "lost", "5", "3", "never", "arrived"]
    assert cells_of["c"] == ["00:12", "00:20", "00:31", "7"]


def test_an_operation_shows_its_latency_over_the_time_of_the_run() -> None:
    steps = CallsOverTime(
        width=10,
        buckets=(
            CallBucket(number=0, requests=3, failures=0, mean=20.0),
            CallBucket(number=1, requests=1, failures=0, mean=10.0),
            CallBucket(number=4, requests=1, failures=1, mean=40.0),
        ),
    )
    one = replace(operation("GET /tools", 4, 1), over_time=steps)
    made = replace(
        clean(), operations=(one, replace(operation("GET /once", 1), over_time=None)), duration=100.0
    )
    text = rendered(made)
    (spark,) = re.findall(r'<svg class="spark".*?</svg>', text)
    assert re.findall(r' d="([^"]*)"', spark) == ["M450 0V100", "M50 50h0L150 75M450 0h0"]
    assert "mean of 10 s each: 10 to 40 ms" in text


def test_the_latency_of_an_operation_has_few_steps_however_long_the_run() -> None:
    steps = CallsOverTime(
        width=1,
        buckets=(
            CallBucket(number=0, requests=3, failures=0, mean=10.0),
            CallBucket(number=1, requests=1, failures=1, mean=50.0),
            CallBucket(number=29, requests=1, failures=0, mean=40.0),
        ),
    )
    one = replace(operation("GET /tools", 4, 1), over_time=steps)
    text = rendered(replace(clean(), operations=(one,), duration=100.0))
    assert "mean of 4 s each: 20 to 40 ms" in text
    assert "mean of 33554432 s each" in rendered(replace(clean(), operations=(one,), duration=1e9))
