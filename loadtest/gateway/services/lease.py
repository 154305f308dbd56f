"""Lease a PostgreSQL database and a Redis database to each run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.locks import exclusively, reserved
from loadtest.gateway.services import postgresql, redis
from loadtest.gateway.services.binaries import Programs, find
from loadtest.gateway.services.endpoints import Services, home_of

RUNS = range(1, 16)
"""Numbers of the runs that can use the services at the same time."""

TEMPLATES = "template"
"""Prefix of the name of a migrated database, from which the databases of runs are copied."""

MIGRATIONS_WITHIN = 600.0
"""Seconds to wait for another run that makes the same template."""


@dataclass(frozen=True)
class Lease:
    """The databases of one run."""

    database_url: str
    redis_url: str

    def __repr__(self) -> str:
        return "Lease(…)"


@contextlib.contextmanager
def leased(services: Services, home: Path, template: str, migrate: Callable[[str], None]) -> Iterator[Lease]:
    """Lease a copy of the database ``template`` and an empty Redis database until the end of the block.

    If there is no such template, ``migrate`` is called with the URL of an empty database and creates the tables.
    Databases that killed runs left behind are dropped first.

    Raises:
        InconclusiveError: the services do not run, too many runs use them, or as raised by ``migrate``.
    """
    programs = find()
    with contextlib.ExitStack() as stack:
        number = _number(services, home, programs, stack)
        _make_template(services, home, programs, template, migrate)
        name = _name(number)
        postgresql.query(programs, services, f'create database "{name}" template "{TEMPLATES}-{template}"')
        redis.query(programs, services, "flushdb", database=number)
        try:
            yield Lease(services.database_url(name), services.redis_url(number))
        finally:
            # The services may have been stopped meanwhile; the measurements are valid all the same.
            with contextlib.suppress(InconclusiveError):
                _drop(services, programs, number)
                redis.query(programs, services, "flushdb", database=number)


def _number(services: Services, home: Path, programs: Programs, stack: contextlib.ExitStack) -> int:
    """Reserve the first free number until ``stack`` ends; drop the databases of all numbers without a run.

    A run holds the lock of its number; the lock of a killed run is free.
    """
    taken: int | None = None

    existing = postgresql.query(programs, services, "select datname from pg_database")
    for number in RUNS:
        with contextlib.ExitStack() as candidate:
            try:
                candidate.enter_context(
                    reserved(home_of(home) / f"run-{number}.lock", f"run {number} is active")
                )
            except UsageError:
                continue

            if _name(number) in existing:
                _drop(services, programs, number)
            if taken is None:
                taken = number
                stack.push(candidate.pop_all())
    if taken is None:
        raise InconclusiveError(f"{len(RUNS)} runs use the services already")
    return taken


def _make_template(
    services: Services, home: Path, programs: Programs, template: str, migrate: Callable[[str], None]
) -> None:
    name = f"{TEMPLATES}-{template}"
    lock = home_of(home) / f"{name}.lock"
    with exclusively(lock, f"the migrations of {template}", within=MIGRATIONS_WITHIN):
        if name in postgresql.query(programs, services, "select datname from pg_database"):
            return
        # Interrupted migrations leave a database with another name.
        unfinished = f"new-{template}"
        postgresql.query(programs, services, f'drop database if exists "{unfinished}" with (force)')
        postgresql.query(programs, services, f'create database "{unfinished}"')
        migrate(services.database_url(unfinished))
        postgresql.query(programs, services, f'alter database "{unfinished}" rename to "{name}"')


def _drop(services: Services, programs: Programs, number: int) -> None:
    postgresql.query(programs, services, f'drop database if exists "{_name(number)}" with (force)')


def _name(number: int) -> str:
    return f"run-{number}"
