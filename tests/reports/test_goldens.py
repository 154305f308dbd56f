"""Every format over stored runs; `pytest --update-goldens` writes them anew."""

from pathlib import Path

import pytest
from sample_runs import KNOWN, STORED, TODAY, VERSION
from soaked_run import soak

from loadtest.judge.categories import load_categories
from loadtest.judge.criteria import parse
from loadtest.judge.known import entries
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports import Format, formats
from loadtest.run import Run, read_run, write_run

DATA = Path(__file__).parents[1] / "data"
RUNS = STORED | {"soak": soak}


def judged(run: Run) -> Verdict:
    return judge(
        run,
        known=entries(KNOWN, "known-failures.toml"),
        categories=load_categories(),
        criteria=[parse("p95 < 500ms"), parse("GET /tools: error-rate < 1%"), parse("availability >= 95%")],
        version_data=VERSION,
        today=TODAY,
    )


@pytest.mark.parametrize("report", formats(), ids=lambda one: one.FILENAME)
@pytest.mark.parametrize("name", RUNS)
def test_golden(name: str, report: Format, request: pytest.FixtureRequest) -> None:
    stored = DATA / f"{name}.json"
    golden = DATA / f"{name}.{report.FILENAME}"
    if request.config.getoption("--update-goldens"):
        write_run(RUNS[name](), stored)
        run = read_run(stored)
        golden.write_text(report.render(run, judged(run)), encoding="utf-8")
    run = read_run(stored)
    assert report.render(run, judged(run)) == golden.read_text(encoding="utf-8")


def test_every_format_is_found() -> None:
    assert {one.FILENAME for one in formats()} >= {
        "junit.xml",
        "summary.md",
        "annotations.txt",
        "verdict.json",
    }
