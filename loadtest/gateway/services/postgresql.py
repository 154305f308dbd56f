"""PostgreSQL: a cluster made for one stay of the services, started, and asked with its own psql."""

from __future__ import annotations

from pathlib import Path

from loadtest.gateway.process.commands import run_command
from loadtest.gateway.process.program import Program
from loadtest.gateway.services.binaries import Programs
from loadtest.gateway.services.data_directory import Account
from loadtest.gateway.services.endpoints import USER, Services
from loadtest.gateway.workspace import LOOPBACK

LOG = "postgresql.log"
MAKING = 60.0
"""Seconds that a new cluster may take."""
ASKING = 120.0
"""Seconds that one statement may take: a copy of a database on a busy machine is the longest."""

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    # Each worker of a gateway has a pool of up to 210 connections.
    "max_connections": "1000",
    # The data are thrown away, and a commit that waits for the disk of a CI machine measures that disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def make(programs: Programs, data: Path, owner: Account, password: str) -> Path:
    """Make a cluster in ``data`` whose one user has ``password``, and return its directory.

    Raises:
        CommandError: it cannot be made; the message holds the last line of initdb.
    """
    cluster, secret = data / "postgresql", data / "password"
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="ascii")
    owner.own(secret)
    options = ["--pgdata", str(cluster), "--username", USER, "--pwfile", str(secret), "--auth=scram-sha-256"]
    try:
        run_command(
            [*owner.prefix, programs.initdb, *options, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
            name="initdb",
            environment={},
            within=MAKING,
            directory=data,
        )
    finally:
        secret.unlink()
    return cluster


def start(programs: Programs, cluster: Path, owner: Account, port: int, logs: Path) -> Program:
    """Start a server for ``cluster``; :func:`ask` tells whether it is up."""
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    return Program(
        [*owner.prefix, programs.postgres, "-D", str(cluster), "-p", str(port), *settings],
        environment={"LANG": "C.UTF-8"},
        directory=cluster.parent,
        output=logs / LOG,
        life=logs / "postgresql.life",
    )


def ask(programs: Programs, services: Services, statement: str) -> list[str]:
    """Run one statement and return the rows of its answer.

    Raises:
        CommandError: the server refuses it, is not there, or takes too long.
    """
    place = ["--host", LOOPBACK, "--port", str(services.postgresql_port), "--username", USER]
    shape = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    finished = run_command(
        [programs.psql, *place, "--dbname=postgres", *shape, "--command", statement],
        name="PostgreSQL",
        environment={"PGPASSWORD": services.password, "PGCONNECT_TIMEOUT": "10"},
        within=ASKING,
    )
    return finished.output.splitlines()
