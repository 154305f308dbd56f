"""The database of a run: a SQLite file, a lease on the services, or a URL from the environment."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from loadtest.core import settings
from loadtest.core.errors import UsageError
from loadtest.gateway.install.installation import Installation
from loadtest.gateway.install.source import Running, Source
from loadtest.gateway.migrations import copy_template, migrate
from loadtest.gateway.services import Services, leased, read_services
from loadtest.gateway.workspace import Workspace
from loadtest.results.deployment import POSTGRESQL, SQLITE, Deployment, declared_deployment, workers
from loadtest.versions.data import VersionData

POSTGRES = "postgres"
"""Value of ``DATABASE=`` for PostgreSQL and Redis."""


class DatabaseProvider(Protocol):
    """Provides the database of one run."""

    @property
    def deployment(self) -> Deployment:
        """The deployment that a gateway with it has."""
        ...

    def provide(
        self, workspace: Workspace, installation: Installation, data: VersionData
    ) -> contextlib.AbstractContextManager[Workspace]:
        """Return ``workspace`` with a migrated database, which can be used until the end of the context."""
        ...


def database_provider(database: str | None, home: Path, environ: Mapping[str, str]) -> DatabaseProvider:
    """Return what ``environ`` gives, else what ``database`` (``sqlite``, ``postgres``, or None) names.

    Raises:
        UsageError: no services run for ``home``, or the number of workers is none.
    """
    url, redis_url = settings.DATABASE_URL.read(environ), settings.REDIS_URL.read(environ)
    if url is not None:
        given = Workspace(home, 0, database_url=_with_driver(url), redis_url=redis_url)
        number = workers(environ, given.database, redis=redis_url is not None)
        return ExternalDatabase(given.database_url, redis_url, number)
    if database == POSTGRES:
        services = read_services(home)
        if services is None:
            raise UsageError(
                "DATABASE=postgres: no services run, expected those of `make services-up`, or DATABASE_URL"
            )
        return LeasedDatabase(services, home, workers(environ, POSTGRESQL, redis=True))
    return ExternalDatabase(None, redis_url, workers(environ, SQLITE, redis=redis_url is not None), home)


def deployment_of(source: Source, database: str | None, home: Path, environ: Mapping[str, str]) -> Deployment:
    """Return the deployment requested for ``source``; nothing is installed or booted.

    Raises:
        UsageError: as :func:`database_provider`.
    """
    if isinstance(source, Running):
        return declared_deployment(database, environ)
    return database_provider(database, home, environ).deployment


@dataclass(frozen=True)
class ExternalDatabase:
    """URLs from the environment, used as they are; without a database URL, a SQLite file of the run."""

    database_url: str | None
    redis_url: str | None
    workers: int
    home: Path | None = None

    @property
    def deployment(self) -> Deployment:
        """See :class:`DatabaseProvider`."""
        return Workspace(Path(), 0, self.database_url, self.redis_url, self.workers).deployment

    @contextlib.contextmanager
    def provide(
        self, workspace: Workspace, installation: Installation, data: VersionData
    ) -> Iterator[Workspace]:
        """See :class:`DatabaseProvider`."""
        if self.database_url is None and self.home is not None:
            copy_template(installation, data, self.home, workspace.sqlite_file)
        yield replace(
            workspace, database_url=self.database_url, redis_url=self.redis_url, workers=self.workers
        )


@dataclass(frozen=True)
class LeasedDatabase:
    """A PostgreSQL and a Redis database, leased from the services that run for ``home``."""

    services: Services
    home: Path
    workers: int

    @property
    def deployment(self) -> Deployment:
        """See :class:`DatabaseProvider`."""
        return Deployment(database=POSTGRESQL, redis=True, workers=self.workers)

    @contextlib.contextmanager
    def provide(
        self, workspace: Workspace, installation: Installation, data: VersionData
    ) -> Iterator[Workspace]:
        """See :class:`DatabaseProvider`."""

        def make(database_url: str) -> None:
            with tempfile.TemporaryDirectory(dir=workspace.directory) as directory:
                migrate(installation, data, Path(directory), database_url)

        with leased(self.services, self.home, installation.name, make) as lease:
            yield replace(
                workspace, database_url=lease.database_url, redis_url=lease.redis_url, workers=self.workers
            )


def _with_driver(url: str) -> str:
    """Return ``url`` with the installed driver; SQLAlchemy's default driver for PostgreSQL is not installed."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url
