"""What every workflow and the action must keep to, read from the files themselves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import github_run
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
WHOLE_FILES = pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
EACH_WORKFLOW = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> dict[str, Any]:
    # YAML 1.2: `on` is a word there, not a truth value.
    document: dict[str, Any] = YAML(typ="safe").load(path)
    return document


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(path)["jobs"]
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    document = read(path)
    if "runs" in document:
        yield from document["runs"]["steps"]
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", [])


def test_there_are_workflows() -> None:
    assert {"pull-request.yml", "nightly-soak.yml", "publish.yml"} <= {path.name for path in WORKFLOWS}


@WHOLE_FILES
def test_every_action_is_pinned_with_its_version(path: Path) -> None:
    for line in path.read_text().splitlines():
        if "uses:" in line and "uses: ./" not in line:
            assert PINNED.search(line), line


def test_one_action_has_one_pin() -> None:
    pins: dict[str, set[str]] = {}
    for path in (*WORKFLOWS, ACTION):
        for step in steps(path):
            action, _, commit = step.get("uses", "").partition("@")
            pins.setdefault(action, set()).add(commit)
    assert {action: commits for action, commits in pins.items() if len(commits) > 1} == {}


@WHOLE_FILES
def test_nothing_is_expanded_inside_a_script(path: Path) -> None:
    for step in steps(path):
        assert "${{" not in step.get("run", ""), step["name"]


@WHOLE_FILES
def test_every_step_has_a_name(path: Path) -> None:
    assert all(step.get("name") for step in steps(path))


@WHOLE_FILES
def test_checkout_keeps_no_token(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@EACH_WORKFLOW
def test_rights_are_given_per_job_with_a_reason(path: Path) -> None:
    assert read(path)["permissions"] == {}
    for name, job in jobs(path).items():
        assert "permissions" in job, name
    for line in path.read_text().splitlines():
        if re.match(r"\s+[a-z-]+: (read|write)\b", line):
            assert " # " in line, line


@EACH_WORKFLOW
def test_every_job_ends_in_time_on_a_named_runner(path: Path) -> None:
    for name, job in jobs(path).items():
        assert 0 < job["timeout-minutes"] <= 360, name
        assert job["name"], name
        assert "latest" not in str(job["runs-on"]), name


@EACH_WORKFLOW
def test_only_a_pull_request_is_cut_short(path: Path) -> None:
    cancel = read(path)["concurrency"]["cancel-in-progress"]
    assert cancel in (False, "${{ github.event_name == 'pull_request' }}")


@EACH_WORKFLOW
def test_reports_are_kept_whatever_happened(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/upload-artifact@"):
            assert step["if"] == "always()"
            assert step["with"]["include-hidden-files"] is False
            assert step["with"]["retention-days"] > 0


@EACH_WORKFLOW
def test_the_steps_are_make_targets(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {target for step in steps(path) for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert used
    assert used <= targets


def test_the_last_job_waits_for_all_others_and_runs_even_if_they_fail() -> None:
    found = jobs(ROOT / ".github" / "workflows" / "pull-request.yml")
    required = found.pop("required")
    assert required["if"] == "always()"
    assert set(required["needs"]) == set(found)


def test_the_pull_request_workflow_runs_where_a_required_check_must() -> None:
    events = set(read(ROOT / ".github" / "workflows" / "pull-request.yml")["on"])
    assert events == {"pull_request", "merge_group", "push", "workflow_dispatch"}


def test_what_may_write_runs_nothing_of_a_pull_request() -> None:
    path = ROOT / ".github" / "workflows" / "publish.yml"
    (job,) = jobs(path).values()
    (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert "head" not in str(job["steps"])
    assert "vars.LOADTEST_COMMENT" in job["if"]
    (workflow,) = read(path)["on"]["workflow_run"]["workflows"]
    assert workflow == read(path.with_name("pull-request.yml"))["name"]
    (fetch,) = [
        step for step in job["steps"] if step.get("uses", "").startswith("actions/download-artifact@")
    ]
    kept = {
        step["with"]["name"]
        for step in steps(path.with_name("pull-request.yml"))
        if step.get("uses", "").startswith("actions/upload-artifact@")
    }
    assert all(name.startswith(fetch["with"]["pattern"].removesuffix("*")) for name in kept)


def test_the_soak_can_be_started_by_hand() -> None:
    assert {"schedule", "workflow_dispatch"} <= set(
        read(ROOT / ".github" / "workflows" / "nightly-soak.yml")["on"]
    )


def test_each_input_of_the_action_reaches_the_script() -> None:
    document = read(ACTION)
    handed = {f"INPUT_{name.upper().replace('-', '_')}" for name in document["inputs"]}
    assert handed == {*github_run.OPTIONS, "INPUT_TAGS", "INPUT_CRITERIA"}
    run = next(step for step in document["runs"]["steps"] if "github_run.py" in step["run"])
    for name in document["inputs"]:
        variable = f"INPUT_{name.upper().replace('-', '_')}"
        assert run["env"][variable] == f"${{{{ inputs.{name} }}}}"


def test_the_action_describes_all_it_takes_and_gives() -> None:
    document = read(ACTION)
    for entry in (*document["inputs"].values(), *document["outputs"].values()):
        assert entry["description"].strip()


def test_the_action_has_the_outputs_that_its_script_writes(tmp_path: Path) -> None:
    import github_report

    document = read(ACTION)
    assert set(document["outputs"]) == set(github_report.outputs(tmp_path))
    for name, entry in document["outputs"].items():
        assert entry["value"] == f"${{{{ steps.outputs.outputs.{name} }}}}"
