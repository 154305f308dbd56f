"""Real PostgreSQL and Redis: started, asked, lent, stopped; nothing stays, whoever is killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil
import pytest
from eventually import until

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.gateway.services import Services, down, leased, postgresql, read_services, redis, status, up
from loadtest.gateway.services.binaries import Programs
from loadtest.gateway.services.data_directory import LINK, account, data_directory, remove_data
from loadtest.gateway.services.endpoints import home_of
from loadtest.gateway.services.lease import RUNS
from loadtest.gateway.services.lifecycle import FILE, ServicesState

KILLED_RUN = Path(__file__).parent / "killed_run.py"

pytestmark = pytest.mark.real


def state(home: Path) -> ServicesState:
    return msgspec.json.decode((home / FILE).read_bytes(), type=ServicesState)


def processes(home: Path) -> list[psutil.Process]:
    """The holder and everything that it started: guards, servers, and the servers' own processes."""
    holder = psutil.Process(state(home).holder)
    return [holder, *holder.children(recursive=True)]


def gone(held: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in held)


def data_of(home: Path) -> Path:
    return (home / "services" / LINK).resolve()


def no_migrations(_database_url: str) -> None:
    pass


def test_started_asked_and_stopped(place: Path, installed: Programs) -> None:
    services = up(place)
    assert stat.S_IMODE((place / FILE).stat().st_mode) == 0o600
    assert read_services(place) == services
    assert status(place).startswith(f"PostgreSQL runs on port {services.postgresql_port} (process ")
    assert postgresql.ask(installed, services, "show fsync") == ["off"]
    assert int(postgresql.ask(installed, services, "show max_connections")[0]) >= 500
    assert redis.ask(installed, services, "ping") == "PONG"

    held, data = processes(place), data_of(place)
    shown = " ".join(" ".join(one.cmdline()) for one in held) + repr(services)
    assert services.password not in shown
    servers = [psutil.Process(pid) for pid in (services.postgresql_pid, services.redis_pid)]
    assert all(one.uids().effective != 0 for one in servers), "nothing that listens runs as root"
    addresses = {
        one.laddr.ip for server in servers for one in server.net_connections() if one.status == "LISTEN"
    }
    assert addresses == {"127.0.0.1"}

    with pytest.raises(
        UsageError, match=rf"^PostgreSQL runs on port {services.postgresql_port} .*stop them first"
    ):
        up(place)
    assert down(place)
    assert gone(held)
    assert not data.exists()
    assert not (place / "services").exists()
    assert status(place) == "no services run"
    assert not down(place)


def test_a_wrong_password_opens_nothing(place: Path, installed: Programs) -> None:
    stranger = msgspec.structs.replace(up(place), password="a stranger's")
    with pytest.raises(InconclusiveError, match=r"PostgreSQL failed .*: .*password authentication failed"):
        postgresql.ask(installed, stranger, "select 1")
    with pytest.raises(InconclusiveError, match=r"Redis failed .*: .*(?:WRONGPASS|NOAUTH)"):
        redis.ask(installed, stranger, "dbsize")


@pytest.mark.parametrize("victim", ["holder", "guards"])
def test_nothing_survives_whoever_is_killed(place: Path, victim: str) -> None:
    up(place)
    held, data = processes(place), data_of(place)
    holder = psutil.Process(state(place).holder)
    killed = [holder] if victim == "holder" else holder.children()
    for one in killed:
        os.kill(one.pid, signal.SIGKILL)
    assert until(lambda: gone([one for one in held if one != holder]))
    if victim == "holder":
        assert read_services(place) is None, "a state whose holder is gone says nothing"
        assert not (place / FILE).exists()
        again = up(place)
        assert not data.exists() or data == data_of(place)
        assert read_services(place) == again


def test_a_start_that_is_given_up_leaves_nothing(place: Path) -> None:
    """Whoever asked for the services is killed while they start."""
    code = f"from pathlib import Path; from loadtest.gateway.services import up; up(Path({str(place)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as starter:
        assert until(lambda: (place / "services" / LINK).exists())
        held = [
            one
            for one in psutil.process_iter()
            if one.pid != starter.pid and _mentions(one, str(place), str(data_of(place)))
        ]
        starter.kill()
    assert until(lambda: gone(held))
    assert until(lambda: not (place / FILE).exists() and not (place / "services" / LINK).exists())
    assert not down(place)


