"""Start, find and stop PostgreSQL and Redis for a LOADTEST_HOME, and remove what a crash left behind."""

from __future__ import annotations

import shutil
from pathlib import Path

from loadtest.core.errors import UsageError
from loadtest.gateway.process.daemon import Daemon, DaemonState
from loadtest.gateway.services.data_directory import remove_data
from loadtest.gateway.services.endpoints import HOME, Services, home_of

DAEMON = Daemon(
    module="loadtest.gateway.services.daemon",
    state=DaemonState[Services],
    file="services.json",
    log=f"{HOME}/daemon.log",
    name="the services daemon",
    subject="services",
    stop_command="loadtest services down",
)


def read_services(home: Path) -> Services | None:
    """Return the services that run for ``home``, or None.

    Raises:
        UsageError: the state file cannot be read, or was written by another version of this program.
    """
    return DAEMON.read(home)


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
    """Start both services under a daemon that outlives this process; returns them when they are up.

    Raises:
        UsageError: they run already, their programs are missing, or there is no directory for their data.
        InconclusiveError: one did not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    with DAEMON.locked(home):
        if read_services(home) is not None:
            raise UsageError(f"{status(home)}: use them, or stop them first")
        remove_data(home_of(home))
        return DAEMON.start(home, str(home).encode())


def down(home: Path) -> bool:
    """Stop the services that run for ``home`` and remove their data; False if none ran.

    Data that a crash left behind is removed, too.

    Raises:
        UsageError: as :func:`read_services`.
        InconclusiveError: they did not stop.
    """
    if not home.is_dir():
        return False
    with DAEMON.locked(home):
        stopped = DAEMON.stop(home)
        remove_data(home_of(home))
        shutil.rmtree(home_of(home))
    return stopped
