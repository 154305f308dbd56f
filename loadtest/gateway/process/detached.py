"""A gateway that runs in the background: boot it, find it, stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.record import Record
from loadtest.gateway.install.source import Running, Source
from loadtest.gateway.process.daemon import Daemon, DaemonState
from loadtest.gateway.running import RunningGateway
from loadtest.scenarios.source import ScenarioSource

SUPERVISOR = Daemon(
    module="loadtest.gateway.process.supervisor",
    state=DaemonState[RunningGateway],
    file="gateway.json",
    log="supervisor.log",
    name="the supervisor",
    subject="a gateway",
    stop_command="loadtest boot --stop",
)


class Order(Record, frozen=True, kw_only=True):
    """What a supervisor is to boot."""

    source: str
    home: str
    port: int | None
    database: str | None = None
    overrides: dict[str, str] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Why this source was chosen, if the caller did not name one."""
    custom: tuple[ScenarioSource, ...] = ()
    """Custom scenarios, whose backends are started as well."""


def read_state(home: Path) -> RunningGateway | None:
    """Return the gateway that a supervisor runs for ``home``, or None.

    The gateway may have ended; its ``death()`` shows that.

    Raises:
        UsageError: the state file cannot be read, or was written by another version of this program.
    """
    return SUPERVISOR.read(home)


def status(home: Path) -> str:
    """Return one line on the gateway that a supervisor runs for ``home``.

    Raises:
        UsageError: as :func:`read_state`.
    """
    gateway = read_state(home)
    if gateway is None:
        return "a gateway is being booted" if SUPERVISOR.is_starting_or_stopping(home) else "no gateway runs"
    if (death := gateway.death()) is not None:
        return f"{gateway.source} at {gateway.host} ended{death.how}"
    return f"{gateway.source} runs at {gateway.host} (version {gateway.version}, process {gateway.pid})"


def boot_detached(
    source: Source,
    *,
    home: Path,
    port: int | None = None,
    database: str | None = None,
    overrides: Mapping[str, str] | None = None,
    custom: Sequence[ScenarioSource] = (),
) -> RunningGateway:
    """Boot ``source`` under a supervisor that outlives this process; returns the gateway when it is up.

    Raises:
        UsageError: a gateway runs for ``home`` already, or as :func:`loadtest.gateway.boot.booted`.
        BootError: it did not boot; the error has the last lines of its log.
        InconclusiveError: as :func:`loadtest.gateway.boot.booted`.
    """
    if isinstance(source, Running):
        raise UsageError(f"GATEWAY={source.text}: runs already, expected a version or path:DIR to boot")
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    with SUPERVISOR.locked(home):
        if (gateway := read_state(home)) is not None:
            raise UsageError(f"{gateway.source} runs at {gateway.host}: stop it first")
        order = Order(
            source=_absolute(source),
            home=str(home),
            port=port,
            database=database,
            overrides=dict(overrides or {}),
            notes=getattr(source, "notes", ()),
            custom=tuple(custom),
        )
        return SUPERVISOR.start(home, msgspec.json.encode(order))


def stop_detached(home: Path) -> bool:
    """Stop the gateway and the backends of the supervisor of ``home``; False if there is none.

    Raises:
        UsageError: as :func:`read_state`.
    """
    if not home.is_dir():
        return False
    with SUPERVISOR.locked(home):
        return SUPERVISOR.stop(home)


def _absolute(source: Source) -> str:
    """Return ``source`` as text that means the same in any working directory."""
    directory: Path | None = getattr(source, "directory", None)
    return f"path:{directory}" if directory else source.text
