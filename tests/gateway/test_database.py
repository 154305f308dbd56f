"""Which database a gateway gets: the one that is given, our services, or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.gateway.database import ExternalDatabase, LeasedDatabase, database_provider, deployment_of
from loadtest.gateway.install.source import parse_source
from loadtest.gateway.services import Services


def test_the_default_database_is_a_file(tmp_path: Path) -> None:
    assert database_provider(None, tmp_path, {}) == ExternalDatabase(None, None, 1, tmp_path)
    assert database_provider("sqlite", tmp_path, {"DATABASE_URL": ""}) == ExternalDatabase(
        None, None, 1, tmp_path
    )


def test_addresses_of_the_environment_win(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgresql+psycopg://u:p@db/mcp", "REDIS_URL": "redis://r:6379/0"}
    expected = ExternalDatabase("postgresql+psycopg://u:p@db/mcp", "redis://r:6379/0", 2)
    for database in ("sqlite", "postgres", None):
        assert database_provider(database, tmp_path, environ) == expected
    one = database_provider(None, tmp_path, environ | {"LOADTEST_GATEWAY_WORKERS": "1"})
    assert isinstance(one, ExternalDatabase)
    assert one.workers == 1


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_an_address_gets_the_driver_that_the_gateway_has(tmp_path: Path, scheme: str) -> None:
    provider = database_provider(None, tmp_path, {"DATABASE_URL": f"{scheme}://u:p@db/mcp"})
    assert provider == ExternalDatabase("postgresql+psycopg://u:p@db/mcp", None, 1)


def test_no_services_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^DATABASE=postgres: no services run, expected .*services-up`"):
        database_provider("postgres", tmp_path, {})


def test_a_file_takes_one_worker(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SQLite takes one"):
        database_provider(None, tmp_path, {"LOADTEST_GATEWAY_WORKERS": "2"})


def test_the_database_of_a_gateway_is_determined_before_it_boots(tmp_path: Path) -> None:
    def asked(database: str | None, gateway: str | None = None, **environ: str) -> str:
        return str(deployment_of(parse_source(gateway), database, tmp_path, environ))

    assert asked(None) == "sqlite"
    assert asked("sqlite", DATABASE_URL="postgres://u:p@db/mcp") == "postgresql"
    both = {"DATABASE_URL": "postgresql://u:p@db/mcp", "REDIS_URL": "redis://r:6379/0"}
    assert asked(None, LOADTEST_GATEWAY_WORKERS="3", **both) == "postgresql with Redis, 3 workers"
    assert asked("postgres", "http://127.0.0.1:4444") == "postgresql with Redis, 2 workers"
    with pytest.raises(UsageError, match="no services run"):
        asked("postgres")


def test_external_services_are_postgresql_and_redis(tmp_path: Path) -> None:
    services = Services(postgresql_port=1, redis_port=2, password="p", postgresql_pid=0, redis_pid=0)
    assert str(LeasedDatabase(services, tmp_path, 4).deployment) == "postgresql with Redis, 4 workers"
