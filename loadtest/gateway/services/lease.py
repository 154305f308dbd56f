"""A database and a numbered database of Redis for each run, empty at first, gone at the end."""

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
"""Runs that may share the services at the same time; each has a number."""

TEMPLATES = "template"
"""What the name of a migrated database begins with, which others are copies of."""

MIGRATIONS_WITHIN = 600.0
"""Seconds that another run may take to make the same template."""


@dataclass(frozen=True)
class Lease:
    """What one run has of the services."""

    database_url: str
    redis_url: str

    def __repr__(self) -> str:
        return "Lease(…)"


@contextlib.contextmanager
def leased(services: Services, home: Path, template: str, migrate: Callable[[str], None]) -> Iterator[Lease]:
    """Lend a copy of the database ``template`` and an empty database of Redis until the block ends.

    If there is no such template, ``migrate`` is given the address of an empty database to make the tables in.
    What killed runs left is dropped first.

    Raises:
        InconclusiveError: the services are gone, too many runs use them, or what ``migrate`` raises.
    """
    programs = find()
    with contextlib.ExitStack() as stack:
        number = _number(services, home, programs, stack)
        _make_template(services, home, programs, template, migrate)
        name = _name(number)
        postgresql.ask(programs, services, f'create database "{name}" template "{TEMPLATES}-{template}"')
        redis.ask(programs, services, "flushdb", database=number)
        try:
            yield Lease(services.database_url(name), services.redis_url(number))
        finally:
            # Somebody may have stopped the services; what was measured counts all the same.
            with contextlib.suppress(InconclusiveError):
                _drop(services, programs, number)
                redis.ask(programs, services, "flushdb", database=number)


def _number(services: Services, home: Path, programs: Programs, stack: contextlib.ExitStack) -> int:
    """Take the first number that no run has, until ``stack`` ends; drop what other ones without a run left.

    A run holds the lock of its number; a killed run holds nothing.
    """
    taken: int | None = None
    there = postgresql.ask(programs, services, "select datname from pg_database")
    for number in RUNS:
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(reserved(home_of(home) / f"run-{number}.lock", f"run {number} goes on"))
            except UsageError:
                continue
            if _name(number) in there:
                _drop(services, programs, number)
            if taken is None:
                taken = number
                stack.push(held.pop_all())
    if taken is None:
        raise InconclusiveError(f"{len(RUNS)} runs use the services already")
    return taken


def _make_template(
    services: Services, home: Path, programs: Programs, template: str, migrate: Callable[[str], None]
) -> None:
    name = f"{TEMPLATES}-{template}"
    lock = home_of(home) / f"{name}.lock"
    with exclusively(lock, f"the migrations of {template}", within=MIGRATIONS_WITHIN):
        if name in postgresql.ask(programs, services, "select datname from pg_database"):
            return
        # Migrations that were interrupted leave a database of another name.
        unfinished = f"new-{template}"
        postgresql.ask(programs, services, f'drop database if exists "{unfinished}" with (force)')
        postgresql.ask(programs, services, f'create database "{unfinished}"')
        migrate(services.database_url(unfinished))
        postgresql.ask(programs, services, f'alter database "{unfinished}" rename to "{name}"')


def _drop(services: Services, programs: Programs, number: int) -> None:
    postgresql.ask(programs, services, f'drop database if exists "{_name(number)}" with (force)')


def _name(number: int) -> str:
    return f"run-{number}"
