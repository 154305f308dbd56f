"""``python -m loadtest.gateway.services.daemon``: holds both services for ``loadtest services up``.

Its order is LOADTEST_HOME; :mod:`loadtest.gateway.process.daemon` says how it stays and ends. Whatever ends it, SIGKILL
included, ends the services: their guards see to it.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from loadtest.core.errors import InconclusiveError
from loadtest.core.signals import stop_request
from loadtest.gateway.process.daemon import run_daemon, this_process
from loadtest.gateway.process.program import Program
from loadtest.gateway.services import postgresql, redis
from loadtest.gateway.services.binaries import find
from loadtest.gateway.services.data_directory import account, data_directory
from loadtest.gateway.services.endpoints import Services, home_of
from loadtest.gateway.services.lifecycle import FILE, ServicesState
from loadtest.gateway.workspace import free_port

START = 30.0
"""Seconds that each service has to come up."""

STEP = 0.05
"""Seconds between looks at whether it did."""


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Services]:
    """Start both services; they and their data, known in ``directory``, are gone when the block ends.

    Raises:
        UsageError: programs are missing, or there is no place for the data.
        InconclusiveError: a service does not come up.
    """
    programs, owner = find(), account()
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(data_directory(directory, owner))
        password = secrets.token_hex(24)
        cluster = postgresql.make(programs, data, owner, password)
        ports = free_port(), free_port()
        database = stack.enter_context(postgresql.start(programs, cluster, owner, ports[0], directory))
        cache = stack.enter_context(redis.start(programs, data, owner, ports[1], password, directory))
        services = Services(
            postgresql_port=ports[0],
            redis_port=ports[1],
            password=password,
            postgresql_pid=database.pid,
            redis_pid=cache.pid,
        )
        _wait(lambda: postgresql.ask(programs, services, "select 1"), database)
        _wait(lambda: redis.ask(programs, services, "ping"), cache)
        yield services


def _wait(ask: Callable[[], object], program: Program) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            ask()
        except InconclusiveError:
            if program.death() is not None or time.monotonic() > deadline:
                raise
            stop_request().pause(STEP)
        else:
            return


@contextlib.contextmanager
def begin(order: bytes) -> Iterator[tuple[Path, ServicesState]]:
    """Start both services, and lend the file that tells of them and what it says."""
    home = Path(order.decode())
    with running(home_of(home)) as services:
        pid, created = this_process()
        yield home / FILE, ServicesState(services=services, holder=pid, created=created)


if __name__ == "__main__":
    sys.exit(run_daemon(begin))
