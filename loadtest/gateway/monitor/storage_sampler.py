"""Sample the size of the gateway's stored data: rows and bytes of its tables, its database and its log."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil

from loadtest.core.files import write_atomically
from loadtest.gateway.monitor.process_sampler import PeriodicThread
from loadtest.gateway.monitor.sample_files import LIMITS, READINGS, StoreReading
from loadtest.gateway.workspace import Workspace
from loadtest.results.measurements import Reading

INTERVAL = 10.0
"""Minimum seconds between readings."""

CPU_SHARE = 0.002
"""Maximum share of a processor for reading; with large tables the interval grows."""

_SIZES = """
    select relname, n_live_tup, pg_total_relation_size(relid) from pg_stat_user_tables
    union all select '', null, pg_database_size(current_database())
"""


class StorageSampler(PeriodicThread):
    """Writes the sizes of the data in ``workspace`` to a file of its directory, as JSON lines.

    ``at`` in the file is by the monotonic clock. Passwords are not written.
    """

    name = "storage sampler"

    def __init__(self, pid: int, workspace: Workspace, log: Path) -> None:
        super().__init__()
        self._pid = pid
        self._workspace = workspace
        self._log = log

    def step(self) -> float | None:
        """Read everything once; None when the gateway has ended."""
        if not psutil.pid_exists(self._pid):
            return None
        began = time.thread_time()
        at = time.monotonic()
        lines = [
            StoreReading(store=name, reading=Reading(at=at, rows=rows, bytes=size))
            for name, rows, size in self._read()
        ]
        with (self._workspace.directory / READINGS).open("ab", buffering=0) as file:
            file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        return max(INTERVAL, (time.thread_time() - began) / CPU_SHARE)

    def _read(self) -> Iterator[tuple[str, int | None, int | None]]:
        if self._workspace.database_url is None:
            yield from _sqlite(self._workspace.sqlite_file)
        elif self._workspace.database == "postgresql":
            yield from _postgresql(self._workspace.database_url)
        yield "log", None, _size(self._log)


def write_limits(pid: int, workspace: Workspace) -> None:
    """Write the limits of the gateway's resources: memory, descriptors, connections."""
    limits = {"memory": _memory(pid)}
    with contextlib.suppress(psutil.Error, AttributeError):
        # only Linux shows those of another process
        soft, _hard = psutil.Process(pid).rlimit(psutil.RLIMIT_NOFILE)
        if soft > 0:
            limits["descriptors"] = soft
    if workspace.database_url and workspace.database == "postgresql":
        limits |= _connections(workspace.database_url)
    write_atomically(workspace.directory / LIMITS, msgspec.json.encode(limits))


def _sqlite(file: Path) -> Iterator[tuple[str, int | None, int | None]]:
    """Count rows without waiting for locks; a locked table is read the next time."""
    yield "database", None, (_size(file) or 0) + (_size(file.with_name(f"{file.name}-wal")) or 0)
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=0)) as connection:
            tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (table,) in tables:
                quoted = table.replace('"', '""')
                (rows,) = connection.execute(f'select count(*) from "{quoted}"').fetchone()  # noqa: S608
                yield f"table {table}", rows, None
    except sqlite3.Error:
        return


def _postgresql(url: str) -> Iterator[tuple[str, int | None, int | None]]:
    """Read the server's statistics: the number of rows is an estimate, and no table is scanned."""
    for table, rows, size in _query(url, _SIZES):
        yield (f"table {table}" if table else "database"), rows, size


def _connections(url: str) -> dict[str, int]:

    answer = _query(url, "show max_connections")
    return {"database": int(answer[0][0])} if answer else {}


def _query(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the resulting rows, none if the server does not respond."""
    import psycopg

    scheme, _, rest = url.partition("://")
    try:
        with psycopg.connect(
            f"{scheme.partition('+')[0]}://{rest}",
            autocommit=True,
            connect_timeout=5,
            application_name="loadtest",
        ) as connection:
            return connection.execute(query.encode()).fetchall()
    except psycopg.Error:
        return []


def _memory(pid: int) -> int:
    """Return the memory limit in bytes of the cgroup of ``pid``."""
    limits = [psutil.virtual_memory().total]
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").splitlines():
            _, controllers, group = line.split(":", 2)
            for path in (
                Path(f"/sys/fs/cgroup{group}/memory.max"),
                Path(f"/sys/fs/cgroup/memory{group}/memory.limit_in_bytes"),
            ):
                if controllers in ("", "memory"):
                    with contextlib.suppress(OSError, ValueError):
                        limits.append(int(path.read_text(encoding="ascii")))
    return min(limits)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
