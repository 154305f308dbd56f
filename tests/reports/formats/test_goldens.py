"""Every format over stored runs; `pytest --update-goldens` writes them anew."""

from pathlib import Path

import pytest
from sample_runs import KNOWN, STORED, TODAY, VERSION
from soaked_run import soak

from loadtest.judge.categories import load_categories
from loadtest.judge.criteria.criterion import parse
from loadtest.judge.known import entries
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.formats import FORMATS, Format
from loadtest.results.locust_csv import read_csv_run
from loadtest.results.run import Run, read_run, write_run

DATA = Path(__file__).parents[2] / "data"
RUNS = STORED | {"soak": soak}
FOREIGN = "plain"
"""The CSV files of an ordinary locustfile without this package: a small shop that fails now and then."""


def judged(run: Run) -> Verdict:
    return judge(
        run,
        known=entries(KNOWN, "known-failures.toml"),
        categories=load_categories(),
        criteria=[parse("p95 < 500ms"), parse("GET /tools: error-rate < 1%"), parse("availability >= 95%")],
        version_data=VERSION,
        today=TODAY,
    )


@pytest.mark.parametrize("report", FORMATS, ids=lambda one: one.FILENAME)
@pytest.mark.parametrize("name", [*RUNS, FOREIGN])
def test_golden(name: str, report: Format, request: pytest.FixtureRequest) -> None:
    golden = DATA / f"{name}.{report.FILENAME}"
    if request.config.getoption("--update-goldens"):
        if name in RUNS:
            write_run(RUNS[name](), DATA / f"{name}.json")
        golden.write_text(shown(name, report), encoding="utf-8")
    assert shown(name, report) == golden.read_text(encoding="utf-8")


def shown(name: str, report: Format) -> str:
    run = read_csv_run(DATA / name) if name == FOREIGN else read_run(DATA / f"{name}.json")
    return report.render(run, judged(run))


def test_every_format_is_found() -> None:
    assert {one.FILENAME for one in FORMATS} >= {
        "junit.xml",
        "summary.md",
        "annotations.txt",
        "verdict.json",
    }
