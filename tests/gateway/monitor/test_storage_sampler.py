"""Reading real databases during writes."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from loadtest.gateway.monitor.sample_files import LIMITS, READINGS, read_limits, read_stores
from loadtest.gateway.monitor.storage_sampler import INTERVAL, StorageSampler, write_limits
from loadtest.gateway.ports import reserved_ports
from loadtest.gateway.workspace import LOOPBACK, Workspace
from loadtest.results.measurements import Store

PROGRAMS = [*(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin")), os.environ["PATH"]]


def step(workspace: Workspace) -> float | None:
    return StorageSampler(os.getpid(), workspace, workspace.directory / "gateway.log").step()


def stores(workspace: Workspace) -> dict[str, Store]:
    return {one.name: one for one in read_stores(workspace.directory / READINGS, 0)}


@pytest.fixture
def sqlite_workspace(tmp_path: Path) -> Iterator[tuple[Workspace, sqlite3.Connection]]:
    workspace = Workspace(tmp_path, 1)
    with contextlib.closing(sqlite3.connect(workspace.sqlite_file, isolation_level=None)) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute('create table "odd ""name" (x)')
        writer.execute("create table still (x)")
        yield workspace, writer


def test_rows_and_sizes_of_sqlite(sqlite_workspace: tuple[Workspace, sqlite3.Connection]) -> None:
    workspace, writer = sqlite_workspace
    assert step(workspace) == INTERVAL
    writer.executemany('insert into "odd ""name" values (?)', [("x" * 1000,)] * 100)
    (workspace.directory / "gateway.log").write_text("INFO\n")
    step(workspace)
    (workspace.directory / "gateway.log").write_text("INFO\nINFO\n")
    step(workspace)
    found = stores(workspace)
    assert set(found) == {"database", "log", 'table odd "name'}, "a table that did not change is left out"
    assert [one.rows for one in found['table odd "name'].readings] == [0, 100, 100]
    assert [one.bytes for one in found["log"].readings] == [None, 5, 10]
    first, *_, last = (one.bytes or 0 for one in found["database"].readings)
    assert last - first > 100_000, "the content of the write-ahead log counts, too"


def test_a_reader_neither_waits_nor_makes_wait(
    sqlite_workspace: tuple[Workspace, sqlite3.Connection],
) -> None:
    workspace, writer = sqlite_workspace
    writer.execute("begin immediate")
    writer.execute("insert into still values (1)")
    step(workspace)
    writer.execute("commit")
    step(workspace)
    assert [one.rows for one in stores(workspace)["table still"].readings] == [0, 1]
    writer.execute("pragma journal_mode=delete")
    writer.execute("begin exclusive")
    began = time.monotonic()
    step(workspace)
    assert time.monotonic() - began < 4, "it does not wait for the lock"
    assert len(stores(workspace)["table still"].readings) == 2, "a locked table is read the next time"
    writer.execute("rollback")


def test_no_database_yet_and_no_gateway(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, 1)
    step(workspace)
    assert not workspace.sqlite_file.exists()
    with subprocess.Popen(["true"]) as process:
        pass
    assert StorageSampler(process.pid, workspace, tmp_path / "log").step() is None


def test_reading_is_cheap(sqlite_workspace: tuple[Workspace, sqlite3.Connection]) -> None:
    workspace, writer = sqlite_workspace
    for number in range(80):
        writer.execute(f"create table t{number} (x)")
    writer.execute("begin")
    writer.executemany("insert into t1 values (?)", [(n,) for n in range(200_000)])
    writer.execute("commit")
    pause = step(workspace)
    assert pause is not None
    assert pause >= INTERVAL
    before = psutil.Process().cpu_times()
    step(workspace)
    after = psutil.Process().cpu_times()
    spent = after.user + after.system - before.user - before.system
    assert spent / pause < 0.01, "one percent of a processor"


def test_large_tables_are_read_more_rarely(
    sqlite_workspace: tuple[Workspace, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _ = sqlite_workspace
    assert step(workspace) == INTERVAL
    monkeypatch.setattr("loadtest.gateway.monitor.storage_sampler.CPU_SHARE", 1e-9)
    pause = step(workspace)
    assert pause is not None
    assert pause > INTERVAL


def test_limits_of_this_machine(tmp_path: Path) -> None:
    write_limits(os.getpid(), Workspace(tmp_path, 1))
    limits = read_limits(tmp_path / LIMITS)
    assert 0 < limits["memory"] <= psutil.virtual_memory().total
    assert "database" not in limits
    if hasattr(psutil.Process, "rlimit"):
        assert limits["descriptors"] == psutil.Process().rlimit(psutil.RLIMIT_NOFILE)[0]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """A server of its own, which lets everybody in with a password; skipped where it is not installed."""
    programs = {
        name: next((found for path in PROGRAMS if (found := shutil.which(name, path=path))), None)
        for name in ("initdb", "postgres")
    }
    if None in programs.values():
        pytest.skip("PostgreSQL is not installed")
    as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    directory = tmp_path / "data"
    directory.mkdir()
    secret = tmp_path / "password"
    secret.write_text("se/cret")
    if as_user:
        for parent in (tmp_path, *tmp_path.parents[:3]):
            parent.chmod(0o755)
        for path in (directory, secret):
            shutil.chown(path, "nobody", "nogroup")
    initdb = [*as_user, str(programs["initdb"]), "-D", str(directory), "-U", "tester", "-A", "scram-sha-256"]
    made = subprocess.run([*initdb, f"--pwfile={secret}"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    with (
        reserved_ports(1) as (port,),
        subprocess.Popen(
            [
                *as_user,
                str(programs["postgres"]),
                "-D",
                str(directory),
                "-p",
                str(port),
                "-h",
                LOOPBACK,
                "-k",
                "",
                "-N",
                "23",
            ],
            stderr=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stderr is not None
        assert any("ready to accept connections" in line for line in server.stderr), "it came up"
        yield f"postgresql+psycopg://tester:se%2Fcret@{LOOPBACK}:{port}/postgres"
        server.terminate()
        server.stderr.read()


def test_rows_and_sizes_of_postgresql(postgres: str, tmp_path: Path) -> None:
    import psycopg

    workspace = Workspace(tmp_path, 1, database_url=postgres)
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as writer:
        writer.execute("create table logs (x text)")
        step(workspace)
        writer.execute("insert into logs select repeat('x', 1000) from generate_series(1, 500)")
        writer.execute("analyze logs")
        step(workspace)
    found = stores(workspace)
    assert found["table logs"].readings[-1].rows == 500
    assert (found["table logs"].readings[-1].bytes or 0) > 500_000
    assert (found["database"].readings[-1].bytes or 0) > 1_000_000
    write_limits(os.getpid(), workspace)
    assert read_limits(tmp_path / LIMITS)["database"] == 23
    for path in (tmp_path / READINGS, tmp_path / LIMITS):
        assert "cret" not in path.read_text()


def test_a_server_that_does_not_answer_is_no_error(tmp_path: Path) -> None:
    with reserved_ports(1) as (port,):
        workspace = Workspace(tmp_path, 1, database_url=f"postgresql://user:secret@{LOOPBACK}:{port}/x")
        assert step(workspace) is not None
        write_limits(os.getpid(), workspace)
    assert "database" not in read_limits(tmp_path / LIMITS)
