"""A gateway that runs: everything that a user of it needs to know, as one value."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import psutil
from msgspec.structs import asdict

from loadtest.backends import Ready
from loadtest.client.auth import Credentials
from loadtest.core.record import Record
from loadtest.gateway import logs as log
from loadtest.gateway.logs import LogQuery, lines_of
from loadtest.gateway.monitor.sample_files import (
    LIMITS,
    MEMBERS,
    READINGS,
    SAMPLES,
    read_limits,
    read_processes,
    read_samples,
    read_stores,
)
from loadtest.gateway.process.program import death_of
from loadtest.results.deployment import Deployment
from loadtest.results.measurements import Process, ResourceSample, Store
from loadtest.results.run import Phase
from loadtest.results.target import Backend, Death, Gateway
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

GATEWAY_LOG = "gateway.log"
GATEWAY_LIFE = "gateway.life"
BACKENDS_LOG = "backends.log"
BACKENDS_LIFE = "backends.life"

TOLD_WITHIN = 0.1
"""Seconds in which a guard tells of an end; one that was killed, too, never does."""


class RunningGateway(Record, frozen=True, kw_only=True):
    """A gateway that answered an authenticated request.

    A value: it can be written to a file and read by another process, and everything works there too. Its repr
    shows no secret; its JSON form does.
    """

    source: str
    """What ``GATEWAY=`` said."""
    host: str
    """``http://127.0.0.1:PORT``."""
    credentials: Credentials
    version: str | None
    """Its own word."""
    data_version: str
    """The version whose data file applies."""
    switches: str | None = None
    """The version with whose switches it was booted, if that is another one."""
    backends: Ready
    directory: str | None = None
    """Where this run keeps its files; None for a gateway that somebody else booted."""
    pid: int | None = None
    backends_pid: int | None = None
    deployment: Deployment = Deployment()
    changed: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings that ``--set`` changed for it, by name; secret values are masked."""
    phases: tuple[Phase, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader of the run should know about how it was installed."""
    secrets: tuple[str, ...] = ()
    """Values that must not appear in anything that is written for others."""

    def __repr__(self) -> str:
        return f"RunningGateway({self.source!r}, {self.host!r}, version={self.version!r}, pid={self.pid})"

    @property
    def data(self) -> VersionData:
        """Switches, exclusions and known failures of the version that it is, or is nearest to, on its deployment."""
        return versions.load(self.data_version).on(self.deployment)

    @property
    def log_path(self) -> Path | None:
        """The gateway's raw log, secrets included; None for a gateway that somebody else booted."""
        return Path(self.directory, GATEWAY_LOG) if self.directory else None

    def death(self) -> Death | None:
        """Return how it ended although it should live, ``at`` in seconds since the epoch; or None."""
        if self.directory is None or not Path(self.directory).is_dir():
            return None
        life = Path(self.directory, GATEWAY_LIFE)
        if (death := death_of(life)) is not None or self.pid is None or psutil.pid_exists(self.pid):
            return death
        time.sleep(TOLD_WITHIN)
        return death_of(life) or Death(at=time.time())

    def backends_death(self) -> Death | None:
        """Return how the backends' process ended although it should live, as :meth:`death`; or None."""
        return death_of(Path(self.directory, BACKENDS_LIFE)) if self.directory else None

    def samples(self, since: float) -> tuple[ResourceSample, ...]:
        """Return what was sampled of its process tree, in seconds after ``since`` (seconds of the epoch)."""
        return read_samples(Path(self.directory, SAMPLES), since) if self.directory else ()

    def processes(self, since: float) -> tuple[Process, ...]:
        """Return what was sampled of each process by itself, in seconds after ``since`` (of the epoch)."""
        return read_processes(Path(self.directory, MEMBERS), since) if self.directory else ()

    def stores(self, since: float) -> tuple[Store, ...]:
        """Return what it keeps and that changed its size, in seconds after ``since`` (of the epoch)."""
        return read_stores(Path(self.directory, READINGS), since) if self.directory else ()

    def limits(self) -> dict[str, int]:
        """Return what it must not exceed; see :attr:`loadtest.results.run.Run.limits`."""
        return read_limits(Path(self.directory, LIMITS)) if self.directory else {}

    def backend_states(self) -> tuple[Backend, ...]:
        """Return every backend, whether it is up now, and the CPU seconds of the process they share."""
        death = self.backends_death()
        cpu = _cpu_seconds(self.backends_pid)
        up = tuple(
            Backend(
                name=name, up=death is None, detail=f"ended{death.how}" if death else url, cpu_seconds=cpu
            )
            for name, url in self.backends.urls.items()
        )
        down = (Backend(name=name, up=False, detail=why) for name, why in self.backends.failed.items())
        return (*up, *down)

    def lines_of(self, requests: Sequence[LogQuery]) -> Mapping[str, tuple[str, ...]]:
        """Return by correlation id what the gateway logged; see :func:`loadtest.gateway.logs.lines_of`."""
        if self.log_path is None:
            return {request.correlation_id: () for request in requests}
        return lines_of(self.log_path, requests, self.secrets)

    def log_tail(self) -> tuple[str, ...]:
        """Return the last lines of the log, secrets masked."""
        return log.tail(self.log_path, self.secrets) if self.log_path else ()

    def copy_log(self, target: Path) -> None:
        """Write a redacted copy of the log, bounded in size; see :func:`log.copy_log`.

        Raises:
            UsageError: ``target`` cannot be written.
        """
        if self.log_path:
            log.copy_log(self.log_path, target, self.secrets)

    def record(self, since: float) -> Gateway:
        """Return what the run says of the gateway; times are seconds after ``since`` (of the epoch)."""
        death = self.death()
        return Gateway(
            version=self.version,
            source=self.source,
            data=self.data_version,
            changed=self.changed,
            death=Death(at=death.at - since, signal=death.signal, exit_status=death.exit_status)
            if death
            else None,
            log_tail=self.log_tail() if death else (),
            **asdict(self.deployment),
        )


def _cpu_seconds(pid: int | None) -> float | None:
    if pid is None:
        return None
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return round(times.user + times.system, 3)
