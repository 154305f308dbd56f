"""Annotations, summary and outputs are shown on GitHub, and the content of a run cannot add others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import github_report
import pytest

SCRIPT = Path(github_report.__file__)


def verdict(**changes: object) -> str:
    usual = {
        "verdict": "fail",
        "new_failures": [{"operation": "GET /tools"}] * 2,
        "known_failures": [{"operation": "GET /roots"}] * 3,
        "operations_succeeded": 457,
    }
    return json.dumps(usual | changes)


def test_a_verdict_becomes_outputs(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(verdict())
    assert github_report.outputs(tmp_path) == {
        "verdict": "fail",
        "new-failures": "2",
        "known-failures": "3",
        "slower-operations": "",
        "breaking-changes": "",
        "fixed-operations": "",
        "operations-succeeded": "457",
        "report-path": str(tmp_path),
        "report-url": "",
    }
    address = "https://github.example/o/r/actions/runs/7/artifacts/42"
    assert github_report.outputs(tmp_path, address)["report-url"] == address
    assert github_report.outputs(tmp_path, "x\nverdict=pass")["report-url"] == ""


def test_the_comparison_with_a_base_becomes_outputs(tmp_path: Path) -> None:
    against = {"slower": [{"operation": "GET /tools"}], "breaking": [], "fixed": ["a", "b"]}
    (tmp_path / "verdict.json").write_text(verdict(against_base=against))
    outputs = github_report.outputs(tmp_path)
    found = [outputs[name] for name in ("slower-operations", "breaking-changes", "fixed-operations")]
    assert found == ["1", "0", "2"]
    (tmp_path / "verdict.json").write_text(verdict(against_base={"slower": "1\nverdict=pass"}))
    assert github_report.outputs(tmp_path)["slower-operations"] == "0"


@pytest.mark.parametrize("content", [None, "", "{", "[]", "null", '"pass"', "\xff"])
def test_without_a_verdict_it_is_inconclusive(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "verdict.json").write_text(content, encoding="latin-1")
    assert github_report.outputs(tmp_path)["verdict"] == "inconclusive"
    assert github_report.outputs(tmp_path)["new-failures"] == "0"


@pytest.mark.parametrize("word", ["pass\nnew-failures=0", "PASS", "", 1, None, ["pass"], "a" * 50])
def test_an_invalid_verdict_is_not_passed_on(tmp_path: Path, word: object) -> None:
    (tmp_path / "verdict.json").write_text(verdict(verdict=word))
    assert github_report.outputs(tmp_path)["verdict"] == "inconclusive"


@pytest.mark.parametrize("count", ["2\nverdict=pass", True, 1.5, None, {"a": 1}])
def test_an_invalid_count_is_not_passed_on(tmp_path: Path, count: object) -> None:
    (tmp_path / "verdict.json").write_text(verdict(operations_succeeded=count))
    assert github_report.outputs(tmp_path)["operations-succeeded"] == "0"


def test_only_annotations_are_printed(tmp_path: Path) -> None:
    good = ["::error file=a.py,line=3,title=new failure::GET /tools", "::warning title=stale::DELETE /roots"]
    bad = ["::stop-commands::x", "::add-mask::a", "plain words", "", " ::error ::indented", "::notice ::n"]
    (tmp_path / "annotations.txt").write_text("\n".join([good[0], *bad, good[1]]) + "\n")
    assert github_report.annotations(tmp_path) == good


def test_the_summary_links_the_uploaded_page_below_the_verdict(tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_text("## :x: FAIL\n\nrest\n")
    address = "https://github.example/o/r/actions/runs/7/artifacts/42"
    linked = f"## :x: FAIL\n\n**[Open the report]({address})**\n\nrest\n"
    assert github_report.summary(tmp_path, address) == linked
    for bad in ("", "javascript:x", "https://x) ![", "https://x\n# h"):
        assert github_report.summary(tmp_path, bad) == "## :x: FAIL\n\nrest\n"


def test_the_page_gets_a_name_of_its_own(tmp_path: Path) -> None:
    environment = {"GITHUB_JOB": "load test/é", "JOB_INDEX": "2", "RUNNER_TEMP": str(tmp_path)}
    assert github_report.name_page(tmp_path, environment) is None
    (tmp_path / "report.html").write_text("<p>é")
    named = github_report.name_page(tmp_path, environment)
    assert named == tmp_path / "load-test-report-load-test--2.html"
    assert named.read_text() == "<p>é"
    assert (github_report.name_page(tmp_path, {}) or Path()).name == "load-test-report.html"


def run(*arguments: str, **files: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    environment |= {name: str(path) for name, path in files.items()}
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_it_appends_to_the_files_of_the_runner(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(verdict())
    (tmp_path / "summary.md").write_text("# FAIL\n")
    (tmp_path / "annotations.txt").write_text("::error title=new failure::GET /tools\n")
    output, page = tmp_path / "output", tmp_path / "page"
    output.write_text("earlier=1\n")
    page.write_text("earlier\n")
    shown = run(str(tmp_path), GITHUB_OUTPUT=output, GITHUB_STEP_SUMMARY=page)
    assert shown.returncode == 0
    assert shown.stdout == "::error title=new failure::GET /tools\n"
    assert output.read_text().splitlines()[:2] == ["earlier=1", "verdict=fail"]
    assert page.read_text() == "earlier\n# FAIL\n"


def test_a_run_without_reports_is_shown_as_such(tmp_path: Path) -> None:
    page = tmp_path / "page"
    shown = run(str(tmp_path / "none"), GITHUB_STEP_SUMMARY=page)
    assert shown.stdout.splitlines()[0] == "verdict=inconclusive"
    assert page.read_text() == "`none` contains no summary of the load test; see the log of the step.\n"


def test_a_path_with_a_line_break_is_refused(tmp_path: Path) -> None:
    output = tmp_path / "output"
    shown = run(f"{tmp_path}\nverdict=pass", GITHUB_OUTPUT=output)
    assert shown.returncode == 2
    assert not output.exists()
    assert shown.stderr.count("\n") == 1


def test_without_a_directory_the_usage_is_printed() -> None:
    assert run().returncode == 2
