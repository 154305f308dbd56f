"""A running gateway as one value."""

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

REPORT_TIMEOUT = 0.1
"""Seconds in which a reaper records that the gateway ended; a killed reaper never does."""


class RunningGateway(Record, frozen=True, kw_only=True):
    """A gateway that has answered an authenticated request.

    It can be written to a file and used in another process. The JSON form contains secrets; the repr does not.
    """

    source: str
    """The value of ``GATEWAY``."""
    host: str
    """``http://127.0.0.1:PORT``."""
    credentials: Credentials
    version: str | None
    """As reported by the gateway."""
    data_version: str
    """The version whose data file applies."""
    switches: str | None = None
    """The version with whose settings it was booted, if different."""
    backends: Ready
    directory: str | None = None
    """Directory of this run; None for a gateway that was booted elsewhere."""
    pid: int | None = None
    backends_pid: int | None = None
    deployment: Deployment = Deployment()
    changed: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings changed by ``--set``, by name; secret values are masked."""
    phases: tuple[Phase, ...] = ()
    notes: tuple[str, ...] = ()
    """Notes on its installation for the reports."""
    secrets: tuple[str, ...] = ()
    """Values that must not appear in logs, reports and artifacts."""

    def __repr__(self) -> str:
        return f"RunningGateway({self.source!r}, {self.host!r}, version={self.version!r}, pid={self.pid})"

    @property
    def data(self) -> VersionData:
        """Switches, exclusions and known failures of the version that it is, or is nearest to, on its deployment."""
        return versions.load(self.data_version).on(self.deployment)

    @property
    def log_path(self) -> Path | None:
        """The raw log, including secrets; None for a gateway that was booted elsewhere."""
        return Path(self.directory, GATEWAY_LOG) if self.directory else None

    def death(self) -> Death | None:
        """Return how it ended unexpectedly, ``at`` by the monotonic clock, or None if it runs."""
        if self.directory is None or not Path(self.directory).is_dir():
            return None
        life = Path(self.directory, GATEWAY_LIFE)
        if (death := death_of(life)) is not None or self.pid is None or psutil.pid_exists(self.pid):
            return death
        time.sleep(REPORT_TIMEOUT)
        return death_of(life) or Death(at=time.monotonic())

    def backends_death(self) -> Death | None:
        """Return how the backends' process ended unexpectedly, as :meth:`death`."""
        return death_of(Path(self.directory, BACKENDS_LIFE)) if self.directory else None

    def samples(self, since: float) -> tuple[ResourceSample, ...]:
        """Return the samples of its process tree, in seconds after ``since`` (monotonic clock)."""
        return read_samples(Path(self.directory, SAMPLES), since) if self.directory else ()

    def processes(self, since: float) -> tuple[Process, ...]:
        """Return the samples of each process, in seconds after ``since`` (monotonic clock)."""
        return read_processes(Path(self.directory, MEMBERS), since) if self.directory else ()

    def stores(self, since: float) -> tuple[Store, ...]:
        """Return the stored data that changed in size, in seconds after ``since`` (monotonic clock)."""
        return read_stores(Path(self.directory, READINGS), since) if self.directory else ()

    def limits(self) -> dict[str, int]:
        """Return the limits of its resources; see :attr:`loadtest.results.run.Run.limits`."""
        return read_limits(Path(self.directory, LIMITS)) if self.directory else {}

    def backends_cpu(self) -> float | None:
        """Return the CPU seconds of the process of its backends; None if it has ended."""
        return _cpu_seconds(self.backends_pid)

    def backend_states(self) -> tuple[Backend, ...]:
        """Return every backend, whether it is up, and the CPU seconds of their shared process."""
        death = self.backends_death()
        cpu = self.backends_cpu()
        up = tuple(
            Backend(
                name=name, up=death is None, detail=f"ended{death.how}" if death else url, cpu_seconds=cpu
            )
            for name, url in self.backends.urls.items()
        )
        down = (Backend(name=name, up=False, detail=why) for name, why in self.backends.failed.items())
        return (*up, *down)

    def lines_of(self, requests: Sequence[LogQuery]) -> Mapping[str, tuple[str, ...]]:
        """Return the gateway's log lines by correlation ID; see :func:`loadtest.gateway.logs.lines_of`."""
        if self.log_path is None:
            return {request.correlation_id: () for request in requests}
        return lines_of(self.log_path, requests, self.secrets)

    def log_tail(self) -> tuple[str, ...]:
        """Return the last lines of the log with secrets masked."""
        return log.tail(self.log_path, self.secrets) if self.log_path else ()

    def copy_log(self, target: Path) -> None:
        """Write a redacted copy of the log, bounded in size; see :func:`log.copy_log`.

        Raises:
            UsageError: ``target`` cannot be written.
        """
        if self.log_path:
            log.copy_log(self.log_path, target, self.secrets)

    def record(self, since: float) -> Gateway:
        """Return the gateway's record in the run; times are seconds after ``since`` (monotonic clock)."""
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
