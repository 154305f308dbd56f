"""``python -m loadtest.gateway.services.daemon``: runs the services of ``loadtest services up``.

Its order is the path of LOADTEST_HOME. However the daemon ends, SIGKILL included, the reapers end both services.
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
from loadtest.gateway.ports import reserved_ports
from loadtest.gateway.process.daemon import Started
from loadtest.gateway.process.program import Program
from loadtest.gateway.services import postgresql, redis
from loadtest.gateway.services.binaries import find
from loadtest.gateway.services.data_directory import account, data_directory
from loadtest.gateway.services.endpoints import Services, home_of
from loadtest.gateway.services.lifecycle import DAEMON

START_TIMEOUT = 30.0
"""Seconds in which each service must answer."""

POLL = 0.05
"""Seconds between two attempts to connect."""


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Services]:
    """Run both services with their logs in ``directory``; their data is deleted at the end of the block.

    Raises:
        UsageError: programs are missing, or there is no directory for the data.
        InconclusiveError: a service does not start.
    """
    programs, owner = find(), account()
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(data_directory(directory, owner))
        password = secrets.token_hex(24)
        cluster = postgresql.make(programs, data, owner, password)
        ports = stack.enter_context(reserved_ports(2))
        database = stack.enter_context(postgresql.start(programs, cluster, owner, ports[0], directory))
        cache = stack.enter_context(redis.start(programs, data, owner, ports[1], password, directory))
        services = Services(
            postgresql_port=ports[0],
            redis_port=ports[1],
            password=password,
            postgresql_pid=database.pid,
            redis_pid=cache.pid,
        )
        _wait(lambda: postgresql.query(programs, services, "select 1"), database)
        _wait(lambda: redis.query(programs, services, "ping"), cache)
        yield services


def _wait(attempt: Callable[[], object], program: Program) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            attempt()
        except InconclusiveError:
            if program.death() is not None or time.monotonic() > deadline:
                raise
            stop_request().pause(POLL)
        else:
            return


@contextlib.contextmanager
def begin(order: bytes) -> Iterator[Started[Services]]:
    """Start both services; they run until the end of the block."""
    home = Path(order.decode())
    with running(home_of(home)) as services:
        children = services.postgresql_pid, services.redis_pid
        yield Started(home=home, running=services, children=children)


if __name__ == "__main__":
    sys.exit(DAEMON.run(begin))
