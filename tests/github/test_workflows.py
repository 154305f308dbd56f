"""Rules for every workflow and the action, checked in the files themselves."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nights
import pytest
import soak_matrix
from document_settings import INPUTS
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NIGHTLY, WATCH = (ROOT / ".github" / "workflows" / name for name in ("nightly-soak.yml", "gateway-watch.yml"))
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
ACTION = ROOT / "action.yml"
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
WHOLE_FILES = pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
EACH_WORKFLOW = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> dict[str, Any]:
    # YAML 1.2, in which `on` is a string, not a boolean.
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
    names = {
        "pull-request.yml",
        "nightly-soak.yml",
        "publish.yml",
        "gateway-watch.yml",
        "release.yml",
        "locks.yml",
    }
    assert names <= {path.name for path in WORKFLOWS}


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
def test_permissions_are_per_job_with_a_reason(path: Path) -> None:
    assert read(path)["permissions"] == {}
    for name, job in jobs(path).items():
        assert "permissions" in job, name
    for line in path.read_text().splitlines():
        if re.match(r"\s+[a-z-]+: (read|write)\b", line):
            assert " # " in line, line


@EACH_WORKFLOW
def test_every_job_has_a_timeout_and_a_fixed_runner(path: Path) -> None:
    for name, job in jobs(path).items():
        assert 0 < job["timeout-minutes"] <= 360, name
        assert job["name"], name
        assert "latest" not in str(job["runs-on"]), name


@EACH_WORKFLOW
def test_only_runs_of_a_pull_request_are_cancelled(path: Path) -> None:
    cancel = read(path)["concurrency"]["cancel-in-progress"]
    assert cancel in (False, "${{ github.event_name == 'pull_request' }}")


@EACH_WORKFLOW
def test_reports_are_always_uploaded(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/upload-artifact@"):
            if step["with"].get("archive") is False:
                assert step["if"].startswith("always() && ")
                assert step["with"]["path"].endswith(".outputs.page }}")
            else:
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


def test_the_workflow_with_write_permissions_runs_no_code_of_a_pull_request() -> None:
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
        and step["with"].get("archive") is not False
    }
    assert all(name.startswith(fetch["with"]["pattern"].removesuffix("*")) for name in kept)


@pytest.mark.parametrize("path", [NIGHTLY, WATCH], ids=lambda path: path.name)
def test_scheduled_workflows_start_by_schedule_or_manually_only(path: Path) -> None:
    assert set(read(path)["on"]) == {"schedule", "workflow_dispatch"}


def test_each_input_of_the_soak_reaches_its_plan() -> None:
    inputs = read(NIGHTLY)["on"]["workflow_dispatch"]["inputs"]
    (plan,) = [step for step in jobs(NIGHTLY)["plan"]["steps"] if step.get("id") == "plan"]
    asked = {name for name in inputs if name != "issue"}
    for name in asked:
        assert plan["env"][f"INPUT_{name.upper().replace('-', '_')}"] == f"${{{{ inputs.{name} }}}}"
    assert inputs["database"]["options"] == ["all", *soak_matrix.DATABASES]
    assert soak_matrix.run_time("") == "3h"
    assert "empty is 3h" in inputs["run-time"]["description"]
    assert f"at most {soak_matrix.LONGEST // 3600}h" in inputs["run-time"]["description"]


def test_the_longest_soak_fits_into_the_timeout() -> None:
    job = jobs(NIGHTLY)["soak"]
    assert soak_matrix.LONGEST / 60 + 30 < job["timeout-minutes"] < 360
    assert job["strategy"]["fail-fast"] is False


def test_services_are_pinned_and_started_only_if_needed() -> None:
    services = jobs(NIGHTLY)["soak"]["services"]
    assert set(services) == {"postgres", "redis"}
    for name, service in services.items():
        image = rf"\$\{{\{{ matrix\.database == 'postgres' && '{name}:[\w.-]+@sha256:[0-9a-f]{{64}}' \|\| '' \}}\}}"
        assert re.fullmatch(image, service["image"])
        assert "--health-cmd" in service["options"]
        assert "PASSWORD" not in str(service)


def test_the_soak_gets_the_addresses_of_its_services() -> None:
    (soak,) = [step for step in jobs(NIGHTLY)["soak"]["steps"] if step["name"] == "Soak"]
    ports = {name: str(one["ports"][0]) for name, one in jobs(NIGHTLY)["soak"]["services"].items()}
    assert ports == {"postgres": "5432:5432", "redis": "6379:6379"}
    for variable, port in (("DATABASE_URL", "5432"), ("REDIS_URL", "6379")):
        expression = soak["env"][variable]
        assert expression.startswith("${{ matrix.database == 'postgres' && '")
        assert f"127.0.0.1:{port}/" in expression
        assert expression.endswith(" || '' }}")


def test_the_artifact_of_the_soak_is_the_one_that_is_downloaded() -> None:
    found = {step["name"]: step for step in jobs(NIGHTLY)["soak"]["steps"]}
    kept = found["Keep the reports"]["with"]
    assert kept["name"] == found["Fetch the last night"]["env"]["ARTIFACT"] == "soak-${{ matrix.name }}"
    assert kept["retention-days"] == nights.MOST_NIGHTS == 30
    assert found["Fetch the last night"]["env"]["WORKFLOW"] == NIGHTLY.name
    (fetch,) = [step for step in jobs(NIGHTLY)["issue"]["steps"] if step["name"] == "Fetch the reports"]
    assert fetch["with"]["pattern"] == "soak-*"
    assert "run-id" not in fetch["with"], "of this run only"


@pytest.mark.parametrize(
    ("path", "writes"),
    [(NIGHTLY, {"issue": {"issues"}}), (WATCH, {"propose": {"contents", "pull-requests"}})],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_only_the_last_job_has_write_permissions_and_it_installs_nothing(
    path: Path, writes: dict[str, set[str]]
) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name, job in jobs(path).items():
        assert {right for right, kind in job["permissions"].items() if kind == "write"} == writes.get(
            name, set()
        )
        if name in writes:
            (target,) = [
                match for step in job["steps"] for match in re.findall(r"make ([a-z-]+)", step.get("run", ""))
            ]
            assert re.search(
                rf"^{target}: ## .*\n\t@exec python3 scripts/github/\w+\.py ", makefile, re.MULTILINE
            )


def test_the_token_is_given_to_one_step_of_a_job() -> None:
    for path in (NIGHTLY, WATCH):
        for name, job in jobs(path).items():
            given = [step["name"] for step in job["steps"] if "token" in str(step.get("env", {}))]
            assert len(given) <= 1, name
            assert "env" not in job


def test_the_issue_is_updated_by_a_scheduled_run_or_on_request() -> None:
    condition = jobs(NIGHTLY)["issue"]["if"]
    assert "(github.event_name == 'schedule' || inputs.issue)" in condition
    assert "!cancelled()" in condition
    assert jobs(NIGHTLY)["issue"]["needs"] == ["plan", "soak"]


def test_the_proposal_contains_every_proposed_file() -> None:
    (known,) = [step for step in jobs(WATCH)["add"]["steps"] if step["name"] == "Add the release"]
    assert known["env"]["SUMMARY"] == "proposal/summary.md"
    for name in ("$VERSION.toml", "$VERSION.lock", "$VERSION.contract.json", "docs/gateway-faults.md"):
        assert name in known["run"]


def test_a_release_is_built_once_and_checked_before_anything_is_written() -> None:
    found = jobs(RELEASE)
    assert read(RELEASE)["on"] == {"push": {"tags": ["v*.*.*"]}}
    assert found["build"]["permissions"] == {"contents": "read"}
    checked = next(step for step in found["build"]["steps"] if step.get("run") == "make release-check")
    assert checked["env"] == {"TAG": "${{ github.ref_name }}"}
    for name in found.keys() - {"build", "major"}:
        assert "build" in found[name]["needs"], name
        assert any(
            step.get("uses", "").startswith("actions/download-artifact@") for step in found[name]["steps"]
        )
        assert not any("build" in step.get("run", "") for step in found[name]["steps"])
    for name in ("github", "pypi"):
        assert "attest" in found[name]["needs"], name


def test_each_job_of_a_release_has_the_permissions_that_it_needs_and_no_other() -> None:
    permissions = {name: job["permissions"] for name, job in jobs(RELEASE).items()}
    assert permissions["attest"] == {"attestations": "write", "id-token": "write"}
    assert permissions["github"] == permissions["major"] == {"contents": "write"}
    assert permissions["pypi"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in RELEASE.read_text()


@pytest.mark.parametrize(
    ("tag", "tags", "major", "expected"),
    [
        ("v1.2.0", "v1.10.0 v1.2.0", "refs/tags/v1", None),
        ("v1.10.0", "v1.10.0 v1.2.0", "refs/tags/v1", "--method PATCH repos/o/r/git/refs/tags/v1"),
        ("v1.0.0", "v1.0.0", "", "--method POST repos/o/r/git/refs -f ref=refs/tags/v1"),
        ("v1.3.0rc1", "v1.2.0", "", None),
    ],
)
def test_the_tag_of_the_major_version_moves_to_the_newest_release(
    tmp_path: Path, tag: str, tags: str, major: str, expected: str | None
) -> None:
    job = jobs(RELEASE)["major"]
    assert "github" in job["needs"]
    (step,) = job["steps"]
    (tmp_path / "gh").symlink_to(Path(__file__).with_name("gh.sh"))
    calls = tmp_path / "calls"
    calls.touch()
    values = {
        "TAG": tag,
        "TAGS": tags,
        "MAJOR": major,
        "GH_REPO": "o/r",
        "COMMIT": "abc",
        "CALLS": str(calls),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **values},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = [line for line in calls.read_text().splitlines() if "--method" in line]
    assert len(written) == (expected is not None)
    if expected is not None:
        assert expected in written[0]
        assert "sha=abc" in written[0]


def test_nothing_is_uploaded_to_pypi_until_an_owner_enables_it() -> None:
    pypi = jobs(RELEASE)["pypi"]
    assert pypi["if"] == "vars.PYPI_PUBLISH == 'true'"
    assert pypi["environment"] == "pypi"


def test_each_input_of_the_action_reaches_the_script() -> None:
    document = read(ACTION)
    assert list(document["inputs"]) == [one.input for one in INPUTS]
    run = next(step for step in document["runs"]["steps"] if "github_run.py" in step.get("run", ""))
    for name in document["inputs"]:
        variable = f"INPUT_{name.upper().replace('-', '_')}"
        assert run["env"][variable] == f"${{{{ inputs.{name} }}}}"


def test_every_input_and_output_of_the_action_has_a_description() -> None:
    document = read(ACTION)
    for entry in (*document["inputs"].values(), *document["outputs"].values()):
        assert entry["description"].strip()


def test_the_action_has_the_outputs_that_its_script_writes(tmp_path: Path) -> None:
    import github_report

    document = read(ACTION)
    assert set(document["outputs"]) == set(github_report.outputs(tmp_path))
    for name, entry in document["outputs"].items():
        otherwise = "inputs.reports-dir" if name == "report-path" else f"steps.setup.outputs.{name}"
        assert entry["value"] == f"${{{{ steps.outputs.outputs.{name} || {otherwise} }}}}"


def test_a_failed_set_up_has_each_output_that_a_run_has() -> None:
    script = ACTION.with_name("scripts").joinpath("github", "github_setup.sh").read_text()
    for name in read(ACTION)["outputs"]:
        assert name == "report-path" or f"echo '{name}=" in script


def test_the_action_works_in_a_container() -> None:
    """In a container the expressions contain paths of the host, the variables those of the container."""
    text = ACTION.read_text()
    for expression in ("github.action_path", "runner.temp", "github.workspace"):
        assert expression not in text
    for step in read(ACTION)["runs"]["steps"]:
        assert "uses" in step or "$GITHUB_ACTION_PATH" in step["run"]
