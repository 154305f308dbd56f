import dataclasses

from sample_runs import TODAY, clean
from soaked_run import soak

from loadtest.judge.categories import load_categories
from loadtest.judge.criteria.criterion import parse
from loadtest.judge.growth.model import Endurance, Growth, Recovery, StorageGrowth, Trend
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.formats import html, summary
from loadtest.reports.growth_text import growth_text, objective_texts
from loadtest.reports.page.endurance import endurance_view
from loadtest.results.run import Run

LEAK = Growth(
    metric="rss",
    of="all processes",
    unit="bytes",
    trend=Trend.GROWING,
    text="grows by 216 MB/h <b>",
    slope=216e6,
    interval=(190e6, 240e6),
    minimum=20e6,
    level=950e6,
    limit=8e9,
    hours_left=32.6,
    warm_up=300.0,
    troughs=tuple((300.0 + 60 * n, 900e6 + 3.6e6 * n) for n in range(20)),
)
ENDURANCE = Endurance(
    judged=True,
    soak=True,
    growth=(
        LEAK,
        Growth(metric="pss", of="all processes", unit="bytes", trend=Trend.UNKNOWN, text="too noisy"),
        dataclasses.replace(
            LEAK,
            metric="descriptors",
            unit="descriptors",
            trend=Trend.STABLE,
            text="stable",
            slope=0.0,
            interval=(-0.5, 0.25),
            minimum=12.0,
            level=150.0,
            limit=1024.0,
            hours_left=None,
            troughs=tuple((300.0 + 60 * n, 150.0) for n in range(20)),
        ),
        dataclasses.replace(LEAK, of="gunicorn 101", whole=False),
    ),
    stored=(
        StorageGrowth(
            name="table tool_metrics",
            rows=8700,
            bytes=1_160_000,
            rows_per_thousand=480.0,
            bytes_per_thousand=64_000.0,
            week=390_000_000,
            text="…",
        ),
        StorageGrowth(
            name="log",
            rows=None,
            bytes=3_480_000,
            rows_per_thousand=None,
            bytes_per_thousand=190_000.0,
            week=1_100_000_000,
            text="…",
        ),
    ),
    recovery=Recovery(
        latency=60.0,
        rate=0.0,
        baseline_p95=80.0,
        baseline_rate=10.0,
        memory_added=9_000_000,
        memory_kept=2_000_000,
        planned=480.0,
        text="back after 60 s: p95 80 ms, 10 requests/s",
    ),
)


def judged(run: Run, *criteria: str) -> Verdict:
    return judge(run, categories=load_categories(), criteria=[parse(one) for one in criteria], today=TODAY)


def enduring(*criteria: str) -> tuple[Run, Verdict]:
    run = soak()
    return run, dataclasses.replace(judged(run, *criteria), endurance=ENDURANCE)


def test_a_row_has_rate_confidence_and_time_left() -> None:
    shown = growth_text(LEAK)
    assert (shown.slope, shown.interval) == ("+206 MiB", "+181 MiB … +229 MiB")
    assert (shown.matters, shown.level, shown.limit) == ("19.1 MiB", "906 MiB", "7.45 GiB in 33 h")
    unknown = growth_text(ENDURANCE.growth[1])
    assert (unknown.slope, unknown.interval, unknown.limit) == ("", "", "")


def test_the_page_shows_the_whole_before_its_parts() -> None:
    run, verdict = enduring("availability >= 95%")
    shown = endurance_view(run, verdict)
    assert shown is not None
    assert [one.row.growth.name for one in shown.whole] == [
        "rss of all processes",
        "pss of all processes",
        "descriptors of all processes",
    ]
    assert [one.row.growth.name for one in shown.parts] == ["rss of gunicorn 101"]
    page = html.render(run, verdict)
    assert "+206 MiB" in page
    assert "7.45 GiB in 33 h" in page
    assert "grows by 216 MB/h &lt;b&gt;" in page
    assert "back after 60 s: p95 80 ms, 10 requests/s" in page
    assert "table tool_metrics" in page


def test_a_flat_series_is_a_line_in_the_middle_and_a_leak_rises() -> None:
    run, verdict = enduring()
    shown = endurance_view(run, verdict)
    assert shown is not None
    flat = shown.whole[2].path
    assert flat.startswith("M0 50")
    assert flat.endswith("L1000 50")
    leak = shown.whole[0].path
    assert leak.startswith("M0 100")
    assert leak.endswith("L1000 0")


def test_a_restarted_process_is_listed() -> None:
    run, verdict = enduring()
    shown = endurance_view(run, verdict)
    assert shown is not None
    assert len(shown.processes) == 4
    steady = endurance_view(clean(), verdict)
    assert steady is not None
    assert steady.processes == ()


def test_an_objective_shows_its_spent_budget() -> None:
    _, verdict = enduring("availability >= 95%", "p95 < 5s", "availability >= 100%")
    some, everything = objective_texts(verdict)
    assert some.spent == "38% (40 bad requests, 105 allowed)"
    assert [window for window, _, _ in some.burns] == ["1 min", "5 min"]
    assert some.burns[0][2] == "18:00"
    assert everything.spent == "none to spend"


def test_a_short_run_has_no_such_section() -> None:
    run = clean()
    verdict = judged(run, "p95 < 5s")
    assert endurance_view(run, verdict) is None
    assert 'id="endurance"' not in html.render(run, verdict)
    assert "Endurance" not in summary.render(run, verdict)


def test_the_summary_names_growing_and_unclear_metrics() -> None:
    run, verdict = enduring("availability >= 95%")
    text = summary.render(run, verdict)
    assert "### Endurance" in text
    assert (
        "| rss of all processes | **growing** | +206 MiB (+181 MiB … +229 MiB) | 7.45 GiB in 33 h |" in text
    )
    assert "| pss of all processes | **not measurable** |  |  |" in text
    assert "descriptors of all processes" not in text
    assert "1 series is stable" in text
    assert "back after 60 s" in text
    assert "| log |  | +3.32 MiB | 186 KiB | 1.02 GiB |" in text
