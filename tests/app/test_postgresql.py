"""The main job on PostgreSQL and Redis with several workers: as on SQLite, and nothing remains."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import loadtest
from supported import NEWEST

from loadtest.core.errors import UsageError
from loadtest.gateway.services import postgresql, read_services
from loadtest.gateway.services.binaries import Programs, find
from loadtest.results.run import RunState, read_run


@pytest.fixture
def installed() -> Programs:
    try:
        return find()
    except UsageError as error:
        if os.environ.get("LOADTEST_NEEDS_SERVICES"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def home(tmp_path: Path, installed: Programs) -> Iterator[dict[str, str]]:
    """A LOADTEST_HOME with services of its own and the project's installations."""
    shared = Path(os.environ.get("LOADTEST_HOME", ".loadtest")).absolute()
    (shared / "gateways").mkdir(parents=True, exist_ok=True)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "gateways").symlink_to(shared / "gateways")
    more = {"LOADTEST_HOME": str(tmp_path / "home"), "DATABASE_URL": "", "REDIS_URL": ""}
    started = loadtest("services", "up", more=more)
    assert started.returncode == 0, started.stderr
    yield more
    stopped = loadtest("services", "down", more=more)
    assert stopped.stdout == "stopped\n"


@pytest.mark.real
@pytest.mark.load
@pytest.mark.nightly
def test_the_main_job(home: dict[str, str], installed: Programs, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    arguments = ("--gateway", NEWEST, "--database", "postgres", "--reports-dir", str(reports))
    done = loadtest("run", *arguments, timeout=600, more=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("PASS · ")
    assert "nothing new" in done.stdout.splitlines()[-1]

    run = read_run(reports / "run.json")
    assert run.state is RunState.COMPLETE
    assert run.gateway is not None
    assert str(run.gateway.deployment) == "postgresql with Redis, 2 workers"
    assert run.gateway.notes == (), "no limit of SQLite slows it"
    assert max(sample.processes for sample in run.resources) >= 3, "a parent and two workers are watched"
    failed = {failure.operation for failure in run.failures if failure.examples}
    with_lines = {
        failure.operation for failure in run.failures if any(example.log for example in failure.examples)
    }
    assert with_lines, f"no line of the log was found for any of {failed}"

    services = read_services(Path(home["LOADTEST_HOME"]))
    assert services is not None
    written = "".join(path.read_text(errors="replace") for path in reports.iterdir() if path.is_file())
    assert services.password not in written + done.stdout + done.stderr
    left = postgresql.query(installed, services, "select datname from pg_database where datname like 'run-%'")
    assert left == []

    verdict = json.loads((reports / "verdict.json").read_text())
    assert verdict["operations"]["succeeded"] > 300
    assert "coverage-floor" not in {finding["check"] for finding in verdict["findings"]}


def test_missing_services_are_a_usage_error_in_one_line(tmp_path: Path) -> None:
    more = {"LOADTEST_HOME": str(tmp_path), "DATABASE": "postgres", "DATABASE_URL": ""}
    done = loadtest("run", "--reports-dir", str(tmp_path / "reports"), more=more, timeout=60)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("loadtest: DATABASE=postgres: no services run")


@pytest.mark.nightly
@pytest.mark.real
def test_a_run_that_does_not_boot_records_its_database(tmp_path: Path) -> None:
    more = {"DATABASE_URL": "postgresql://me:hush-hush@127.0.0.1:9/mcp?no-such-option=1"}
    done = loadtest("run", "--gateway", NEWEST, "--reports-dir", str(tmp_path), more=more)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "hush-hush" not in done.stdout + done.stderr
    run = read_run(tmp_path / "run.json")
    assert run.state is RunState.ABORTED
    assert run.gateway is not None
    assert (run.gateway.version, run.gateway.database) == (None, "postgresql")
    assert [phase.name for phase in run.phases] == ["boot", "report"]


def test_drive_reports_a_gateway_that_does_not_answer(tmp_path: Path) -> None:
    more = {
        "LOADTEST_HOST": "http://127.0.0.1:9",
        "LOADTEST_TOKEN": "no-matter",
        "LOADTEST_HOME": str(tmp_path / "home"),
        "DATABASE": "postgres",
    }
    done = loadtest("drive", "-u", "1", "-t", "2s", "--reports-dir", str(tmp_path / "reports"), more=more)
    assert done.returncode == 3, done.stdout + done.stderr
    run = read_run(tmp_path / "reports" / "run.json")
    assert run.state is RunState.ABORTED
    assert run.gateway is not None
    assert str(run.gateway.deployment) == "postgresql with Redis, 2 workers"
