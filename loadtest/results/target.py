"""The system under test: the gateway, its backends, and the entities it contained.

Times are seconds since the start of the load.
"""

from __future__ import annotations

import msgspec

from loadtest.core.record import Count, Record, Seconds
from loadtest.results.deployment import Deployment


class Death(Record, frozen=True, kw_only=True):
    """The unexpected end of a process."""

    at: Seconds
    """In a run: since the start of the load. Before that: by the monotonic clock of the machine."""
    signal: int | None = None
    exit_status: int | None = None

    @property
    def how(self) -> str:
        """`` (signal 9)`` or `` (exit status 3)``, as a suffix; empty if unknown."""
        if self.signal is not None:
            return f" (signal {self.signal})"
        return "" if self.exit_status is None else f" (exit status {self.exit_status})"


class Gateway(Record, frozen=True, kw_only=True):
    """The gateway under test."""

    version: str | None
    """As reported by ``/version``; None if it never responded."""
    source: str
    """The value of ``GATEWAY``: a version, ``path:DIR`` or a URL."""
    data: str | None = None
    """The version whose data file (switches, exclusions, known failures) applies."""
    prefix: str = ""
    """The version prefix that it serves, as found in its contract: ``/v1`` or nothing."""
    database: str = "sqlite"
    """The kind of database only; a URL would carry a password."""
    redis: bool = False
    """Whether it keeps caches, sessions and events in Redis."""
    workers: Count = 1
    """Processes that answer requests."""
    changed: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings that ``--set`` changed for it, by name; secret values are masked."""
    death: Death | None = None
    unresponsive_at: Seconds | None = None
    """Time of its last response, if it stopped responding although its process was alive."""
    notes: tuple[str, ...] = ()
    """How it was chosen, installed and driven, where that is not as usual; every report shows it."""
    log_tail: tuple[str, ...] = ()
    """The last lines of its log, secrets masked; kept when it did not boot or died."""

    @property
    def changes(self) -> str:
        """The changed settings in a line, ``A=1, B=2``; empty if none was changed."""
        return ", ".join(f"{name}={value}" for name, value in sorted(self.changed.items()))

    @property
    def deployment(self) -> Deployment:
        """Database, Redis and worker count."""
        return Deployment(database=self.database, redis=self.redis, workers=self.workers)


class Backend(Record, frozen=True, kw_only=True):
    """A local peer of the gateway, and whether it was up."""

    name: str
    up: bool
    detail: str = ""
    cpu_seconds: Seconds | None = None


class ReplicaUsage(Record, frozen=True, kw_only=True):
    """A further gateway, which ran a part of the first sweep: what it and its backends used during the load."""

    cpu: Seconds | None = None
    backends_cpu: Seconds | None = None


class EntityCount(Record, frozen=True, kw_only=True):
    """Number of entities of one type before and after the load; a difference is a leak."""

    kind: str
    before: Count | None
    after: Count | None
    left: Count = 0
    """Entities left by scenarios, found by their names and deleted after the load."""
    deletes: str = ""
    """The operation that deletes one."""
