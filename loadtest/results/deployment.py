"""The deployment of a gateway: database, Redis, number of workers.

Version data can be limited to a deployment, for example a lock that only SQLite has, or a list that each worker
keeps for itself. Data without such a limit applies everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from loadtest.core.errors import UsageError
from loadtest.core.record import Record
from loadtest.core.settings import GATEWAY_WORKERS

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


class Deployment(Record, frozen=True, kw_only=True):
    """Database, Redis and worker count of one gateway."""

    database: str = SQLITE
    """The kind of database, not its URL, which contains a password."""
    redis: bool = False
    """Whether caches, sessions and events are kept in Redis."""
    workers: int = 1
    """Number of processes that answer requests."""

    def __str__(self) -> str:
        """Return a short description: ``sqlite``, ``postgresql with Redis, 2 workers``."""
        redis = " with Redis" if self.redis else ""
        workers = f", {self.workers} workers" if self.workers > 1 else ""
        return f"{self.database}{redis}{workers}"


DEFAULT_WORKERS = 2
"""Number of workers with PostgreSQL and Redis."""


def workers(environ: Mapping[str, str], database: str, *, redis: bool) -> int:
    """Return the number of workers that ``environ`` sets, or the default.

    Raises:
        UsageError: the value is not a number of workers, or more than one with SQLite.
    """
    number = GATEWAY_WORKERS.read(environ)
    if number is None:
        return DEFAULT_WORKERS if database == POSTGRESQL and redis else 1
    if number > 1 and database == SQLITE:
        raise UsageError(
            f"{GATEWAY_WORKERS.variable}={number}: SQLite takes one, expected DATABASE=postgres with several"
        )
    return number


def declared_deployment(database: str | None, environ: Mapping[str, str]) -> Deployment:
    """Return the deployment of a running gateway as declared by the user: ``database`` and number of workers.

    Raises:
        UsageError: as :func:`workers`.
    """
    if database != "postgres":
        return Deployment(workers=workers(environ, SQLITE, redis=False))
    return Deployment(database=POSTGRESQL, redis=True, workers=workers(environ, POSTGRESQL, redis=True))


class AppliesTo(Record, frozen=True, kw_only=True):
    """Base class of data that may be limited to some deployments; None matches any."""

    database: Literal["sqlite", "postgresql"] | None = None
    redis: bool | None = None
    workers: Literal["one", "many"] | None = None

    def applies_to(self, deployment: Deployment) -> bool:
        """Whether this applies to ``deployment``."""
        return (
            self.database in (None, deployment.database)
            and self.redis in (None, deployment.redis)
            and self.workers in (None, "many" if deployment.workers > 1 else "one")
        )

    @property
    def only(self) -> str:
        """The deployments it is limited to, as text: ``on PostgreSQL, with several workers``; empty if not limited."""
        words = (
            _DATABASES.get(self.database or ""),
            None if self.redis is None else _REDIS[self.redis],
            _WORKERS.get(self.workers or ""),
        )
        return ", ".join(word for word in words if word)


_DATABASES = {SQLITE: "on SQLite", POSTGRESQL: "on PostgreSQL"}
_REDIS = {True: "with Redis", False: "without Redis"}
_WORKERS = {"one": "with one worker", "many": "with several workers"}
