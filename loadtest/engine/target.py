"""The configuration of a Locust process.

``loadtest`` passes it to its child processes as JSON in one environment variable, never on a command line. Locust
without ``loadtest`` and a worker on another machine read the settings in their own environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from loadtest.client.auth import Credentials, credentials
from loadtest.core import settings
from loadtest.core.address import parse_address
from loadtest.core.errors import UsageError
from loadtest.core.record import Record
from loadtest.engine.locust_options import Mode
from loadtest.results.deployment import Deployment, declared_deployment
from loadtest.scenarios.source import ScenarioSource, installed_sources
from loadtest.versions.data import VersionData, load
from loadtest.workload.plan import Soak

DEFAULT_HOST = "http://localhost:8080"


class Base(Record, frozen=True, kw_only=True):
    """The gateway before the change, which is called in pairs with the one under test."""

    host: str
    credentials: Credentials
    source: str
    """The value of ``BASE``."""
    data: str
    """The version whose data applies."""
    switches: str | None = None
    """The version with whose switches it was booted, if different."""
    pid: int | None = None
    """The process that answers all calls, if it is only one."""
    changed: dict[str, str] = msgspec.field(default_factory=dict)
    """Gateway settings changed by ``--base-set``, as shown in the run."""
    backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Addresses of its running backends, by name."""

    @property
    def version_data(self) -> VersionData:
        """Data of its version, with the switches it was booted with."""
        return _booted(self.data, self.switches)


class Suspect(Record, frozen=True, kw_only=True):
    """An operation that seems to have changed, and the scenario that shows it."""

    operation: str
    scenario: str
    failing: bool = False
    """It fails more often; else it is slower."""


class PairPlan(Record, frozen=True, kw_only=True):
    """What is called in pairs."""

    budget: float
    """Seconds for pairs after the first sweep."""
    confirm: tuple[Suspect, ...] = ()
    """What is called only, after the second boot; empty for all."""
    confirm_all: bool = False
    """Call ``scenarios`` as well, because the whole gateway seems to be slower."""
    scenarios: tuple[str, ...] = ()


class Replica(Record, frozen=True, kw_only=True):
    """Another gateway of the same source, with a database and backends of its own."""

    host: str
    credentials: Credentials
    backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Addresses of its running backends, by name."""


class Target(Record, frozen=True, kw_only=True):
    """Configuration of a Locust process."""

    host: str
    """As normalised by :func:`loadtest.core.address.parse_address`; empty for a worker, which receives it from its
    master."""
    credentials: Credentials
    mode: Mode | None = None
    """None if Locust was not started by ``loadtest``."""
    ui: bool = False
    """Serve Locust's web page."""
    secrets: tuple[str, ...] = ()
    """Further values to mask in logs and reports."""
    source: str = ""
    """The value of ``GATEWAY``."""
    data: str | None = None
    """The version whose data applies, if known."""
    switches: str | None = None
    """The version whose switches it was booted with, if different."""
    deployment: Deployment = Deployment()
    changed: dict[str, str] = msgspec.field(default_factory=dict)
    """Gateway settings changed by ``--set``, as shown in the run."""
    profile: str = "custom"
    deep: bool = False
    """Whether scenarios of classes with ``deep = True`` run."""
    breadth: bool = False
    """Whether the first sweep ends once every operation was called."""
    backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Addresses of the running backends, by name."""
    failed_backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Why a backend did not start, by name."""
    custom: tuple[ScenarioSource, ...] = ()
    """Where custom scenarios are."""
    generated: str = ""
    """File with requests for operations without a scenario; empty for none."""
    generated_only: bool = False
    """Whether all scenarios are disabled, so that every operation is called from the contract."""
    replicas: tuple[Replica, ...] = ()
    """Gateways that take part in the first sweep besides ``host``."""
    pid: int | None = None
    """The process that answers all calls, if it is only one and ``base`` is set."""
    base: Base | None = None
    """The gateway that is called in pairs with ``host``."""
    pairs: PairPlan | None = None
    """Required with ``base``."""
    reports: str = "reports"
    processes: int = 1
    """Locust processes on this machine."""
    seed: int = 0
    soak: Soak | None = None
    rate: float | None = None
    """Scenario starts per second of the mix after the first sweep; None to derive it from the sweep."""
    run_time: float | None = None
    """Run time of the profile in seconds, used by a soak if Locust has none."""
    only: tuple[str, ...] = ()
    """Names of the scenarios to run once each; the load ends after them. Empty: all scenarios, then the mix."""
    trace: str = ""
    """File to which each call is written; empty for none."""
    keep_exchanges: bool = False
    """Keep request and response of every call in the trace, not of failures only."""
    stop_at: str = ""
    """Fingerprint of the failure at which the process ends, leaving everything as it is; empty for none."""
    expect_workers: int = 0
    """Workers that a master waits for; 0 if the load runs in local processes."""
    workers_within: float = 0.0
    """Maximum wait in seconds."""
    parent: int | None = None
    """Process that started Locust; Locust ends when that process no longer exists."""

    @property
    def version_data(self) -> VersionData | None:
        """Data of its version, with the switches it was booted with; None if the version is unknown."""
        return None if self.data is None else _booted(self.data, self.switches)

    @property
    def writer_lock(self) -> Path:
        """Lock file that serializes writers across the processes of this machine."""
        return Path(self.reports) / ".turn"


def _booted(data: str, switches: str | None) -> VersionData:
    return load(data) if switches is None else load(data).booted_as(load(switches))


def read_target(environ: Mapping[str, str] = os.environ) -> Target:
    """Return the target from ``LOADTEST_TARGET``, or else from the environment variables for a direct start.

    Its host is empty if neither contains one; then Locust's own options or the master provide it.

    Raises:
        UsageError: ``LOADTEST_TARGET`` is malformed, or ``LOADTEST_HOST`` is not an address or a deployment variable
            is invalid.
    """
    encoded = settings.TARGET.read(environ)
    if encoded:
        try:
            return msgspec.json.decode(encoded, type=Target)
        except msgspec.DecodeError as error:
            raise UsageError(f"{settings.TARGET.variable}: {error}") from error
    host = (settings.HOST.read(environ) or "").strip()
    return target_from(parse_address(host, "LOADTEST_HOST") if host else "", environ)


def target_from(host: str, environ: Mapping[str, str] = os.environ) -> Target:
    """Return the target at ``host``, with credentials and deployment from the environment."""
    return Target(
        host=host,
        credentials=credentials(environ),
        source=host,
        custom=installed_sources(),
        deployment=declared_deployment(settings.DATABASE.read(environ), environ),
        reports=str(settings.reports_directory(environ)),
    )


def target_environment(target: Target) -> dict[str, str]:
    """Return the environment variables from which :func:`read_target` reads ``target`` in another process.

    They contain secrets; set them only in the environment of a child process.
    """
    return {settings.TARGET.variable: msgspec.json.encode(target).decode()}
