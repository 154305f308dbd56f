"""The deployment of a gateway: database, Redis, number of workers.

Version data can be limited to a deployment, for example a lock that only SQLite has, or a list that each worker keeps
by itself. Data without such a limit applies everywhere.
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
    """The kind of database only; a URL would carry a password."""
    redis: bool = False
    """Whether it keeps caches, sessions and events in Redis."""
    workers: int = 1
    """Processes that answer requests."""

    def __str__(self) -> str:
        """Return it in words: ``sqlite``, ``postgresql with Redis, 2 workers``."""
        redis = " with Redis" if self.redis else ""
        workers = f", {self.workers} workers" if self.workers > 1 else ""
        return f"{self.database}{redis}{workers}"


DEFAULT_WORKERS = 2
"""Where they have PostgreSQL and Redis to share what they know."""


def workers(environ: Mapping[str, str], database: str, *, redis: bool) -> int:
    """Return how many workers a gateway gets: what ``environ`` asks for, else the usual number.

    Raises:
        UsageError: what it asks for is no number of workers, or SQLite cannot have so many.
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
    """Return what a person says of a gateway that runs already: ``database`` (``postgres``), and its workers.

    Raises:
        UsageError: as :func:`workers`.
    """
    if database != "postgres":
        return Deployment(workers=workers(environ, SQLITE, redis=False))
    return Deployment(database=POSTGRESQL, redis=True, workers=workers(environ, POSTGRESQL, redis=True))


class AppliesTo(Record, frozen=True, kw_only=True):
    """Base of data that may apply to some deployments only; None matches any."""

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
        """Where it applies, as text: ``on PostgreSQL, with several workers``; empty if everywhere."""
        words = (
            _DATABASES.get(self.database or ""),
            None if self.redis is None else _REDIS[self.redis],
            _WORKERS.get(self.workers or ""),
        )
        return ", ".join(word for word in words if word)


_DATABASES = {SQLITE: "on SQLite", POSTGRESQL: "on PostgreSQL"}
_REDIS = {True: "with Redis", False: "without Redis"}
_WORKERS = {"one": "with one worker", "many": "with several workers"}
