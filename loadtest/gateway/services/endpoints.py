"""PostgreSQL and Redis as they run: where they are and what opens them, as one value."""

from __future__ import annotations

from pathlib import Path

from loadtest.core.record import Record
from loadtest.gateway.workspace import LOOPBACK

USER = "loadtest"
"""The one user of the database server, its owner."""


class Services(Record, frozen=True, kw_only=True):
    """Both services of one LOADTEST_HOME. Its repr shows no secret; its JSON form does."""

    postgresql_port: int
    redis_port: int
    password: str
    """Opens both."""
    postgresql_pid: int
    redis_pid: int

    def __repr__(self) -> str:
        return f"Services(postgresql_port={self.postgresql_port}, redis_port={self.redis_port})"

    def database_url(self, name: str) -> str:
        """Return the address of a database, in the form that the gateway reads (mcpgateway/db.py: psycopg 3)."""
        return f"postgresql+psycopg://{USER}:{self.password}@{LOOPBACK}:{self.postgresql_port}/{name}"

    def redis_url(self, number: int) -> str:
        """Return the address of one of Redis' numbered databases."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.redis_port}/{number}"


def home_of(home: Path) -> Path:
    """Return the directory in ``home`` (LOADTEST_HOME) that is about services; made if missing."""
    directory = home / "services"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
