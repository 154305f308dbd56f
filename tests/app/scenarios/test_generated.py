"""Operations without a scenario are called from the contract, and a rejection is no failure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bench import Job, StubGateway, started
from stub_server import stub_server

from loadtest.app.scenarios.generated import _selected
from loadtest.results.run import read_run

EXAMPLE = Path(__file__).parent / "examples" / "health.py"
BACKEND = "def running(): ...\n"
ARGUMENTS = ("-u", "2", "-r", "2", "-t", "3s", "--replicas", "1", "--generated-only")


def test_without_scenarios_every_operation_is_called_from_the_contract(tmp_path: Path) -> None:
    job = Job.on(StubGateway, tmp_path, arguments=ARGUMENTS, users=())
    job.gateway.behave(status={"/version": 422})  # type: ignore[attr-defined]
    with started(job):
        assert job.wait() == 0, job.output
    run = job.run
    assert run is not None
    assert run.generated == {"GET /health": "", "GET /ready": "", "GET /version": ""}
    assert not run.failures
    (rejected,) = [one for one in run.operations if one.name == "GET /version"]
    assert rejected.rejections == rejected.requests > 0
    assert rejected.successes == 0
    states = job.verdict["operations"]
    assert (states["succeeded"], states["not understood"], states["missed"]) == (2, 1, 0)
    assert "called, not understood" in (job.reports / "summary.md").read_text()
    requests = json.loads((job.reports / "generated-requests.json").read_text())
    assert [one["operation"] for one in requests] == sorted(run.generated)


def test_a_server_error_is_a_failure(tmp_path: Path) -> None:
    job = Job.on(StubGateway, tmp_path, arguments=ARGUMENTS, users=())
    job.gateway.behave(status={"/version": 500})  # type: ignore[attr-defined]
    with started(job):
        assert job.wait() == 1, job.output
    assert job.run is not None
    assert [(one.operation, one.status) for one in job.run.failures] == [("GET /version", 500)]
    assert job.run.failures[0].scenario == "GeneratedUser.calls"


def test_driven_alone_they_are_called_as_well_and_a_backend_that_does_not_run_is_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine" / "backends").mkdir(parents=True)
    shutil.copy(EXAMPLE, tmp_path / "mine" / "health.py")
    (tmp_path / "mine" / "backends" / "words.py").write_text(BACKEND)
    with stub_server(tmp_path / "stub") as server:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LO")},
            "LOADTEST_HOST": server.host,
            "LOADTEST_HOME": str(tmp_path / "home"),
            "LOADTEST_JWT_SECRET": server.secret,
        }
        options = ("-u", "2", "-r", "2", "-t", "3s", "--reports-dir", "reports", "--scenarios", "mine")
        done = subprocess.run(
            [sys.executable, "-m", "loadtest", "drive", *options, "--generated-only"],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    run = read_run(tmp_path / "reports" / "run.json")
    assert run.generated.keys() == {"GET /health", "GET /ready", "GET /version"}
    assert {
        one.name for one in run.operations if one.scenario == "GeneratedUser.calls"
    } == run.generated.keys()
    assert [(one.name, one.up) for one in run.backends] == [("words", False)]


@pytest.mark.parametrize(
    ("arguments", "selected"),
    [
        ((), True),
        (("--tags", "teams"), False),
        (("--tags", "teams", "generated"), True),
        (("--exclude-tags", "generated"), False),
        (("TeamsCRUDUser",), False),
        (("GeneratedUser",), True),
    ],
)
def test_a_selection_of_scenarios_includes_them_by_name_only(
    arguments: tuple[str, ...], selected: bool
) -> None:
    assert _selected(arguments) is selected
