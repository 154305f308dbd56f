"""A truncated list names the file that contains all of it."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path

import publish_comment
import pytest
import verdicts
from junit_file import verdict
from msgspec.structs import replace
from sample_runs import CONTRACT, clean, failure, known, operation

import loadtest
from loadtest.core.console import Console
from loadtest.judge.comparison import compare
from loadtest.judge.coverage import CoverageState
from loadtest.judge.verdict import Verdict
from loadtest.reports import terminal
from loadtest.reports.formats import Format, annotations, html, junit, summary, verdict_json
from loadtest.results.measurements import Acceptance
from loadtest.results.run import Run, write_run
from loadtest.results.target import EntityCount

ROOT = Path(loadtest.__file__).parent
SCRIPTS = Path(verdicts.__file__).parent
FORMATS: tuple[Format, ...] = (annotations, html, junit, summary, verdict_json)
MANY = 1300
PLACES = ("verdict.json", "run.json", "junit.xml", "report.html")
MORE = re.compile(
    r"(?:and |of )\d[\d,]* more\b[^.\n<]*(?:\.(?=\w)[^.\n<]*)*|\d[\d,]* more (?:are|lines|\()[^<\n]*"
)


def large() -> Run:
    """Return a run in which every list is longer than any report shows."""
    names = [f"GET /area-{number}/thing" for number in range(MANY)]
    accepted = Acceptance(status=404, reason="gone", count=1)
    operations = [operation(name, 0, 2, area=name.split("/")[1]) for name in names]
    operations += [operation(f"POST /accepted-{n}", acceptances=(accepted,)) for n in range(MANY)]
    operations.append(operation("GET /kinds", 0, 40))
    return replace(
        clean(),
        contract=(*CONTRACT, *names, "GET /kinds", *(f"GET /unplanned-{number}" for number in range(MANY))),
        operations=tuple(operations),
        failures=(
            *(failure(name, count=2) for name in names),
            *(failure("GET /kinds", "word " + "x" * number) for number in range(40)),
        ),
        entities=tuple(EntityCount(kind=f"kind-{number}", before=1, after=2) for number in range(20)),
        started="2026-03-01T04:00:00Z",
    )


def texts(run: Run, judged: Verdict) -> dict[str, str]:
    printed = io.StringIO()
    terminal.print_verdict(run, judged, Console(file=printed, width=200))
    return {"terminal": printed.getvalue(), **{one.FILENAME: one.render(run, judged) for one in FORMATS}}


@pytest.fixture(scope="module")
def case() -> tuple[Run, Verdict, dict[str, str]]:
    run = large()
    entries = tuple(known(f"GET /area-{number}/thing") for number in range(0, MANY, 2))
    judged = changed(verdict(run, entries), comparison=compare(run, clean()))
    return run, judged, texts(run, judged)


def cuts(text: str) -> Iterator[str]:
    yield from (found[0] for found in MORE.finditer(text))


def test_every_cut_names_a_place(case: tuple[Run, Verdict, dict[str, str]]) -> None:
    for name, text in case[2].items():
        for cut in cuts(text):
            assert any(place in cut for place in PLACES), f"{name}: {cut}"
    assert {name for name, text in case[2].items() if next(cuts(text), None)} == set(case[2])


def test_of_failures_only_the_run_has_all(case: tuple[Run, Verdict, dict[str, str]]) -> None:
    _, judged, shown = case
    assert len(judged.failing) > 600
    assert f"(all {len(judged.failing)} in run.json)" in shown["terminal"]
    for one in (judged.failing, judged.excused):
        assert f"(all {len(one)} in run.json)" in shown["summary.md"]
    assert "all failures in run.json" in shown["annotations.txt"]
    assert len(shown["annotations.txt"].splitlines()) <= 20
    assert len(re.findall(r"more not shown \(all in run.json\)", shown["report.html"])) >= 2


def test_the_places_have_all(case: tuple[Run, Verdict, dict[str, str]], tmp_path: Path) -> None:
    run, judged, shown = case
    write_run(run, tmp_path / "run.json")
    record = json.loads((tmp_path / "run.json").read_text())
    assert {one["fingerprint"] for one in record["failures"]} == {
        j.failure.fingerprint for j in judged.failures
    }
    document = json.loads(shown["verdict.json"])
    items = {one["check"]: one["items"] for one in document["findings"]}
    for finding in judged.findings:
        assert list(finding.items) == items[finding.check.value]
        if found := re.search(r"(\d+ [a-z ]+?)?: .*? and (\d+) more", finding.text):
            assert len(finding.items) >= int(found[2]) + 1, finding
    assert (document["failing"], document["excused"]) == (len(judged.failing), len(judged.excused))
    assert len(document["criteria"]) == len(judged.criteria)
    for one in judged.coverage.operations:
        if one.state is CoverageState.EXCLUDED:
            assert one.name in record["contract"]
        else:
            assert f'name="{one.name}"' in shown["junit.xml"]
    for area in judged.coverage.areas():
        assert area in shown["report.html"]


def test_no_cut_is_written_without_its_place() -> None:
    """A new list that is cut in the source must name a place, too."""
    folders = (("judge", "*.py"), ("reports", "*.py"), ("reports/page", "*.html"))
    sources = [path for folder, pattern in folders for path in (ROOT / folder).glob(pattern)]
    sources += [SCRIPTS / "verdicts.py", SCRIPTS / "soak_issue.py"]
    written = re.compile(r"\}\}? more\b.*")
    found = [(path.name, cut[0]) for path in sources for cut in written.finditer(path.read_text())]
    allowed = "more example"
    assert len(found) > 10
    for name, cut in found:
        assert allowed in cut or any(place in cut for place in (*PLACES, "{place}", "{{ place }}")), (
            f"{name}: {cut}"
        )


def test_the_comment_of_a_pull_request_names_the_place(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    run = large()
    (folder / "verdict.json").write_text(verdict_json.render(run, verdict(run)))
    text = publish_comment.comment(verdicts.read_reports(tmp_path), "https://github.example/1", "c0ffee")
    assert [cut for cut in cuts(text) if "verdict.json" not in cut] == []
    assert f"and {len(run.failures) - verdicts.MOST_FAILURES} more (all in " in text
