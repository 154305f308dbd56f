"""How many gateways a job boots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from supported import NEWEST

from loadtest.app.distributed import MasterOptions
from loadtest.app.job import MOST_REPLICAS, Job, replica_count
from loadtest.app.judging import JudgingOptions
from loadtest.core.errors import UsageError
from loadtest.gateway.install.source import parse_source
from loadtest.results.deployment import Deployment
from loadtest.workload.profiles import size

SQLITE = Deployment()


def job(source: str = NEWEST, **more: Any) -> Job:
    values: dict[str, Any] = {"size": size(profile="pr"), "options": JudgingOptions()} | more
    return Job(source=parse_source(source), home=Path("home"), reports=Path("reports"), **values)


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)


@pytest.mark.parametrize(
    ("cores", "gateways"), [(None, 1), (1, 1), (2, 2), (3, 3), (4, MOST_REPLICAS), (64, MOST_REPLICAS)]
)
def test_gateways_share_a_whole_sweep_on_sqlite(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, gateways: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert replica_count(job(), SQLITE) == gateways
    assert replica_count(job(replicas=1), SQLITE) == 1
    assert replica_count(job(replicas=5), SQLITE) == 5


def test_one_gateway_is_enough_for_some_scenarios_and_for_another_database() -> None:
    assert replica_count(job(locust=("HealthUser",)), SQLITE) == 1
    assert replica_count(job(), replace(SQLITE, database="postgresql", workers=2)) == 1


ALONE = (
    ({"source": "http://127.0.0.1:9"}, "a gateway that already runs"),
    ({"size": size(profile="soak")}, "a soak"),
    ({"master": MasterOptions(expect=1, within=1.0, port=5557, bind="127.0.0.1")}, "a master"),
)


@pytest.mark.parametrize(("how", "what"), ALONE, ids=[what for _, what in ALONE])
def test_some_jobs_test_one_gateway(how: dict[str, Any], what: str) -> None:
    assert replica_count(job(**how), SQLITE) == 1
    assert replica_count(job(**how, replicas=1), SQLITE) == 1
    with pytest.raises(UsageError, match=f"^--replicas 2: {what} tests one gateway, expected 1$"):
        replica_count(job(**how, replicas=2), SQLITE)
