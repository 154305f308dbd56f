"""The job that branch protection requires; its script is run as on the runner."""

import os
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "pull-request.yml"


def exit_code(results: str) -> int:
    step = YAML(typ="safe").load(WORKFLOW)["jobs"]["required"]["steps"][0]
    assert step["env"] == {"RESULTS": "${{ join(needs.*.result, ' ') }}"}
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        env={**os.environ, "RESULTS": results},
        capture_output=True,
        check=False,
    ).returncode


def test_all_succeeded() -> None:
    assert exit_code("success success success") == 0


@pytest.mark.parametrize("result", ["failure", "skipped", "cancelled"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_did_not(result: str, place: int) -> None:
    results = ["success"] * 3
    results[place] = result
    assert exit_code(" ".join(results)) != 0


def test_no_result_at_all_is_not_success() -> None:
    assert exit_code("") != 0
