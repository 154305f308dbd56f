"""."""

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
from loadtest.versions.data import VersionData, load
from loadtest.workload.plan import Soak

DEFAULT_HOST = "http://localhost:8080"


class Target(Record, frozen=True, kw_only=True):
    """What a Locust process must know to drive one gateway."""

    host: str
    """In the one spelling of :func:`loadtest.core.address.parse_address`; empty for a worker, whose master names it."""
    credentials: Credentials
    mode: Mode | None = None
    """None if Locust was started without ``loadtest``."""
    ui: bool = False
    """With Locust's web page."""
    secrets: tuple[str, ...] = ()
    """Further values that must not appear in anything that is written for others."""
    source: str = ""
    """What ``GATEWAY=`` said."""
    data: str | None = None
    """The version whose data file applies, if whoever booted the gateway knows it."""
    switches: str | None = None
    """The version with whose switches it was booted, if that is another one."""
    deployment: Deployment = Deployment()
    changed: dict[str, str] = msgspec.field(default_factory=dict)
    """Settings of the gateway that ``--set`` changed, as the record of the run shows them."""
    profile: str = "custom"
    backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Addresses of the backends that are up, by name."""
    failed_backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Why a backend did not come up, by name."""
    reports: str = "reports"
    processes: int = 1
    """Locust processes on this machine."""
    seed: int = 0
    soak: Soak | None = None
    run_time: float | None = None
    """Seconds that the profile says, for a load whose plan needs to know and that nobody told."""
    expect_workers: int = 0
    """Workers that a master waits for; 0 where Locust's own processes make the load."""
    workers_within: float = 0.0
    """Seconds that it waits for them."""

    @property
    def version_data(self) -> VersionData | None:
        """What is known of its version, with the switches that it was booted with; None if nothing is said of it."""
        if self.data is None:
            return None
        data = load(self.data)
        return data if self.switches is None else data.booted_as(load(self.switches))

    @property
    def turn_file(self) -> Path:
        """The file by which processes on this machine know whose turn it is."""
        return Path(self.reports) / ".turn"


def read_target(environ: Mapping[str, str] = os.environ) -> Target:
    """Return what this Locust process is to drive: what ``loadtest`` handed on, or what the environment says.

    Its host is empty if neither names one: Locust's own options or its master then do.

    Raises:
        UsageError: ``LOADTEST_TARGET`` is not what ``loadtest`` writes there, ``LOADTEST_HOST`` is no address, or no
            number of workers is one.
    """
    handed = settings.TARGET.read(environ)
    if handed:
        try:
            return msgspec.json.decode(handed, type=Target)
        except msgspec.DecodeError as error:
            raise UsageError(f"LOADTEST_TARGET: {error}") from error
    host = (settings.HOST.read(environ) or "").strip()
    return target_from(parse_address(host, "LOADTEST_HOST") if host else "", environ)


def target_from(host: str, environ: Mapping[str, str] = os.environ) -> Target:
    """Return the target at ``host`` with the credentials and the deployment that the environment states."""
    return Target(
        host=host,
        credentials=credentials(environ),
        source=host,
        deployment=declared_deployment(settings.DATABASE.read(environ), environ),
        reports=str(settings.reports_directory(environ)),
    )


def target_environment(target: Target) -> dict[str, str]:
    """Return the environment variables by which :func:`read_target` reads ``target`` in another process.

    They hold secrets and belong into a child's environment only.
    """
    return {"LOADTEST_TARGET": msgspec.json.encode(target).decode()}
