"""Which services run for a LOADTEST_HOME: started, found again, stopped, and cleaned up after a crash."""

from __future__ import annotations

import shutil
from pathlib import Path

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.locks import exclusively
from loadtest.core.record import Record
from loadtest.gateway.process import daemon as holding
from loadtest.gateway.services.data_directory import remove_data
from loadtest.gateway.services.endpoints import Services, home_of

FILE = "services.json"
HOLDER_LOG = "holder.log"


class ServicesState(Record, frozen=True, kw_only=True):
    """What the file in LOADTEST_HOME says; it holds a password and is readable by its owner alone."""

    services: Services
    holder: int
    """Process id of who holds them."""
    created: float
    """When that process was created, so that another one with its id is not taken for it."""

    @property
    def held(self) -> tuple[int, ...]:
        """Process ids of both."""
        return self.services.postgresql_pid, self.services.redis_pid


def read_services(home: Path) -> Services | None:
    """Return the services that run for ``home``, or None. A file whose holder is gone says nothing.

    Raises:
        UsageError: the file is not ours, or of another version of the program.
    """
    state = _read(home)
    return state.services if state else None


def status(home: Path) -> str:
    """Return one line on the services that run for ``home``.

    Raises:
        UsageError: as :func:`read_services`.
    """
    services = read_services(home)
    if services is None:
        return "no services run"
    return (
        f"PostgreSQL runs on port {services.postgresql_port} (process {services.postgresql_pid}), "
        f"Redis on port {services.redis_port} (process {services.redis_pid})"
    )


def up(home: Path) -> Services:
    """Start both services under a holder that stays when we end, and return them when they are up.

    Raises:
        UsageError: they run already, their programs are missing, or there is no place for their data.
        InconclusiveError: one did not come up.
    """
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    with exclusively(home / f"{FILE}.lock", "starting or stopping services", within=holding.START_TIME):
        if _read(home) is not None:
            raise UsageError(f"{status(home)}: use them, or stop them first")
        remove_data(home_of(home))
        log = home_of(home) / HOLDER_LOG
        holding.start("loadtest.gateway.services.daemon", str(home).encode(), log=log, who="their holder")
        services = read_services(home)
    if services is None:
        raise InconclusiveError(f"their holder ended at once: see {log}")
    return services


def down(home: Path) -> bool:
    """Stop the services that run for ``home`` and remove their data; False if none ran.

    What a crash left is removed, too.

    Raises:
        UsageError: as :func:`read_services`.
        InconclusiveError: they did not stop.
    """
    if not home.is_dir():
        return False
    with exclusively(home / f"{FILE}.lock", "starting or stopping services", within=holding.START_TIME):
        state = _read(home)
        if state is not None:
            holding.stop(home / FILE, state)
        remove_data(home_of(home))
        shutil.rmtree(home_of(home))
    return state is not None


def _read(home: Path) -> ServicesState | None:
    return holding.read(home / FILE, ServicesState, "services")
