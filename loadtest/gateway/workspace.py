"""The directory and the port of one run of a gateway."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from loadtest.backends import RESERVED
from loadtest.gateway.process.identity import same_process, started_after
from loadtest.results.deployment import Deployment

LOOPBACK = "127.0.0.1"

NEW_FOR = 60.0
"""Age in seconds below which a directory without an owner may still get one."""

OWNER = "owner"
"""File in the directory of a run that identifies its process."""


@dataclass(frozen=True)
class Workspace:
    """Directory, port, database and peers of one run of a gateway."""

    directory: Path
    """The working directory, empty at first, so that no developer's ``.env`` is read."""
    port: int
    database_url: str | None = None
    """None: a SQLite file in ``directory``."""
    redis_url: str | None = None
    workers: int = 1
    ports: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(RESERVED, 0))
    """Ports of the reserved backends by name; 0 if they are not used, as for migrations."""

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def database(self) -> str:
        """The kind of database: ``sqlite``, ``postgresql``."""
        return urlsplit(self.database_url).scheme.split("+")[0] if self.database_url else "sqlite"

    @property
    def deployment(self) -> Deployment:
        """The deployment of the gateway."""
        return Deployment(database=self.database, redis=bool(self.redis_url), workers=self.workers)

    @property
    def sqlite_file(self) -> Path:
        """The database of this run unless ``database_url`` is set."""
        return self.directory / "mcp.db"

    def __repr__(self) -> str:
        return f"Workspace({str(self.directory)!r}, port={self.port}, database={self.database!r})"


@contextlib.contextmanager
def run_directory(home: Path) -> Iterator[Path]:
    """Create a private directory for one run in ``home``; removed at the end of the block.

    Directories that killed runs left behind are removed first.
    """
    runs = home / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for left in runs.iterdir():
        if not _owned(left):
            shutil.rmtree(left, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=runs)).resolve()
    try:
        me = psutil.Process()
        (directory / OWNER).write_text(f"{me.pid} {started_after(me)}", encoding="ascii")
        (directory / "tmp").mkdir()
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _owned(directory: Path) -> bool:
    """Return whether the run of ``directory`` is active, or so new that it may not have written its owner yet."""
    try:
        pid, started = (directory / OWNER).read_text(encoding="ascii").split()
        return same_process(int(pid), float(started))
    except (OSError, ValueError):
        return _is_new(directory)


def _is_new(directory: Path) -> bool:
    try:
        return time.time() - directory.stat().st_mtime < NEW_FOR
    except OSError:
        return False
