"""The main job: every operation, the default size, exit 0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import loadtest
from supported import NEWEST, OLDEST

from loadtest.openapi.contracts import contract_of
from loadtest.openapi.diff import diff_contracts
from loadtest.results.run import RunState, read_run

pytestmark = [pytest.mark.real, pytest.mark.load]

FILES = (
    *("junit.xml", "locust_report.html", "locust_stats.csv", "run.json", "verdict.json"),
    *("summary.md", "gateway.log", "openapi.json", "report.html"),
)


LIGHT = ("--profile", "light", "--replicas", "2")
"""Every operation, in a quarter of the time of all scenarios."""


@pytest.mark.parametrize(
    ("version", "options"),
    [
        (NEWEST, LIGHT),
        pytest.param(NEWEST, (), marks=pytest.mark.nightly),
        pytest.param(OLDEST, (), marks=pytest.mark.nightly),
    ],
)
def test_the_main_job(version: str, options: tuple[str, ...], tmp_path: Path) -> None:
    done = loadtest("run", "--gateway", version, "--reports-dir", str(tmp_path), *options, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("PASS · ")
    assert "nothing new" in done.stdout.splitlines()[-1]
    for name in FILES:
        assert (tmp_path / name).stat().st_size > 0, name

    run = read_run(tmp_path / "run.json")
    assert run.state is RunState.COMPLETE
    assert run.sweep is not None
    assert run.sweep.done == run.sweep.planned > 200
    assert all(backend.up for backend in run.backends)
    assert run.resources

    assert run.contract == contract_of(version).operations, f"make contract-gateway VERSION={version}"
    served = json.loads((tmp_path / "openapi.json").read_text())
    changes = diff_contracts(contract_of(version).document, served)
    assert changes.count == 0, f"{changes.line}: make contract-gateway VERSION={version}"

    verdict = json.loads((tmp_path / "verdict.json").read_text())
    findings = {finding["check"] for finding in verdict["findings"]}
    # Nothing was left but what is known not to be deleted.
    assert "entities-cleaned-up" not in findings
    assert not findings & {"called-operations-planned", "planned-operations-reached"}
    # The floor does not apply to a part of the scenarios.
    assert ("coverage-floor" in findings) == bool(options)
    assert verdict["operations"]["succeeded"] > 300
