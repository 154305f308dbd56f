"""Master and workers on one machine, on a stub gateway: one is stopped, refused or killed, the others end in order."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import alive, family, find, started, under_load, until
from stub_server import INTENDED, StubServer, stub_server

from loadtest.results.run import RunState, read_run

WHO = ("--", "HealthUser")
Started = contextlib.AbstractContextManager[subprocess.Popen[str]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubServer]:
    with stub_server(tmp_path_factory.mktemp("stub")) as running:
        yield running


class Company:
    """Starts a master and its workers for one gateway; each finds nothing in LOADTEST_HOME but its own."""

    def __init__(self, gateway: StubServer, directory: Path) -> None:
        self.reports = directory / "reports"
        self.gateway = gateway
        self.settings = {
            "LOADTEST_JWT_SECRET": gateway.secret,
            "LOADTEST_HOME": str(directory / "home"),
        }
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])

    def master(self, *arguments: str) -> Started:
        where = ("--master-bind", "127.0.0.1", "--master-port", self.port, "--gateway", self.gateway.host)
        intended = self.reports.with_name("removed.toml")
        intended.write_text(INTENDED)
        # The one scenario of the sweep gives a rate that is too low to stop a load in the middle.
        size = ("-u", "6", "-r", "6", "--rate", "20")
        files = ("--known-failures", str(intended), "--reports-dir", str(self.reports))
        return started(("run", "--master", *where, *size, *files, *arguments, *WHO), self.settings)

    def worker(self, *arguments: str, **more: str) -> Started:
        command = ("work", "--master-host", "127.0.0.1", "--master-port", self.port, *arguments)
        return started(command, self.settings | more)

    def verdict(self) -> str:
        return (self.reports / "verdict.json").read_text()


@pytest.fixture
def company(gateway: StubServer, tmp_path: Path) -> Company:
    return Company(gateway, tmp_path)


def test_a_stopped_worker_reports_all_results_and_the_others_continue(company: Company) -> None:
    with (
        company.master("-t", "8s", "--expect-workers", "3") as master,
        company.worker() as one,
        company.worker("--processes", "2") as two,
    ):
        until(under_load(company.reports), "the load runs")
        processes = family(two.pid)
        two.send_signal(signal.SIGTERM)
        assert two.wait(30) == 143
        until(lambda: not alive(processes), "every process of the worker has ended")
        output, _ = master.communicate(timeout=60)
        assert one.wait(30) == 0
    run = read_run(company.reports / "run.json")
    assert run.state is RunState.COMPLETE, output
    assert run.requests == sum(worker.requests for worker in run.workers)
    assert not any(worker.lost or worker.unreported for worker in run.workers)
    assert [worker.detail for worker in run.workers].count("it was stopped") == 2
    assert "2 workers of 3 with deviations" in company.verdict()
    assert run.sweep is not None
    assert run.sweep.done == run.sweep.planned


@pytest.mark.nightly
def test_a_worker_that_cannot_sign_in_is_reported_and_in_the_verdict(company: Company) -> None:
    with (
        company.master("-t", "10s", "--expect-workers", "2") as master,
        company.worker() as one,
        company.worker(LOADTEST_JWT_SECRET="another-secret-that-is-not-the-gateways") as stranger,
    ):
        printed, _ = stranger.communicate(timeout=90)
        assert stranger.returncode == 3, printed
        assert master.wait(60) == 3
        assert one.wait(30) == 0
    (line,) = [line for line in printed.splitlines() if "cannot take part" in line]
    assert "refuses our token" in line
    assert "Traceback" not in printed
    (refused,) = [worker for worker in read_run(company.reports / "run.json").workers if worker.lost]
    assert refused.requests == 0
    assert "refuses our token" in refused.detail
    for written in company.reports.iterdir():
        for secret in (company.settings["LOADTEST_JWT_SECRET"], "another-secret"):
            assert secret not in written.read_text(errors="replace"), written


@pytest.mark.nightly
def test_workers_that_do_not_come_are_missed_in_time(company: Company) -> None:
    with (
        company.master("-t", "10s", "--expect-workers", "2", "--workers-within", "8s") as master,
        company.worker() as one,
    ):
        assert master.wait(90) == 3
        assert one.wait(30) == 0
    run = read_run(company.reports / "run.json")
    assert run.state is RunState.ABORTED
    assert run.reason.startswith("not every worker connected within 8 s: 1 of 2 connected (")
    assert run.reason.endswith(", 1 missing")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        # Ends in the same way; a job without workers is interrupted on every change (tests/faults).
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.nightly),
    ],
)
def test_a_master_that_is_stopped_under_load_ends_with_its_workers(
    company: Company, number: signal.Signals, code: int
) -> None:
    with company.master("-t", "120s") as master, company.worker() as one:
        until(under_load(company.reports), "the load runs")
        processes = [*family(master.pid), *family(one.pid)]
        master.send_signal(number)
        assert master.wait(60) == code
        assert one.wait(30) == 0
        until(lambda: not alive(processes), "every process has ended")
    run = read_run(company.reports / "run.json")
    assert run.state is RunState.INTERRUPTED
    assert run.requests == sum(worker.requests for worker in run.workers) >= 20
    assert json.loads(company.verdict())["verdict"] == "interrupted"


@pytest.mark.nightly
def test_a_master_that_is_stopped_while_it_waits_lets_its_workers_go(company: Company) -> None:
    with company.master("-t", "60s", "--expect-workers", "2") as master, company.worker() as one:
        log = company.reports / "locust.log"
        until(lambda: log.exists() and "reported as ready" in log.read_text(), "the first one is there")
        processes = [*family(master.pid), *family(one.pid)]
        master.send_signal(signal.SIGTERM)
        assert master.wait(60) == 143
        assert one.wait(30) == 0
        until(lambda: not alive(processes), "every process has ended")
    assert read_run(company.reports / "run.json").state is RunState.INTERRUPTED


@pytest.mark.nightly
def test_nothing_stays_of_a_worker_whose_command_was_killed_nor_does_the_last_loss_last(
    company: Company,
) -> None:
    with company.master("-t", "120s") as master, company.worker("--processes", "1") as one:
        until(under_load(company.reports), "the load runs")
        processes = family(one.pid)
        find(processes, "locust", "--worker").kill()
        one.kill()
        until(lambda: not alive(processes), "every process of the worker has ended")
        output, _ = master.communicate(timeout=90)
    assert master.returncode == 3, output
    run = read_run(company.reports / "run.json")
    assert run.state is RunState.ABORTED
    assert run.reason == "every worker was lost"
    assert [worker.lost for worker in run.workers] == [True]
