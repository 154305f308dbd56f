"""Whatever ends a job, nothing that it started survives, and what was measured is reported."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from booted_versions import NEWEST
from command import alive, family, find, started, under_load, until

from loadtest.results.run import RunState, read_run

pytestmark = [pytest.mark.real, pytest.mark.nightly]

REPORTS = ("junit.xml", "summary.md", "verdict.json", "run.json", "gateway.log", "locust.log")


def arguments(reports: Path) -> tuple[str, ...]:
    who = ("--", "HealthUser", "TagsExtendedUser")
    return (
        "run",
        "--gateway",
        NEWEST,
        "-u",
        "4",
        "-r",
        "4",
        "-t",
        "120s",
        "--reports-dir",
        str(reports),
        *who,
    )


def ended(process: subprocess.Popen[str], processes: list[psutil.Process]) -> str:
    output, _ = process.communicate(timeout=90)
    until(lambda: not alive(processes), "every process of the job has ended")
    return output


def verdict(reports: Path) -> dict[str, object]:
    for name in REPORTS:
        assert (reports / name).stat().st_size > 0, name
    document: dict[str, object] = json.loads((reports / "verdict.json").read_text())
    return document


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with started(arguments(tmp_path), {}) as process:
        until(under_load(tmp_path), "the load runs")
        processes = family(process.pid)
        process.send_signal(number)
        output = ended(process, processes)
        assert process.returncode == code, output
    assert read_run(tmp_path / "run.json").state is RunState.INTERRUPTED
    assert verdict(tmp_path)["verdict"] == "interrupted"
    assert (tmp_path / "locust_report.html").exists()


def test_the_gateway_dies(tmp_path: Path) -> None:
    with started(arguments(tmp_path), {}) as process:
        until(under_load(tmp_path), "the load runs")
        processes = family(process.pid)
        find(processes, "mcpgateway", "--port").kill()
        output = ended(process, processes)
        assert process.returncode == 3, output
    assert "gateway died at 00:" in output.splitlines()[-1]
    run = read_run(tmp_path / "run.json")
    assert run.gateway is not None
    assert run.gateway.death is not None
    assert run.gateway.death.signal == signal.SIGKILL
    assert run.requests >= 20
    assert verdict(tmp_path)["verdict"] == "inconclusive"


def test_locust_dies(tmp_path: Path) -> None:
    with started(arguments(tmp_path), {}) as process:
        until(under_load(tmp_path), "the load runs")
        processes = family(process.pid)
        find(processes, "locust", "-f").kill()
        output = ended(process, processes)
        assert process.returncode == 3, output
    run = read_run(tmp_path / "run.json")
    assert run.state is RunState.ABORTED
    assert run.requests >= 20
    assert verdict(tmp_path)["verdict"] == "inconclusive"


def test_the_backends_die(tmp_path: Path) -> None:
    with started(arguments(tmp_path), {}) as process:
        until(under_load(tmp_path), "the load runs")
        processes = family(process.pid)
        find(processes, "loadtest.backends").kill()
        output = ended(process, processes)
        assert process.returncode == 3, output
    assert not all(backend.up for backend in read_run(tmp_path / "run.json").backends)
    assert verdict(tmp_path)["verdict"] == "inconclusive"


def test_the_job_itself_is_killed(tmp_path: Path) -> None:
    with started(arguments(tmp_path), {}) as process:
        until(under_load(tmp_path), "the load runs")
        processes = family(process.pid)
        process.kill()
        process.wait()
        until(lambda: not alive(processes), "every process of the job has ended")
    assert read_run(tmp_path / "run.json").requests >= 20
