"""``loadtest repro``: which failure, on which gateway, and what is printed and left."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from bench import Job, StubGateway
from msgspec.structs import replace
from sample_runs import failure, run

from loadtest.app.repro import database_of, failure_of, overrides_of, port_of
from loadtest.core.errors import UsageError
from loadtest.gateway.process.detached import read_state
from loadtest.reports.call_trace import trace_lines
from loadtest.results.failures import Example
from loadtest.results.run import Run, write_run
from loadtest.results.target import Gateway
from loadtest.results.trace import TracedCall

BROKEN = failure("GET /version", "refused", scenario="VersionMetaUser.version")
OTHER = failure("GET /ready", "refused", scenario="HealthUser.gone")
NAMELESS = failure("GET /health", "refused")


def failed() -> Run:
    return run(failures=(BROKEN, OTHER, NAMELESS))


def test_a_failure_by_the_start_of_its_fingerprint() -> None:
    assert failure_of(failed(), BROKEN.fingerprint) == failure_of(failed(), BROKEN.fingerprint[:6]) == BROKEN


@pytest.mark.parametrize(
    ("here", "fingerprint", "words"),
    [
        (
            failed(),
            "ffffffffffff",
            f"no failure of this run has this fingerprint, expected one of {BROKEN.fingerprint}",
        ),
        (failed(), "", "no failure of this run has"),
        (run(), "ab", "expected one of none"),
        (run(failures=(BROKEN, BROKEN)), BROKEN.fingerprint, "several failures have"),
        (failed(), OTHER.fingerprint, "its scenario HealthUser.gone does not exist"),
        (failed(), NAMELESS.fingerprint, "does not record its scenario"),
    ],
)
def test_another_one_is_one_line(here: Run, fingerprint: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as error:
        failure_of(here, fingerprint)
    assert "\n" not in str(error.value)


def test_the_gateway_is_that_of_the_run() -> None:
    gateway = Gateway(version="1", source="1", database="postgresql", changed={"A": "1"})
    assert database_of(run(gateway=gateway)) == "postgres"
    assert database_of(run()) == "sqlite"
    assert database_of(run(gateway=None)) is None
    assert overrides_of(run(gateway=gateway)) == {"A": "1"}
    with pytest.raises(UsageError, match="--set A: is masked in the run"):
        overrides_of(run(gateway=replace(gateway, changed={"A": "***"})))


def test_its_port_is_used_if_it_is_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        here = run(settings=replace(run().settings, host=f"http://127.0.0.1:{port}"))
        taken.listen()
        assert port_of(here, BROKEN) is None
    assert port_of(here, BROKEN) == port
    assert port_of(run(settings=replace(run().settings, host="https://gateway.example")), BROKEN) is None


def test_the_port_is_that_of_the_gateway_at_which_the_failure_was_seen() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    here = run(settings=replace(run().settings, host="http://127.0.0.1:1"))
    seen = replace(BROKEN, examples=(Example(at=1, url=f"http://127.0.0.1:{port}/version"),))
    assert port_of(here, seen) == port
    remote = run(settings=replace(run().settings, host="https://gateway.example"))
    assert port_of(remote, seen) is None


def test_the_calls_as_text() -> None:
    calls = (
        TracedCall(operation="POST /tools", status=201, duration=35.2, finished=1.0),
        TracedCall(
            operation="GET /tools",
            status=500,
            duration=12.0,
            finished=2.0,
            fingerprint="ab",
            problem="status: boom",
            example=Example(at=2.0, curl="curl http://x", status=500, answer="::error::no"),
        ),
    )
    assert list(trace_lines(calls, "ab", ("a log line",))) == [
        "1. POST /tools 201, 35 ms",
        "2. GET /tools 500, 12 ms status: boom",
        "",
        "--- request",
        "curl http://x",
        "",
        "--- response 500",
        ": :error::no",
        "",
        "--- gateway log",
        "a log line",
    ]
    assert list(trace_lines(calls, "other", ()))[-1] == "2. GET /tools 500, 12 ms status: boom"


ON_THE_PORT_OF_THE_RUN = pytest.mark.xdist_group("repro")
"""A gateway is booted on the port of the stored run if that is free, so two such tests cannot run at the same time."""


def job(tmp_path: Path, *arguments: str) -> Job:
    gateway = Gateway(version=None, source=StubGateway.version)
    write_run(replace(failed(), gateway=gateway), tmp_path / "run.json")
    verb = ("repro", BROKEN.fingerprint, "--run", str(tmp_path / "run.json"))
    return Job.on(StubGateway, tmp_path, verb=verb, arguments=arguments, users=())


@ON_THE_PORT_OF_THE_RUN
def test_a_call_that_succeeds_now_is_not_reproduced(tmp_path: Path) -> None:
    here = job(tmp_path)
    here.start()
    assert here.wait() == 1, here.output
    assert "1. GET /version 200" in here.output
    assert here.output.splitlines()[-1].startswith(f"not reproduced: {BROKEN.fingerprint} GET /version")
    assert here.left() == []


@ON_THE_PORT_OF_THE_RUN
def test_the_gateway_that_is_kept_answers_the_printed_command(tmp_path: Path) -> None:
    here = job(tmp_path, "--keep")
    assert isinstance(here.gateway, StubGateway)
    here.gateway.behave(status={"/version": 500})
    here.start()
    assert here.wait() == 0, here.output
    lines = here.output.splitlines()
    assert lines[-1] == f"reproduced: {BROKEN.fingerprint} GET /version in VersionMetaUser.version"
    assert any(line.startswith("1. GET /version 500") for line in lines)
    try:
        assert read_state(here.home) is not None
        (token,) = (line for line in lines if line.startswith("export TOKEN="))
        (curl,) = (line for line in lines if line.startswith("curl "))
        shown = subprocess.run(["sh", "-c", f"{token}\n{curl}"], capture_output=True, text=True, check=True)
        assert shown.stdout == '{"detail": "refused"}'
    finally:
        stop = [sys.executable, "-m", "loadtest", "boot", "--stop"]
        subprocess.run(stop, env=here.environment, check=True, capture_output=True)
    assert here.left() == []
