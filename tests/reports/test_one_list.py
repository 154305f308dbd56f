"""The failures that fail a run are one list for every ``--fail-on``: each report names the same ones."""

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import github_report
import pytest
import verdicts
from junit_file import verdict
from msgspec.structs import replace
from sample_runs import KNOWN, clean, failures, operation, paused

from loadtest.core.console import Console
from loadtest.judge.failures import FailOn, FailureStatus
from loadtest.judge.verdict import Result, Verdict
from loadtest.reports import terminal
from loadtest.reports.formats import FORMATS, annotations, html, junit, summary, verdict_json
from loadtest.reports.page.failures import known_failures, new_failures, undecided_failures
from loadtest.results.pairs import BaseRun
from loadtest.results.run import Run


def known_only() -> Run:
    """Return a run whose only failure is a known one."""
    failed = operation("GET /tools", 40, 2, scenario="ToolsUser.lifecycle")
    others = (one for one in clean().operations if one.name != failed.name)
    known = (one for one in failures().failures if one.operation == failed.name)
    return replace(clean(), operations=(failed, *others), failures=tuple(known))


def failing_on_base() -> Run:
    """Return a run whose failures its base has as well."""
    here = failures()
    assert here.gateway is not None
    return replace(here, base=BaseRun(gateway=here.gateway, breaking=(), failures=here.failures))


RUNS = {
    "failures": failures,
    "known-only": known_only,
    "clean": clean,
    "paused": paused,
    "base": failing_on_base,
}


@pytest.fixture(
    params=[(name, fail_on) for name in RUNS for fail_on in FailOn], ids=lambda p: f"{p[0]}-{p[1].value}"
)
def case(request: pytest.FixtureRequest) -> tuple[Run, Verdict]:
    name, fail_on = request.param
    run = RUNS[name]()
    return run, verdict(run, KNOWN, fail_on)


def test_every_report_lists_the_same_failures(case: tuple[Run, Verdict], tmp_path: Path) -> None:
    run, judged = case
    expected = [one.failure.fingerprint for one in judged.failing]
    rest = [one.failure.fingerprint for one in judged.excused]
    undecided = [one.failure.fingerprint for one in judged.undecided]
    assert sorted([*expected, *rest, *undecided]) == sorted(one.fingerprint for one in run.failures)

    document = json.loads(verdict_json.render(run, judged))
    assert [one["fingerprint"] for one in document["new_failures"]] == expected
    assert [one["fingerprint"] for one in document["known_failures"]] == rest
    assert [one["fingerprint"] for one in document["inconclusive_failures"]] == undecided
    assert (document["failing"], document["excused"]) == (len(expected), len(rest))

    lines = annotations.render(run, judged).splitlines()
    assert [
        print_ for print_ in expected if any(f"fingerprint {print_})" in line for line in lines)
    ] == expected
    assert not [print_ for print_ in rest if any(print_ in line for line in lines)]

    text = summary.render(run, judged)
    heading = "Known failures" if run.base is None else "Failures that do not fail the run"
    blocking, _, known = text.partition(f"### {heading} (")
    for one in judged.failing:
        assert one.failure.fingerprint in blocking
    assert (f"ailures ({len(expected)})" in blocking) == bool(expected)
    assert bool(known) == bool(rest)

    assert [view.fingerprint for view in new_failures(run, judged).shown] == expected
    assert [view.fingerprint for view in known_failures(run, judged).shown] == rest
    assert [view.fingerprint for view in undecided_failures(run, judged).shown] == undecided
    for print_ in undecided:
        assert print_ in blocking
        assert f'id="f-{print_}"' in html.render(run, judged)
    assert ('<h2 id="failures-h">Failures</h2>' in html.render(run, judged)) == bool(expected)

    root = ET.fromstring(junit.render(run, judged).encode())  # noqa: S314 - our own output
    failed = {name.get("name") for name in root.iter("testcase") if name.find("failure") is not None}
    operations = {one.name for one in judged.coverage.operations}
    assert failed & operations == {one.failure.operation for one in judged.failing}

    (tmp_path / "verdict.json").write_text(verdict_json.render(run, judged))
    outputs = github_report.outputs(tmp_path)
    assert (outputs["new-failures"], outputs["known-failures"]) == (str(len(expected)), str(len(rest)))


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_the_verdict_line_counts_them(run: Callable[[], Run]) -> None:
    here = run()
    judged = verdict(here, KNOWN, FailOn.ANY)
    counts = len(judged.failing)
    assert counts == len(here.failures) - len(judged.undecided)
    counted = f"{counts} failure{'s' if counts > 1 else ''} (" if counts else "no failures"
    assert counted in judged.headline
    assert "nothing new" not in judged.headline
    # A criterion of an operation that this run does not have is unsure: without failures nothing else is wrong.
    assert (judged.result is Result.FAIL) == bool(counts)
    assert judged.result is not Result.PASS or not judged.undecided


def test_the_outputs_count_more_failures_than_the_file_lists(tmp_path: Path) -> None:
    listed = {
        "verdict": "fail",
        "new_failures": [{}] * 1000,
        "failing": 1234,
        "known_failures": [],
        "excused": 1,
    }
    (tmp_path / "verdict.json").write_text(json.dumps(listed))
    outputs = github_report.outputs(tmp_path)
    assert (outputs["new-failures"], outputs["known-failures"]) == ("1234", "1")


NUMBERED = re.compile(
    r"(?<![\w.#-])(\d[\d,]*|no) (new|known|expired known) failures?\b|(\d[\d,]*) (known) · \d"
)


def test_every_report_states_the_same_number_of_failures(case: tuple[Run, Verdict], tmp_path: Path) -> None:
    """An operation can have several known failures: their number is never that of the operations."""
    run, judged = case
    printed = io.StringIO()
    terminal.print_verdict(run, judged, Console(file=printed, width=200))
    texts = {one.FILENAME: one.render(run, judged) for one in FORMATS} | {"terminal": printed.getvalue()}
    (tmp_path / verdict_json.FILENAME).write_text(texts[verdict_json.FILENAME])
    report = verdicts.read_report(tmp_path)
    assert report is not None
    texts["comment"] = verdicts.item(report)
    known = judged.with_status(FailureStatus.KNOWN, FailureStatus.CATEGORY)
    expected = {
        "new": len(judged.with_status(FailureStatus.NEW)),
        "known": len(known),
        "expired known": len(judged.with_status(FailureStatus.EXPIRED)),
    }
    stated = {
        name: {
            (found[2] or found[4], (found[1] or found[3]).replace(",", ""))
            for found in NUMBERED.finditer(text)
        }
        for name, text in texts.items()
    }
    wrong = {
        f"{name}: {number} {word}"
        for name, numbers in stated.items()
        for word, number in numbers
        if expected[word] != (0 if number == "no" else int(number))
    }
    assert not wrong
    if judged.excused and known:
        words = ("known", str(expected["known"]))
        assert [
            name for name in ("terminal", "summary.md", "report.html", "comment") if words not in stated[name]
        ] == []
