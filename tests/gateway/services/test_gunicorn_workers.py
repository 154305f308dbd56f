"""A real gateway with several workers on real services."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from eventually import until
from supported import NEWEST

from loadtest.gateway import LogQuery, RunningGateway, booted, parse_source
from loadtest.gateway.services import up
from loadtest.gateway.services.binaries import Programs

pytestmark = [pytest.mark.real, pytest.mark.nightly]  # a boot with two workers and services takes a minute


@pytest.fixture
def gateway(home: Path, own_home: Path) -> Iterator[RunningGateway]:
    (own_home / "gateways").symlink_to(home / "gateways")
    up(own_home)
    with booted(parse_source(NEWEST), home=own_home, database="postgres", environ={}) as gateway:
        yield gateway
    assert not psutil.pid_exists(gateway.pid or 0)


def workers(gateway: RunningGateway) -> set[int]:
    return {child.pid for child in psutil.Process(gateway.pid).children()}


def ask(gateway: RunningGateway, path: str, name: str = "lt-workers-0") -> requests.Response:
    """Ask on a connection of its own, so that any worker may answer."""
    headers = {
        "Authorization": f"Bearer {gateway.credentials.bearer()}",
        "X-Correlation-ID": name,
        "Connection": "close",
    }
    return requests.get(f"{gateway.host}{path}", headers=headers, timeout=30)


def test_a_worker_that_dies_is_replaced_and_everything_is_watched(
    gateway: RunningGateway, installed: Programs, own_home: Path
) -> None:
    assert str(gateway.deployment) == "postgresql with Redis, 2 workers"
    assert len(workers(gateway)) == 2
    assert until(lambda: any(sample.processes >= 3 for sample in gateway.samples(time.monotonic())), 30.0)
    assert gateway.secrets
    tree = [psutil.Process(gateway.pid), *psutil.Process(gateway.pid).children(recursive=True)]
    shown = " ".join(" ".join(process.cmdline()) for process in tree)
    assert not [secret for secret in gateway.secrets if secret in shown]

    before = workers(gateway)
    victim = min(before)
    psutil.Process(victim).kill()
    assert until(lambda: len(workers(gateway) - before) == 1, 30.0)
    assert victim not in workers(gateway)
    assert gateway.death() is None, "the gateway goes on"
    assert until(lambda: ask(gateway, "/health").ok, 30.0)

    # Every worker's lines are in the one log, under the request's own name.
    names = [f"lt-workers-{number}" for number in range(1, 9)]
    began = time.time()
    for name in names:
        assert ask(gateway, "/tools", name).ok
    asked = [LogQuery(name, "GET", "/tools", began) for name in names]
    assert until(lambda: all(gateway.lines_of(asked).values()), 30.0)
