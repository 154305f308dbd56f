"""PostgreSQL: create a cluster, start its server, and query it with psql."""

from __future__ import annotations

from pathlib import Path

from loadtest.gateway.process.commands import run_command
from loadtest.gateway.process.program import Program
from loadtest.gateway.services.binaries import Programs
from loadtest.gateway.services.data_directory import Account
from loadtest.gateway.services.endpoints import USER, Services
from loadtest.gateway.workspace import LOOPBACK

LOG = "postgresql.log"
INITDB_TIMEOUT = 60.0
"""Seconds for a new cluster."""
QUERY_TIMEOUT = 120.0
"""Seconds for one statement; copying a database on a busy machine takes longest."""

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    # Each worker of a gateway has a pool of up to 210 connections.
    "max_connections": "1000",
    # The data is thrown away, and a commit that waits for the disk of a CI machine measures that disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def make(programs: Programs, data: Path, owner: Account, password: str) -> Path:
    """Create a cluster in ``data`` whose only user has ``password``; returns its directory.

    Raises:
        CommandError: initdb failed; the message has its last line.
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
            within=INITDB_TIMEOUT,
            directory=data,
        )
    finally:
        secret.unlink()
    return cluster


def start(programs: Programs, cluster: Path, owner: Account, port: int, logs: Path) -> Program:
    """Start a server for ``cluster``; it is up once :func:`query` succeeds."""
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    return Program(
        [*owner.prefix, programs.postgres, "-D", str(cluster), "-p", str(port), *settings],
        environment={"LANG": "C.UTF-8"},
        directory=cluster.parent,
        output=logs / LOG,
        life=logs / "postgresql.life",
    )


def query(programs: Programs, services: Services, statement: str) -> list[str]:
    """Run one statement; returns the rows of its result.

    Raises:
        CommandError: the server rejects it, does not run, or takes too long.
    """
    connection = ["--host", LOOPBACK, "--port", str(services.postgresql_port), "--username", USER]

    output = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    finished = run_command(
        [programs.psql, *connection, "--dbname=postgres", *output, "--command", statement],
        name="PostgreSQL",
        environment={"PGPASSWORD": services.password, "PGCONNECT_TIMEOUT": "10"},
        within=QUERY_TIMEOUT,
    )
    return finished.output.splitlines()
