"""Redis: started for one stay of the services, and asked with its own redis-cli."""

from __future__ import annotations

from pathlib import Path

from loadtest.gateway.process.commands import run_command
from loadtest.gateway.process.program import Program
from loadtest.gateway.services.binaries import Programs
from loadtest.gateway.services.data_directory import Account
from loadtest.gateway.services.endpoints import Services
from loadtest.gateway.workspace import LOOPBACK

LOG = "redis.log"
ASKING = 30.0
"""Seconds that one command may take."""
DATABASES = 64
"""Numbered databases; each run gets one."""


def start(programs: Programs, data: Path, owner: Account, port: int, password: str, logs: Path) -> Program:
    """Start a server; :func:`ask` tells whether it is up. Nothing is saved: the data are thrown away."""
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


def ask(programs: Programs, services: Services, *command: str, database: int = 0) -> str:
    """Run one command in one of the databases and return its answer.

    Raises:
        CommandError: the server refuses it, is not there, or takes too long.
    """
    place = ["-e", "-h", LOOPBACK, "-p", str(services.redis_port), "-n", str(database)]
    finished = run_command(
        [programs.redis_cli, *place, *command],
        name="Redis",
        environment={"REDISCLI_AUTH": services.password},
        within=ASKING,
    )
    return finished.output.strip()
