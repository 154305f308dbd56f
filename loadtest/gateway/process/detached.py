"""A gateway that stays after the command that booted it: who holds it, where it is, how to stop it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.locks import exclusively, is_held
from loadtest.core.record import Record
from loadtest.gateway.install.source import Running, Source
from loadtest.gateway.process import daemon as holding
from loadtest.gateway.running import RunningGateway

FILE = "gateway.json"
SUPERVISOR_LOG = "supervisor.log"


class GatewayState(Record, frozen=True, kw_only=True):
    """What the file in LOADTEST_HOME says; it holds secrets and is readable by its owner alone."""

    gateway: RunningGateway
    supervisor: int
    """Process id of who holds gateway and backends."""
    created: float
    """When that process was created, so that another one with its id is not taken for it."""

    @property
    def holder(self) -> int:
        """The supervisor."""
        return self.supervisor

    @property
    def held(self) -> tuple[int, ...]:
        """Process ids of gateway and backends."""
        return tuple(pid for pid in (self.gateway.pid, self.gateway.backends_pid) if pid)


class Order(Record, frozen=True, kw_only=True):
    """What a supervisor is asked to boot."""

    source: str
    home: str
    port: int | None
    database: str | None = None
    overrides: dict[str, str] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Why this source was chosen, if none was named."""


def read_state(home: Path) -> RunningGateway | None:
    """Return the gateway that a supervisor holds for ``home``, or None if there is none.

    The gateway itself may have died: ask its ``death()``.

    Raises:
        UsageError: the file is not ours, or of another version of the program.
    """
    state = _read(home)
    return state.gateway if state else None


def status(home: Path) -> str:
    """Return one line on the gateway that a supervisor holds for ``home``.

    Raises:
        UsageError: as :func:`read_state`.
    """
    gateway = read_state(home)
    if gateway is None:
        return "a gateway is being booted" if is_held(home / f"{FILE}.lock") else "no gateway runs"
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
) -> RunningGateway:
    """Boot ``source`` under a supervisor that stays when we end, and return the gateway when it is up.

    Raises:
        UsageError: a gateway runs for ``home`` already, or as :func:`loadtest.gateway.boot.booted`.
        BootError: it did not come up; the error holds the last lines of its log.
        InconclusiveError: as :func:`loadtest.gateway.boot.booted`.
    """
    if isinstance(source, Running):
        raise UsageError(f"GATEWAY={source.text}: runs already, expected a version or path:DIR to boot")
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    with exclusively(home / f"{FILE}.lock", "booting or stopping a gateway", within=holding.START_TIME):
        if (state := _read(home)) is not None:
            raise UsageError(f"{state.gateway.source} runs at {state.gateway.host}: stop it first")
        order = Order(
            source=_absolute(source),
            home=str(home),
            port=port,
            database=database,
            overrides=dict(overrides or {}),
            notes=getattr(source, "notes", ()),
        )
        log = home / SUPERVISOR_LOG
        holding.start(
            "loadtest.gateway.process.supervisor", msgspec.json.encode(order), log=log, who="the supervisor"
        )
        gateway = read_state(home)
    if gateway is None:
        raise InconclusiveError(f"the supervisor ended at once: see {log}")
    return gateway


def stop_detached(home: Path) -> bool:
    """Stop gateway and backends that a supervisor holds for ``home``; False if there is none.

    Raises:
        UsageError: as :func:`read_state`.
    """
    if not home.is_dir():
        return False
    with exclusively(home / f"{FILE}.lock", "booting or stopping a gateway", within=holding.START_TIME):
        state = _read(home)
        if state is None:
            return False
        holding.stop(home / FILE, state)
    return True


def _read(home: Path) -> GatewayState | None:
    return holding.read(home / FILE, GatewayState, "a gateway")


def _absolute(source: Source) -> str:
    """Return ``source`` as text that means the same in any working directory."""
    directory: Path | None = getattr(source, "directory", None)
    return f"path:{directory}" if directory else source.text
