"""The outputs of the action are a word, counts and a path: nothing that a run contains can add to them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import action_outputs
import pytest

SCRIPT = Path(action_outputs.__file__)


def verdict(**changes: object) -> str:
    return json.dumps(
        {"verdict": "fail", "counts": {"new": 2, "known": 3}, "coverage": {"succeeded": 457}} | changes
    )


def test_a_verdict_becomes_outputs(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(verdict())
    assert action_outputs.outputs(tmp_path) == {
        "verdict": "fail",
        "new-failures": "2",
        "known-failures": "3",
        "operations-succeeded": "457",
        "report-path": str(tmp_path),
    }


@pytest.mark.parametrize("content", [None, "", "{", "[]", "null", '"pass"', "\xff"])
def test_without_a_verdict_it_is_inconclusive(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "verdict.json").write_text(content, encoding="latin-1")
    assert action_outputs.outputs(tmp_path)["verdict"] == "inconclusive"
    assert action_outputs.outputs(tmp_path)["new-failures"] == "0"


@pytest.mark.parametrize("word", ["pass\nnew-failures=0", "PASS", "", 1, None, ["pass"], "a" * 50])
def test_a_forged_word_is_not_handed_on(tmp_path: Path, word: object) -> None:
    (tmp_path / "verdict.json").write_text(verdict(verdict=word))
    assert action_outputs.outputs(tmp_path)["verdict"] == "inconclusive"


@pytest.mark.parametrize("count", ["2\nverdict=pass", True, 1.5, None, [1]])
def test_a_forged_count_is_not_handed_on(tmp_path: Path, count: object) -> None:
    (tmp_path / "verdict.json").write_text(verdict(counts={"new": count}))
    assert action_outputs.outputs(tmp_path)["new-failures"] == "0"


def run(*arguments: str, output: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "GITHUB_OUTPUT"}
    if output is not None:
        environment["GITHUB_OUTPUT"] = str(output)
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_it_appends_to_the_file_of_the_runner(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(verdict())
    target = tmp_path / "output"
    target.write_text("earlier=1\n")
    assert run(str(tmp_path), output=target).returncode == 0
    assert target.read_text().splitlines()[:2] == ["earlier=1", "verdict=fail"]


def test_without_a_runner_it_prints(tmp_path: Path) -> None:
    assert run(str(tmp_path)).stdout.splitlines()[0] == "verdict=inconclusive"


def test_a_path_with_a_line_break_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "output"
    done = run(f"{tmp_path}\nverdict=pass", output=target)
    assert done.returncode == 2
    assert not target.exists()
    assert done.stderr.count("\n") == 1


def test_without_a_directory_it_says_how_to_call_it() -> None:
    assert run().returncode == 2
