"""``loadtest coverage``: its output and exit code."""

import json
import subprocess
from pathlib import Path

import in_process
import pytest
from sample_runs import clean, failures
from supported import NEWEST, OLDEST

from loadtest.openapi.contracts import contract_of
from loadtest.results.run import write_run


def ran(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return in_process.loadtest("coverage", *arguments)


def contract(path: Path, *more: str) -> Path:
    """The newest contract, with ``more`` operations, of a gateway that does not state its version."""
    document = dict(contract_of(NEWEST).document)
    paths = dict(document["paths"])
    for operation in more:
        method, _, template = operation.partition(" ")
        paths[f"/v1{template}"] = {"parameters": [], method.lower(): {}}
    path.write_text(json.dumps(document | {"info": {}, "paths": paths}))
    return path


def test_runs(tmp_path: Path) -> None:
    before, now = tmp_path / "before.json", tmp_path / "now.json"
    write_run(clean(), before)
    write_run(failures(), now)
    one = ran("--run", now)
    assert (one.returncode, one.stderr) == (0, "")
    assert one.stdout.splitlines()[-1].startswith("6/7 operations called, 4 correct, 1 failing")
    both = ran("--run", before, "--run", now)
    assert "succeeded -> failing: POST /tools" in both.stdout
    assert json.loads(ran("--run", before, "--run", now, "--json").stdout)["runs"] == [str(before), str(now)]


def test_a_contract_that_is_driven_whole_passes_and_a_new_operation_fails(tmp_path: Path) -> None:
    whole = ran("--contract", contract(tmp_path / "whole.json"))
    assert whole.returncode == 0, whole.stdout
    more = contract(tmp_path / "more.json", "GET /brand/new", "POST /_internal/x")
    assert ran("--contract", more).returncode == 1
    assert "no scenario: GET /brand/new\n" in ran("--contract", more).stdout
    found = json.loads(ran("--contract", more, "--json").stdout)
    assert found["unplanned"] == ["GET /brand/new"]
    assert "POST /_internal/x" in found["excluded"]
    # That version has no such exclusion.
    other = json.loads(ran("--contract", more, "--gateway", OLDEST, "--json").stdout)
    assert {"POST /_internal/x", "GET /brand/new"} <= set(other["unplanned"])


@pytest.mark.parametrize(
    ("arguments", "text", "words"),
    [
        (["--contract", "FILE", "--run", "FILE"], "{}", "--run and --contract: expected one of them"),
        (["--gateway", NEWEST], "{}", "--gateway: expected together with --contract"),
        (["--run", "FILE", "--run", "FILE", "--run", "FILE"], "{}", "given 3 times"),
        (
            ["--contract", "FILE", "--gateway", "9.9"],
            '{"paths": {"/a": {"get": {}}}}',
            "unknown gateway '9.9'",
        ),
        (
            ["--contract", "FILE"],
            "{",
            "is not complete JSON: Input data was truncated; expected an OpenAPI document",
        ),
        (["--contract", "FILE"], "{}", "missing required field `paths`"),
        (["--contract", "FILE"], '{"paths": {"/a": []}}', "paths"),
        (["--contract", "FILE"], '{"paths": {}}', "paths: has no operations"),
        (["--contract", "nowhere.json"], "", "nowhere.json: cannot be read"),
    ],
)
def test_a_usage_error_is_one_line(tmp_path: Path, arguments: list[str], text: str, words: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    done = ran(*(str(path) if argument == "FILE" else argument for argument in arguments))
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
