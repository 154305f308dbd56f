"""Operations without a scenario are called from the contract, and a rejection is no failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import Job, StubGateway, started

from loadtest.app.scenarios.generated import _selected

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
