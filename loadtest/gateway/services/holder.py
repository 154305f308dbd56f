"""``python -m loadtest.gateway.services.holder``: holds both services for ``loadtest services up``.

Reads LOADTEST_HOME from standard input, leaves the terminal behind, starts the services, answers once on standard
output with an :class:`~loadtest.gateway.services.state.Outcome`, and stays until SIGTERM. Whatever ends it, SIGKILL
included, ends the services: their guards see to it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import msgspec

from loadtest.errors import InconclusiveError, LoadTestError, UsageError
from loadtest.gateway.place import free_port
from loadtest.gateway.process import Program
from loadtest.gateway.services import postgresql, redis
from loadtest.gateway.services.place import account, data_directory
from loadtest.gateway.services.programs import find
from loadtest.gateway.services.services import Services, home_of
from loadtest.gateway.services.state import FILE, Outcome, write_state

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
            time.sleep(STEP)
        else:
            return


def main() -> int:
    """Hold the services until a signal; the exit status is for nobody but a log."""
    home = Path(sys.stdin.read())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with running(home_of(home)) as services:
            write_state(services, home)
            try:
                _answer(Outcome())
                while True:
                    signal.pause()
            finally:
                (home / FILE).unlink(missing_ok=True)
    except BrokenPipeError:
        pass  # whoever asked for the services gave up waiting; they have ended with the block
    except LoadTestError as error:
        _answer(Outcome(error=str(error), usage=isinstance(error, UsageError)))
    return 1


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End in good order: everything that is held is let go on the way out."""
    raise SystemExit(0)


def _answer(outcome: Outcome) -> None:
    """Tell the outcome and close the pipe: the reader waits for its end."""
    os.write(1, msgspec.json.encode(outcome))
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a descriptor is replaced
        os.dup2(nothing.fileno(), 1)


if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    sys.exit(main())
