"""PostgreSQL: a cluster made for one stay of the services, started, and asked with its own psql."""

from __future__ import annotations

import subprocess
from pathlib import Path

from loadtest.errors import InconclusiveError
from loadtest.gateway.place import LOOPBACK
from loadtest.gateway.process import Program
from loadtest.gateway.services.place import Account
from loadtest.gateway.services.programs import Programs
from loadtest.gateway.services.services import USER, Services

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
        InconclusiveError: it cannot be made; the message holds the last line of initdb.
    """
    cluster, secret = data / "postgresql", data / "password"
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="ascii")
    owner.own(secret)
    options = ["--pgdata", str(cluster), "--username", USER, "--pwfile", str(secret), "--auth=scram-sha-256"]
    done = subprocess.run(
        [*owner.prefix, programs.initdb, *options, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
        cwd=data,
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=MAKING,
        check=False,
    )
    secret.unlink()
    if done.returncode:
        last = (done.stdout.splitlines() or ["no word"])[-1]
        raise InconclusiveError(f"initdb ended with status {done.returncode}: {last}")
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
        InconclusiveError: the server refuses it or is not there.
    """
    place = ["--host", LOOPBACK, "--port", str(services.postgresql_port), "--username", USER]
    shape = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    done = subprocess.run(
        [programs.psql, *place, "--dbname=postgres", *shape, "--command", statement],
        env={"PGPASSWORD": services.password, "PGCONNECT_TIMEOUT": "10"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=ASKING,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.splitlines() or [f"status {done.returncode}"])[-1]
        raise InconclusiveError(f"PostgreSQL: {last}")
    return done.stdout.splitlines()
