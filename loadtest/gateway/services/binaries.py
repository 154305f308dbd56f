"""Find the installed programs of PostgreSQL and Redis."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from loadtest.core.errors import UsageError

DEBIAN = Path("/usr/lib/postgresql")
"""Debian's directory of PostgreSQL versions; most of their programs are not on the PATH."""

INSTALL = "apt-get install postgresql redis-server"


@dataclass(frozen=True)
class Programs:
    """The programs of both services."""

    initdb: str
    postgres: str
    psql: str
    redis_server: str
    redis_cli: str


def find(debian: Path = DEBIAN, path: str | None = None) -> Programs:
    """Return the newest programs on this machine; ``path`` replaces PATH if it is given.

    Raises:
        UsageError: some are missing; the message has the command that installs them.
    """
    versions = sorted(
        (one for one in debian.glob("*/bin") if one.parent.name.isdecimal()),
        key=lambda one: int(one.parent.name),
        reverse=True,
    )
    found: dict[str, str] = {}
    for name in ("initdb", "postgres", "psql", "redis-server", "redis-cli"):
        directories = [str(one) for one in versions] if not name.startswith("redis") else []
        program = next(filter(None, (shutil.which(name, path=one) for one in [*directories, path])), None)
        if program is not None:
            found[name.replace("-", "_")] = program
    try:
        return Programs(**found)
    except TypeError:
        wanted = [name for name in Programs.__annotations__ if name not in found]
        missing = ", ".join(name.replace("_", "-") for name in wanted)
        raise UsageError(f"{missing} not found: install PostgreSQL and Redis with `{INSTALL}`") from None
