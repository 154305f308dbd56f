"""The part of one Locust process in a load that several machines make: the master, or one of its workers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from loadtest.core.env import Figure, seconds
from loadtest.core.errors import UsageError
from loadtest.core.record import Record

PORT = 5557
"""Locust's own."""
EXPECT_WORKERS = Figure("LOADTEST_EXPECT_WORKERS", "--expect-workers", 1, 10_000)
MASTER_PORT = Figure("LOADTEST_MASTER_PORT", "--master-port", 1, 65_535)
EVERYWHERE = "*"
"""Every address of this machine."""
WITHIN = "120s"
"""How long a master waits for its workers."""


class Master(Record, frozen=True, kw_only=True):
    """Makes no load itself: deals it to workers, and writes the one run."""

    expect: int
    """Workers that must be there before the load begins."""
    within: float
    """Seconds that it waits for them."""
    bind: str = EVERYWHERE
    """Address of this machine on which workers find it."""
    port: int = PORT

    def arguments(self) -> tuple[str, ...]:
        """Return what Locust is told."""
        return (
            "--master",
            "--master-bind-host",
            self.bind,
            "--master-bind-port",
            str(self.port),
            # What a lost worker's users did is done by the others.
            "--enable-rebalancing",
        )


class Servant(Record, frozen=True, kw_only=True):
    """A worker: makes load, and knows of it what its master says."""

    host: str
    """Where the master is."""
    port: int = PORT

    def arguments(self) -> tuple[str, ...]:
        """Return what Locust is told."""
        return ("--worker", "--master-host", self.host, "--master-port", str(self.port))


def master(
    *,
    expect_workers: int | None = None,
    workers_within: str | None = None,
    master_bind: str | None = None,
    master_port: int | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Master:
    """Return the master that options, then the environment ask for.

    Raises:
        UsageError: a figure that is none.
    """
    return Master(
        expect=int(EXPECT_WORKERS.chosen(expect_workers, environ, 1)),
        within=seconds(
            workers_within or environ.get("LOADTEST_WORKERS_WITHIN") or WITHIN, "time to wait for workers"
        ),
        bind=master_bind or environ.get("LOADTEST_MASTER_BIND") or EVERYWHERE,
        port=int(MASTER_PORT.chosen(master_port, environ, PORT)),
    )


def servant(
    *,
    master_host: str | None = None,
    master_port: int | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Servant:
    """Return the worker that options, then the environment ask for.

    Raises:
        UsageError: nobody says where the master is.
    """
    host = master_host or environ.get("LOADTEST_MASTER_HOST")
    if not host:
        raise UsageError("LOADTEST_MASTER_HOST: expected the address of the machine that runs the master")
    return Servant(host=host, port=int(MASTER_PORT.chosen(master_port, environ, PORT)))
