"""``loadtest coverage``: its output and exit code."""

import json
import subprocess
from pathlib import Path
from typing import Any

import in_process
import pytest
from msgspec.structs import replace
from sample_runs import clean, failures
from supported import NEWEST, OLDEST

from loadtest.openapi.contracts import contract_of
from loadtest.results.run import write_run
from loadtest.results.target import Gateway


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
    versions = [run.gateway and run.gateway.version for run in (clean(), failures())]
    assert json.loads(ran("--run", before, "--run", now, "--json").stdout)["runs"] == versions


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


SCENARIO = Path(__file__).with_name("brand_new.py").read_text()


def test_scenarios_of_your_own_count_with_a_contract_and_are_checked(tmp_path: Path) -> None:
    more = contract(tmp_path / "more.json", "GET /brand/new")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "new.py").write_text(SCENARIO)
    done = ran("--contract", more, "--scenarios", tmp_path / "mine")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "mine" / "new.py").write_text(SCENARIO.replace("/brand/new", "/brand/knew"))
    done = ran("--contract", more, "--scenarios", tmp_path / "mine")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "new.py:14: unknown operation GET /brand/knew, expected GET /brand/new" in done.stderr


ELEMENTS = {"GET /tools": {"query limit": 2, "query cursor": 0}, "POST /tools": {"body tool": 0}}


def measured(path: Path, **changes: Any) -> Path:
    gateway = Gateway(version=NEWEST, source=NEWEST, data=NEWEST)
    write_run(replace(clean(), **({"gateway": gateway, "elements": ELEMENTS} | changes)), path)
    return path


def test_parameters(tmp_path: Path) -> None:
    shown = ran("--parameters", "--run", measured(tmp_path / "run.json"))
    assert "GET /tools: parameters 1/2; not checked: query cursor\n" in shown.stdout
    assert "\nparameters 1/2, values 0/0, body properties 0/1\n" in shown.stdout
    assert "\nlevel 4: parameters 1/3\n" in shown.stdout
    found = json.loads(ran("--parameters", "--json", "--run", tmp_path / "run.json").stdout)
    assert found["totals"]["parameters"] == [1, 2]
    assert found["operations"]["GET /tools"]["checked"] == ["query limit"]
    other = ran("--parameters", "--run", measured(tmp_path / "old.json", elements=None))
    assert other.stdout.startswith("not measured")


def test_the_list_of_unchecked_parameters_only_gets_shorter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / f"{NEWEST}.unchecked.json"
    monkeypatch.setattr("loadtest.versions.data.not_yet_path", lambda _: listed)
    monkeypatch.setattr("loadtest.cli.commands.coverage.not_yet_path", lambda _: listed)

    def update(*runs: Path) -> dict[str, list[str]]:
        done = ran("--parameters", "--update", *(part for run in runs for part in ("--run", run)))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(listed.read_text()))

    first = measured(tmp_path / "first.json")
    more = measured(tmp_path / "more.json", elements=ELEMENTS | {"POST /tools": {"body tool": 1}})
    new = measured(tmp_path / "new.json", elements=ELEMENTS | {"PUT /tools": {"body new": 0}})
    assert update(first, more) == {"GET /tools": ["query cursor"], "POST /tools": ["body tool"]}
    assert update(new, more) == {"GET /tools": ["query cursor"], "POST /tools": ["body tool"]}
    assert update(more) == {"GET /tools": ["query cursor"]}
    assert update(first) == {"GET /tools": ["query cursor"]}


@pytest.mark.parametrize(
    "changes", [{"elements": None}, {"gateway": None}, {"settings": replace(clean().settings, tags=("a",))}]
)
def test_only_complete_runs_update_the_list(tmp_path: Path, changes: dict[str, Any]) -> None:
    done = ran("--parameters", "--update", "--run", measured(tmp_path / "run.json", **changes))
    assert done.returncode == 2
    assert done.stderr.startswith("loadtest: --update: expected ")


@pytest.mark.parametrize(
    ("arguments", "text", "words"),
    [
        (["--contract", "FILE", "--run", "FILE"], "{}", "--run and --contract: expected one of them"),
        (["--gateway", NEWEST], "{}", "--gateway: expected together with --contract"),
        (["--update"], "{}", "--update: expected together with --parameters"),
        (["--parameters", "--contract", "FILE"], "{}", "--parameters and --contract: expected one of them"),
        (["--parameters", "--run", "FILE", "--run", "FILE"], "{}", "expected one run with --parameters"),
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
