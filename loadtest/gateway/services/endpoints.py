"""Addresses and password of running PostgreSQL and Redis servers."""

from __future__ import annotations

from pathlib import Path

from loadtest.core.record import Record
from loadtest.gateway.workspace import LOOPBACK

USER = "loadtest"
"""The only database user, a superuser."""

HOME = "services"
"""Directory in LOADTEST_HOME for logs, locks and data of the services."""


class Services(Record, frozen=True, kw_only=True):
    """Both services of one LOADTEST_HOME. The JSON form contains the password; the repr does not."""

    postgresql_port: int
    redis_port: int
    password: str
    """For both."""
    postgresql_pid: int
    redis_pid: int

    def __repr__(self) -> str:
        return f"Services(postgresql_port={self.postgresql_port}, redis_port={self.redis_port})"

    def database_url(self, name: str) -> str:
        """Return the URL of a database in the form that the gateway expects (mcpgateway/db.py: psycopg 3)."""
        return f"postgresql+psycopg://{USER}:{self.password}@{LOOPBACK}:{self.postgresql_port}/{name}"

    def redis_url(self, number: int) -> str:
        """Return the URL of one of Redis' numbered databases."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.redis_port}/{number}"


def home_of(home: Path) -> Path:
    """Return the directory of the services in ``home`` (LOADTEST_HOME); created if missing."""
    directory = home / HOME
    directory.mkdir(parents=True, exist_ok=True)
    return directory
