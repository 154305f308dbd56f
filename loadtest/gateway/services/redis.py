"""Redis: start a server and query it with redis-cli."""

from __future__ import annotations

from pathlib import Path

from loadtest.gateway.process.commands import run_command
from loadtest.gateway.process.program import Program
from loadtest.gateway.services.binaries import Programs
from loadtest.gateway.services.data_directory import Account
from loadtest.gateway.services.endpoints import Services
from loadtest.gateway.workspace import LOOPBACK

LOG = "redis.log"
QUERY_TIMEOUT = 30.0
"""Seconds for one command."""
DATABASES = 64
"""Numbered databases; each run gets one."""


def start(programs: Programs, data: Path, owner: Account, port: int, password: str, logs: Path) -> Program:
    """Start a server without persistence; it is up once :func:`query` succeeds."""
    directory, configuration = data / "redis", data / "redis.conf"
    directory.mkdir(mode=0o700)
    configuration.touch(mode=0o600)
    lines = {
        "bind": LOOPBACK,
        "port": str(port),
        "requirepass": password,
        "databases": str(DATABASES),
        "dir": str(directory),
        "save": '""',
        "appendonly": "no",
        "daemonize": "no",
    }
    configuration.write_text("".join(f"{key} {value}\n" for key, value in lines.items()), encoding="utf-8")
    for path in (directory, configuration):
        owner.own(path)
    return Program(
        [*owner.prefix, programs.redis_server, str(configuration)],
        environment={"LANG": "C.UTF-8"},
        directory=directory,
        output=logs / LOG,
        life=logs / "redis.life",
    )


def query(programs: Programs, services: Services, *command: str, database: int = 0) -> str:
    """Run one command in one of the databases; returns its result.

    Raises:
        CommandError: the server rejects it, does not run, or takes too long.
    """
    connection = ["-e", "-h", LOOPBACK, "-p", str(services.redis_port), "-n", str(database)]
    finished = run_command(
        [programs.redis_cli, *connection, *command],
        name="Redis",
        environment={"REDISCLI_AUTH": services.password},
        within=QUERY_TIMEOUT,
    )
    return finished.output.strip()