def _mentions(process: psutil.Process, *words: str) -> bool:
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return any(word in line for word in words)


def test_a_service_that_does_not_start(
    place: Path, installed: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path begins with a redis-server that ends at once."""
    broken = place / "bin"
    broken.mkdir()
    (broken / "redis-server").write_text("#!/bin/sh\nexit 1\n")
    (broken / "redis-server").chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
    place.chmod(0o755)
    with pytest.raises(InconclusiveError, match=r"^Redis failed "):
        up(place)
    assert read_services(place) is None
    assert not (place / "services" / LINK).exists()


@pytest.mark.parametrize("text", ["", "{", '{"services": 1}'])
def test_a_file_that_is_no_state(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=r"services\.json: is not the state of services"):
        read_services(tmp_path)
    with pytest.raises(UsageError, match="is not the state of services"):
        down(tmp_path)


def test_a_process_id_that_belongs_to_another_by_now(tmp_path: Path) -> None:
    mine = psutil.Process()
    services = Services(
        postgresql_port=1, redis_port=2, password="p" * 20, postgresql_pid=mine.pid, redis_pid=mine.pid
    )
    old = ServicesState(services=services, holder=mine.pid, created=mine.create_time() - 3600)
    (tmp_path / FILE).write_bytes(msgspec.json.encode(old))
    assert read_services(tmp_path) is None
    assert not down(tmp_path), "nobody else's process is signalled"


def test_data_are_the_accounts_own_wherever_they_are(tmp_path: Path) -> None:
    owner = account()
    home = home_of(tmp_path)
    with data_directory(home, owner) as data:
        assert data.stat().st_uid == owner.uid
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        if owner.prefix:
            assert data.parent != home, "root's directory for tests is closed to others"
        (data / "file").write_text("a")
    assert not data.exists()
    assert not list(home.iterdir())


def test_data_of_a_crash_are_found_and_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home = home_of(tmp_path)
    (home / LINK).symlink_to(elsewhere)
    remove_data(home)
    assert not elsewhere.exists()
    assert not list(home.iterdir())


def test_each_run_has_databases_of_its_own(place: Path, installed: Programs) -> None:
    services = up(place)
    migrated: list[str] = []

    def migrate(database_url: str) -> None:
        parts = urlsplit(database_url)
        assert (parts.scheme, parts.port) == ("postgresql+psycopg", services.postgresql_port)
        assert parts.password == services.password
        migrated.append(parts.path)

    def databases() -> set[str]:
        return {
            name
            for name in postgresql.ask(installed, services, "select datname from pg_database")
            if "run" in name
        }

    with (
        leased(services, place, "1.0-abc", migrate) as first,
        leased(services, place, "1.0-abc", migrate) as second,
    ):
        assert len(migrated) == 1, "the tables are made once"
        assert databases() == {"run-1", "run-2"}
        assert first.database_url != second.database_url
        assert (urlsplit(first.redis_url).path, urlsplit(second.redis_url).path) == ("/1", "/2")
        redis.ask(installed, services, "set", "left", "over", database=1)
        assert services.password not in repr(first)
    assert databases() == set()
    assert redis.ask(installed, services, "dbsize", database=1) == "0"
    with leased(services, place, "2.0-def", migrate):
        assert len(migrated) == 2, "another installation has other tables"


def test_what_a_killed_run_left_is_dropped(place: Path, installed: Programs) -> None:
    services = up(place)
    killed = subprocess.run([sys.executable, KILLED_RUN, place], check=False)
    assert killed.returncode == -signal.SIGKILL
    names = "select datname from pg_database"
    assert "run-1" in postgresql.ask(installed, services, names)
    with leased(services, place, "t", no_migrations) as mine:
        assert mine.database_url.endswith("/run-1")
    assert "run-1" not in postgresql.ask(installed, services, names)


def test_interrupted_migrations_are_made_again(place: Path, installed: Programs) -> None:
    services = up(place)

    def interrupted(_database_url: str) -> None:
        raise InconclusiveError("the migrations failed")

    with (
        pytest.raises(InconclusiveError, match="the migrations failed"),
        leased(services, place, "t", interrupted),
    ):
        pass
    with leased(services, place, "t", no_migrations):
        pass
    assert RUNS.start == 1


def test_services_that_were_stopped_meanwhile_do_not_spoil_a_run(place: Path) -> None:
    with leased(up(place), place, "t", no_migrations):
        assert down(place)
