"""PostgreSQL and Redis: start, query, lease and stop; nothing is left behind, whichever process is killed."""

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
from loadtest.gateway.process.daemon import DaemonState
from loadtest.gateway.process.identity import started_after
from loadtest.gateway.services import Services, down, leased, postgresql, read_services, redis, status, up
from loadtest.gateway.services.binaries import Programs
from loadtest.gateway.services.data_directory import LINK, account, data_directory, remove_data
from loadtest.gateway.services.endpoints import home_of
from loadtest.gateway.services.lease import RUNS
from loadtest.gateway.services.lifecycle import DAEMON

FILE = DAEMON.file
KILLED_RUN = Path(__file__).parent / "killed_run.py"

pytestmark = pytest.mark.real


def daemon_of(home: Path) -> psutil.Process:
    return psutil.Process(msgspec.json.decode((home / FILE).read_bytes(), type=DaemonState[Services]).pid)


def processes(home: Path) -> list[psutil.Process]:
    """The daemon and its descendants: reapers, servers, and the servers' child processes."""
    daemon = daemon_of(home)
    return [daemon, *daemon.children(recursive=True)]


def gone(held: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in held)


def data_of(home: Path) -> Path:
    return (home / "services" / LINK).resolve()


def no_migrations(_database_url: str) -> None:
    pass


def test_start_query_and_stop(own_home: Path, installed: Programs) -> None:
    services = up(own_home)
    assert stat.S_IMODE((own_home / FILE).stat().st_mode) == 0o600
    assert read_services(own_home) == services
    assert status(own_home).startswith(f"PostgreSQL runs on port {services.postgresql_port} (process ")
    assert postgresql.query(installed, services, "show fsync") == ["off"]
    assert int(postgresql.query(installed, services, "show max_connections")[0]) >= 500
    assert redis.query(installed, services, "ping") == "PONG"

    held, data = processes(own_home), data_of(own_home)
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
        up(own_home)
    assert down(own_home)
    assert gone(held)
    assert not data.exists()
    assert not (own_home / "services").exists()
    assert status(own_home) == "no services run"
    assert not down(own_home)


def test_a_wrong_password_is_rejected(own_home: Path, installed: Programs) -> None:
    stranger = msgspec.structs.replace(up(own_home), password="a stranger's")
    with pytest.raises(InconclusiveError, match=r"PostgreSQL failed .*: .*password authentication failed"):
        postgresql.query(installed, stranger, "select 1")
    with pytest.raises(InconclusiveError, match=r"Redis failed .*: .*(?:WRONGPASS|NOAUTH)"):
        redis.query(installed, stranger, "dbsize")


@pytest.mark.parametrize("victim", ["daemon", "reapers"])
def test_nothing_survives_a_killed_process(own_home: Path, victim: str) -> None:
    up(own_home)
    held, data = processes(own_home), data_of(own_home)
    daemon = daemon_of(own_home)
    killed = [daemon] if victim == "daemon" else daemon.children()
    for one in killed:
        os.kill(one.pid, signal.SIGKILL)
    assert until(lambda: gone([one for one in held if one != daemon]))
    if victim == "daemon":
        assert read_services(own_home) is None, "the state of a daemon that has ended is ignored"
        assert not (own_home / FILE).exists()
        again = up(own_home)
        assert not data.exists() or data == data_of(own_home)
        assert read_services(own_home) == again


def test_an_abandoned_start_leaves_nothing_behind(own_home: Path) -> None:
    """The command that starts the services is killed meanwhile."""
    code = f"from pathlib import Path; from loadtest.gateway.services import up; up(Path({str(own_home)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as starter:
        assert until(lambda: (own_home / "services" / LINK).exists())
        held = [
            one
            for one in psutil.process_iter()
            if one.pid != starter.pid and _mentions(one, str(own_home), str(data_of(own_home)))
        ]
        starter.kill()
    assert until(lambda: gone(held))
    assert until(lambda: not (own_home / FILE).exists() and not (own_home / "services" / LINK).exists())
    assert not down(own_home)


def _mentions(process: psutil.Process, *words: str) -> bool:
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return any(word in line for word in words)


