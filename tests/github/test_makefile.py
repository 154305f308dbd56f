"""The Makefile passes settings on unchanged, and nothing else."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, re.MULTILINE))

PRINTING = Path(__file__).with_name("printing_loadtest.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "bootstrap.sh").write_text("exit 0\n")
    command = tmp_path / ".venv" / "bin" / "loadtest"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {PRINTING} "$@"\n')
    command.chmod(0o755)
    return tmp_path


def clean_environment(**settings: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOADTEST_", "MAKE", "MFLAGS")) and name not in ("GATEWAY", "DATABASE")
    }
    return {**kept, **settings}


def make(checkout: Path, *arguments: str, **settings: str) -> tuple[list[str], dict[str, str]]:
    done = subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        check=True,
    )
    given, environment = json.loads(done.stdout)
    return given, environment


def test_a_setting_of_the_command_line_is_passed_on(checkout: Path) -> None:
    given, environment = make(checkout, "load-test-ci", "LOADTEST_USERS=7", "GATEWAY=3.0.0rc1")
    assert given == ["run"]
    assert environment["LOADTEST_USERS"] == "7"
    assert environment["GATEWAY"] == "3.0.0rc1"
    _, environment = make(checkout, "load-test-ci", "DATABASE=postgres", "LOADTEST_GATEWAY_WORKERS=3")
    assert (environment["DATABASE"], environment["LOADTEST_GATEWAY_WORKERS"]) == ("postgres", "3")


def test_a_setting_of_the_environment_is_passed_on(checkout: Path) -> None:
    _, environment = make(checkout, "load-test-cli", LOADTEST_HOST="http://127.0.0.1:9")
    assert environment["LOADTEST_HOST"] == "http://127.0.0.1:9"


def test_a_setting_that_is_not_set_is_not_passed_on(checkout: Path) -> None:
    _, environment = make(checkout, "load-test-ci")
    ours = {name for name in environment if name.startswith("LOADTEST_")} | environment.keys() & {"GATEWAY"}
    assert ours == {"LOADTEST_SETUP_SECONDS"}


@pytest.mark.parametrize(
    "name", ["GATEWAY", "DATABASE", "LOADTEST_USERS", "LOADTEST_PROFILE", "LOADTEST_HOST"]
)
def test_an_empty_setting_is_not_passed_on(checkout: Path, name: str) -> None:
    _, environment = make(checkout, "load-test-ci", **{name: ""})
    assert name not in environment
    _, environment = make(checkout, "load-test-ci", f"{name}=")
    assert name not in environment


def test_the_time_of_the_set_up_is_passed_on(checkout: Path) -> None:
    _, environment = make(checkout, "load-test-ci", f"STARTED={int(time.time()) - 1000}")
    assert 1000 <= int(environment["LOADTEST_SETUP_SECONDS"]) <= 1060
    _, environment = make(checkout, "load-test-ci")
    assert 0 <= int(environment["LOADTEST_SETUP_SECONDS"]) <= 60


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (("load-test-ci", "LOCUST_ARGS=-T teams"), ["run", "--", "-T", "teams"]),
        (("load-test-ci", "RUN_ARGS=--criteria 'p95 < 500ms'"), ["run", "--criteria", "p95 < 500ms"]),
        (("load-test-cli", "LOCUST_ARGS=--list"), ["drive", "--", "--list"]),
        (("load-test-ui",), ["drive", "--ui"]),
        (("gateway-status",), ["boot", "--status"]),
        (("services-up",), ["services", "up"]),
        (("services-status",), ["services", "status"]),
        (("services-down",), ["services", "down"]),
        (("report", "REPORT_ARGS=--csv reports/locust"), ["report", "--csv", "reports/locust"]),
    ],
)
def test_a_target_is_one_call(checkout: Path, arguments: tuple[str, ...], given: list[str]) -> None:
    assert make(checkout, *arguments)[0] == given


@pytest.mark.parametrize(
    ("settings", "stand_in", "recorded"),
    [
        ({"VERSION": "3.0.8"}, "exit 1", "version=3.0.8\n"),
        ({"VERSION": ""}, "echo 3.0.9", "version=3.0.9\n"),
        ({}, "exit 0", "version=\n"),
        ({"NEWER_ARGS": "--pre"}, 'test "$3" = --pre && echo 3.0.9rc1', "version=3.0.9rc1\n"),
        ({}, "echo 3.0.9; exit 3", None),
    ],
)
def test_the_release_to_add(
    checkout: Path, settings: dict[str, str], stand_in: str, recorded: str | None
) -> None:
    (checkout / ".venv" / "bin" / "loadtest").write_text(f"#!/bin/sh\n{stand_in}\n")
    output = checkout / "output"
    done = subprocess.run(
        ["make", "newer-gateway"],
        cwd=checkout,
        env=clean_environment(GITHUB_OUTPUT=str(output), **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (output.read_text() if output.exists() else None) == recorded
    assert (done.returncode == 0) is (recorded is not None)


def test_light_uses_the_profile_light(checkout: Path) -> None:
    assert make(checkout, "load-test-light", LOADTEST_PROFILE="soak")[1]["LOADTEST_PROFILE"] == "light"


def test_soak_runs_the_whole_job_with_the_profile_soak(checkout: Path) -> None:
    given, environment = make(checkout, "load-test-soak", "LOADTEST_RATE=5", LOADTEST_PROFILE="light")
    assert given == ["run"]
    assert environment["LOADTEST_PROFILE"] == "soak"
    assert environment["LOADTEST_RATE"] == "5"
    assert 0 <= int(environment["LOADTEST_SETUP_SECONDS"]) <= 60


def test_a_failing_command_fails_make(checkout: Path) -> None:
    done = subprocess.run(
        ["make", "gateway-up"],
        cwd=checkout,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2  # the exit code of make for any failure
    assert "Error 3" in done.stderr


@pytest.mark.parametrize("target", ["load-test-ci", "load-test-cli", "load-test-light", "load-test-soak"])
def test_a_signal_reaches_the_command(checkout: Path, target: str) -> None:
    with subprocess.Popen(
        ["make", target], cwd=checkout, env=clean_environment(WAIT="1"), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("[")
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopped cleanly\n"


def test_help_lists_every_target() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE)) == TARGETS
    assert {"load-test-ci", "load-test-cli", "load-test-ui", "load-test-light", "test", "setup"} <= TARGETS


def help_groups() -> dict[str, list[str]]:
    """Return the targets that ``make help`` lists, by the heading above them."""
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    groups: dict[str, list[str]] = {}
    for block in shown.split("\n\n"):
        heading, *lines = block.splitlines()
        groups[heading] = [line.split()[1] for line in lines if line.startswith("  make ")]
    return groups


def test_help_fits_a_terminal() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_help_groups_every_target_and_lists_those_for_github_last() -> None:
    groups = {heading: targets for heading, targets in help_groups().items() if targets}
    assert len(groups) > 1
    assert sorted(target for targets in groups.values() for target in targets) == sorted(TARGETS)
    assert list(groups)[-1] == "On GitHub only"
    assert {"github-report", "publish-comment", "soak-issue", "propose-gateway"} <= set(
        groups["On GitHub only"]
    )


def test_every_command_of_a_document_exists() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), *ROOT.glob(".ci/*")]
    named = {
        (document.name, target)
        for document in documents
        for target in re.findall(
            r"\bmake ((?:gateway|services|load|test|report|setup|bench|lock)[a-z-]*)", document.read_text()
        )
    }
    assert named
    assert {target for _, target in named} <= TARGETS


def test_modules_are_compiled_once(checkout: Path) -> None:
    _, environment = make(checkout, "load-test-ci", PYTHONDONTWRITEBYTECODE="1")
    assert "PYTHONDONTWRITEBYTECODE" not in environment
