"""``loadtest scenario``: write a scenario, and try it out with every exchange."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench import Job, StubGateway, started
from in_process import loadtest
from supported import NEWEST

from loadtest.reports.call_trace import exchange_lines
from loadtest.results.trace import TracedCall

EXAMPLE = Path(__file__).parent / "examples" / "tried.py"
BACKEND = Path(__file__).parents[2] / "support" / "words_backend.py"
FIXTURE = """
[[fixture]]
name = "echo"
create = "POST /rbac/roles"
body = { name = "{{name}}" }
delete = "DELETE /rbac/roles/{role_id}"
"""


def test_every_exchange_is_printed_and_a_failure_is_the_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "tried.py"
    shutil.copy(EXAMPLE, file)
    (tmp_path / "fixtures.toml").write_text(FIXTURE)
    (tmp_path / "backends").mkdir()
    shutil.copy(BACKEND, tmp_path / "backends" / "words.py")
    job = Job.on(StubGateway, tmp_path, verb=("scenario", "try"), arguments=(str(file),), users=())
    with started(job):
        assert job.wait() == 1, job.output
    assert "1. GET /version 200" in job.output
    assert "X-Entity: stub" in job.output  # the fixture beside the file
    assert "X-Backend: http://127.0.0.1:9/words" in job.output  # its backend
    assert '"app"' in job.output  # the body of a success
    assert "2. GET /ready 200" in job.output
    assert "expected status to be 'another'" in job.output
    assert "TriedUser.calls: 2 calls, 1 failed" in job.output
    assert "GET /health" not in job.output
    assert not job.left()


def test_exchanges_are_in_the_order_of_their_requests() -> None:
    """A creation finishes after the read-back that verifies it."""
    calls = [
        TracedCall(operation=name, status=200, duration=1.0, finished=finished, began=began)
        for name, began, finished in (("GET /x", 2.0, 3.0), ("POST /x", 1.0, 4.0))
    ]
    shown = [line.split("  ")[0] for line in exchange_lines(calls) if line]
    assert [line[:9] for line in shown] == ["1. POST /", "2. GET /x"]


def test_the_next_command_names_the_gateway_that_was_given(tmp_path: Path) -> None:
    done = loadtest("scenario", "new", "GET /health", "--out", tmp_path, "--gateway", NEWEST)
    assert done.stdout.endswith(f"loadtest scenario try {tmp_path}/get_health.py --gateway {NEWEST}\n")


def test_a_new_scenario_is_not_written_over_another(tmp_path: Path) -> None:
    done = loadtest("scenario", "new", "GET /health", "--out", tmp_path)
    assert (done.returncode, (tmp_path / "get_health.py").exists()) == (0, True)
    done = loadtest("scenario", "new", "GET /health", "--out", tmp_path)
    assert done.returncode == 2
    assert "exists already" in done.stderr


def test_an_unknown_operation_is_one_line(tmp_path: Path) -> None:
    done = loadtest("scenario", "new", "GET /nothing", "--out", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