def test_a_service_that_does_not_start(
    own_home: Path, installed: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path begins with a redis-server that ends at once."""
    broken = own_home / "bin"
    broken.mkdir()
    (broken / "redis-server").write_text("#!/bin/sh\nexit 1\n")
    (broken / "redis-server").chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
    own_home.chmod(0o755)
    with pytest.raises(InconclusiveError, match=r"^Redis failed "):
        up(own_home)
    assert read_services(own_home) is None
    assert not (own_home / "services" / LINK).exists()


@pytest.mark.parametrize("text", ["", "{", '{"services": 1}'])
def test_an_invalid_state_file(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=r"services\.json: is not the state of services"):
        read_services(tmp_path)
    with pytest.raises(UsageError, match="is not the state of services"):
        down(tmp_path)


def test_a_process_id_that_now_belongs_to_another_process(tmp_path: Path) -> None:
    mine = psutil.Process()
    services = Services(
        postgresql_port=1, redis_port=2, password="p" * 20, postgresql_pid=mine.pid, redis_pid=mine.pid
    )
    old = DaemonState(running=services, pid=mine.pid, started=started_after(mine) - 3600, children=())
    (tmp_path / FILE).write_bytes(msgspec.json.encode(old))
    assert read_services(tmp_path) is None
    assert not down(tmp_path), "no other process is signalled"


def test_data_belongs_to_the_account(tmp_path: Path) -> None:
    owner = account()
    home = home_of(tmp_path)
    with data_directory(home, owner) as data:
        assert data.stat().st_uid == owner.uid
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        if owner.prefix:
            assert data.parent != home, "other accounts cannot enter root's directory"
        (data / "file").write_text("a")
    assert not data.exists()
    assert not list(home.iterdir())


def test_data_left_by_a_crash_is_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home = home_of(tmp_path)
    (home / LINK).symlink_to(elsewhere)
    remove_data(home)
    assert not elsewhere.exists()
    assert not list(home.iterdir())


def test_each_run_has_its_own_databases(own_home: Path, installed: Programs) -> None:
    services = up(own_home)
    migrated: list[str] = []

    def migrate(database_url: str) -> None:
        parts = urlsplit(database_url)
        assert (parts.scheme, parts.port) == ("postgresql+psycopg", services.postgresql_port)
        assert parts.password == services.password
        migrated.append(parts.path)

    def databases() -> set[str]:
        return {
            name
            for name in postgresql.query(installed, services, "select datname from pg_database")
            if "run" in name
        }

    with (
        leased(services, own_home, "1.0-abc", migrate) as first,
        leased(services, own_home, "1.0-abc", migrate) as second,
    ):
        assert len(migrated) == 1, "the tables are made once"
        assert databases() == {"run-1", "run-2"}
        assert first.database_url != second.database_url
        assert (urlsplit(first.redis_url).path, urlsplit(second.redis_url).path) == ("/1", "/2")
        redis.query(installed, services, "set", "left", "over", database=1)
        assert services.password not in repr(first)
    assert databases() == set()
    assert redis.query(installed, services, "dbsize", database=1) == "0"
    with leased(services, own_home, "2.0-def", migrate):
        assert len(migrated) == 2, "another installation has other tables"


def test_databases_of_a_killed_run_are_dropped(own_home: Path, installed: Programs) -> None:
    services = up(own_home)
    killed = subprocess.run([sys.executable, KILLED_RUN, own_home], check=False)
    assert killed.returncode == -signal.SIGKILL
    names = "select datname from pg_database"
    assert "run-1" in postgresql.query(installed, services, names)
    with leased(services, own_home, "t", no_migrations) as mine:
        assert mine.database_url.endswith("/run-1")
    assert "run-1" not in postgresql.query(installed, services, names)


def test_interrupted_migrations_are_made_again(own_home: Path, installed: Programs) -> None:
    services = up(own_home)

    def interrupted(_database_url: str) -> None:
        raise InconclusiveError("the migrations failed")

    with (
        pytest.raises(InconclusiveError, match="the migrations failed"),
        leased(services, own_home, "t", interrupted),
    ):
        pass
    with leased(services, own_home, "t", no_migrations):
        pass
    assert RUNS.start == 1


def test_services_stopped_during_a_run_do_not_fail_it(own_home: Path) -> None:
    with leased(up(own_home), own_home, "t", no_migrations):
        assert down(own_home)
