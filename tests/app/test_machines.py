"""A load that several machines make: one run, exact to the request, and a verdict that names lost workers."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import started, under_load, until
from door import Door, door
from machines import Host, Network, network
from stub_server import INTENDED, StubServer, stub_server

from loadtest.results.run import Run, Worker, read_run

pytestmark = [pytest.mark.load, pytest.mark.nightly]

WHO = ("--", "HealthUser")


@pytest.fixture(scope="module")
def machines() -> Iterator[Network]:
    with contextlib.ExitStack() as stack:
        try:
            made = stack.enter_context(network("w1", "w2", "w3"))
        except (OSError, subprocess.CalledProcessError) as error:
            if os.environ.get("LOADTEST_NEEDS_NAMESPACES"):
                raise
            pytest.skip(f"no network namespaces here, which need root and iproute2: {error}")
        yield made


@pytest.fixture(scope="module")
def gateway(machines: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubServer]:
    with stub_server(tmp_path_factory.mktemp("stub")) as running:
        yield running


@pytest.fixture
def entrance(machines: Network, gateway: StubServer) -> Iterator[Door]:
    with door(gateway.host, machines.address) as opened:
        yield opened


@dataclass(frozen=True)
class Company:
    """How master and workers are started, and what the run contains about them so far."""

    machines: Network
    reports: Path
    port: int
    secret: str
    url: str

    def master(self, *arguments: str) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
        intended = self.reports.with_name("removed.toml")
        intended.write_text(INTENDED)
        where = ("--master-bind", self.machines.address, "--master-port", str(self.port))
        command = (
            "run",
            "--master",
            *where,
            "--gateway",
            self.url,
            "--reports-dir",
            str(self.reports),
            "--known-failures",
            str(intended),
            *arguments,
        )
        settings = {"LOADTEST_JWT_SECRET": self.secret, "LOADTEST_BACKENDS_ADDRESS": self.machines.address}
        return started((*command, *WHO), settings)

    def worker(
        self, host: Host, *arguments: str, **more: str
    ) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
        command = (
            "work",
            "--master-host",
            self.machines.address,
            "--master-port",
            str(self.port),
            *arguments,
        )
        return started(command, {"LOADTEST_JWT_SECRET": self.secret} | more, host.command)

    def of(self, name: str) -> Worker:
        path = self.reports / "run.json"
        workers = read_run(path).workers if path.exists() else ()
        return next((worker for worker in workers if worker.name == name), Worker(name=name))


@pytest.fixture
def company(machines: Network, gateway: StubServer, entrance: Door, tmp_path: Path) -> Company:
    with socket.create_server((machines.address, 0)) as free:
        port = free.getsockname()[1]
    return Company(machines, tmp_path / "reports", port, gateway.secret, entrance.url)


def counted(run: Run) -> int:
    return sum(operation.latency.count for operation in run.operations if operation.latency)


def test_one_is_lost_one_is_late_and_one_is_cut_off_for_a_time(
    company: Company, machines: Network, entrance: Door
) -> None:
    hosts, reports = machines.hosts, company.reports
    with (
        company.master(
            "--expect-workers", "2", "-u", "12", "-r", "12", "-t", "55s", "--rate", "20"
        ) as master,
        company.worker(hosts["w1"]) as first,
        company.worker(hosts["w2"]) as second,
    ):
        until(under_load(reports, 40), "the load runs", master)
        with company.worker(hosts["w3"]) as third:
            until(lambda: company.of("w3").requests > 5, "the late one takes part", master)
            hosts["w2"].cut_off()
            until(lambda: company.of("w2").lost, "the loss is noticed", master)
            hosts["w3"].cut_off()
            until(lambda: company.of("w3").lost, "the cut is noticed", master)
            hosts["w3"].connect()
            output, _ = master.communicate(timeout=90)
            assert first.wait(30) == 0
            assert third.wait(30) == 0
        hosts["w2"].connect()
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 143
    assert master.returncode == 3, output
    headline = output.splitlines()[-1]
    assert headline.startswith("INCONCLUSIVE · 1 of 3 workers lost: w2 at 00:"), output
    assert "cut off for a time: w3 from 00:" in headline

    run = read_run(reports / "run.json")
    stayed, lost, back = run.workers
    assert [worker.name for worker in run.workers] == ["w1", "w2", "w3"]
    assert stayed == Worker(name="w1", requests=stayed.requests, last_report=stayed.last_report)
    assert lost.lost
    assert lost.left_at is not None
    assert lost.last_report is not None
    assert not back.lost
    assert back.joined_at > 0
    assert back.back_at is not None
    assert back.left_at is not None
    assert back.back_at > back.left_at + 3
    assert back.unreported == 0

    # Exact to the request: of all together, of every histogram, and by the door's own count of who stayed.
    assert run.requests == sum(worker.requests for worker in run.workers) == counted(run)
    assert stayed.requests == entrance.calls[hosts["w1"].address]
    assert 0 < lost.requests <= entrance.calls[hosts["w2"].address]
    assert run.sweep is not None
    assert run.sweep.done == run.sweep.planned
