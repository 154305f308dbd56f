"""What a run drove: the gateway, its backends, and what the gateway held.

Times are seconds since the start of the load.
"""

from __future__ import annotations

import msgspec

from loadtest.core.record import Count, Record, Seconds
from loadtest.results.deployment import Deployment


class Death(Record, frozen=True, kw_only=True):
    """How a process ended that should have lived."""

    at: Seconds
    signal: int | None = None
    exit_status: int | None = None

    @property
    def how(self) -> str:
        """`` (signal 9)``, `` (exit status 3)``, or nothing where nobody saw it: to stand behind "ended" or "died"."""
        if self.signal is not None:
            return f" (signal {self.signal})"
        return "" if self.exit_status is None else f" (exit status {self.exit_status})"


class Gateway(Record, frozen=True, kw_only=True):
    """The gateway that was driven."""

    version: str | None
    """Its own word (``/version``), or None if it never answered."""
    source: str
    """What ``GATEWAY=`` said: a version, ``path:DIR`` or a URL."""
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
    """When it gave its last response, if from then on it gave none to anything although its process lived."""
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
        """What it stands on."""
        return Deployment(database=self.database, redis=self.redis, workers=self.workers)


class Backend(Record, frozen=True, kw_only=True):
    """A real local peer of the gateway and whether it was there."""

    name: str
    up: bool
    detail: str = ""
    cpu_seconds: Seconds | None = None


class EntityCount(Record, frozen=True, kw_only=True):
    """How many entities of a kind the gateway held before and after: a difference is a leak of ours."""

    kind: str
    before: Count | None
    after: Count | None
    left: Count = 0
    """Found under the run's names when the load was over, and taken away: nobody had deleted them."""
