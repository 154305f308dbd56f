"""Reproduce one failure of a run: perform its scenario again, up to the call that fails."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loadtest.app.scenarios.traced import run_traced
from loadtest.core.errors import UsageError
from loadtest.core.progress import Progress
from loadtest.core.redact import MASK
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import Running, Source
from loadtest.gateway.logs import LogQuery
from loadtest.gateway.ports import is_free
from loadtest.gateway.process.detached import boot_detached
from loadtest.gateway.running import RunningGateway
from loadtest.results.failures import Failure
from loadtest.results.run import Run
from loadtest.results.trace import TracedCall, read_trace
from loadtest.scenarios.source import ScenarioSource, read_sources


@dataclass(frozen=True)
class Reproduction:
    """What a scenario did when it was performed again."""

    failure: Failure
    """The failure of the run."""
    gateway: RunningGateway
    calls: tuple[TracedCall, ...]
    """Up to the failing call, or all of them if it did not fail again."""
    log: tuple[str, ...]
    """The gateway's log lines about the failing call."""

    @property
    def found(self) -> TracedCall | None:
        """The call that failed as in the run, if it did."""
        last = self.calls[-1] if self.calls else None
        return last if last is not None and last.fingerprint == self.failure.fingerprint else None


def failure_of(run: Run, fingerprint: str) -> Failure:
    """Return the failure of ``run`` whose fingerprint starts with ``fingerprint``.

    Raises:
        UsageError: there is none, or several, or it was found without a scenario.
    """
    found = [one for one in run.failures if one.fingerprint.startswith(fingerprint)] if fingerprint else []
    if len(found) != 1:
        named = ", ".join(one.fingerprint for one in (found or run.failures)[:20])
        which = "several failures have" if found else "no failure of this run has"
        raise UsageError(f"{fingerprint!r}: {which} this fingerprint, expected one of {named or 'none'}")
    (failure,) = found
    custom = read_sources(run.settings.scenarios)
    planned = {one.name for one in discover_scenarios(custom=custom, soak=False, deep=True)}
    if failure.scenario is None:
        raise UsageError(f"{failure.fingerprint}: the run does not record its scenario")
    if failure.scenario not in planned:
        raise UsageError(
            f"{failure.fingerprint}: its scenario {failure.scenario} does not exist, or runs in a soak only"
        )
    return failure


def database_of(run: Run) -> str | None:
    """Return the value of ``--database`` for the database of ``run``; None if it is unknown."""
    database = run.gateway.deployment.database if run.gateway else None
    return {"sqlite": "sqlite", "postgresql": "postgres"}.get(database or "")


def port_of(run: Run, failure: Failure) -> int | None:
    """Return the port of the gateway of ``run`` that ``failure`` was seen at if it is free, so that its address holds.

    Several gateways share the first sweep; each example of a failure has the address of its own.
    """
    seen = next((one.url for one in failure.examples if one.url), "")
    local = urlsplit(run.settings.host).hostname == "127.0.0.1"
    address = urlsplit(seen if local and seen.startswith("http://127.0.0.1:") else run.settings.host)
    if address.hostname != "127.0.0.1" or address.port is None:
        return None
    return address.port if is_free(address.port) else None


def overrides_of(run: Run) -> Mapping[str, str]:
    """Return the settings that ``run`` changed.

    Raises:
        UsageError: the value of one is a secret, which the run does not contain.
    """
    changed = run.gateway.changed if run.gateway else {}
    masked = [name for name, value in changed.items() if MASK in value]
    if masked:
        raise UsageError(
            f"--set {masked[0]}: is masked in the run, expected --gateway with a gateway that runs already"
        )
    return changed


def reproduce(
    failure: Failure,
    source: Source,
    *,
    home: Path,
    keep: bool,
    port: int | None = None,
    database: str | None = None,
    overrides: Mapping[str, str] | None = None,
    custom: Sequence[ScenarioSource] = (),
    progress: Progress,
) -> Reproduction:
    """Boot ``source`` unless it runs already, perform the scenario of ``failure`` once, and stop the gateway.

    With ``keep`` the scenario ends at the failing call without deleting anything, and the gateway is left running; see
    :func:`~loadtest.gateway.process.detached.boot_detached`.

    Raises:
        UsageError: an option is not valid.
        InconclusiveError: the gateway does not boot or respond.
    """
    progress.log("boot", source.text)
    options: dict[str, Any] = {
        "home": home,
        "port": port,
        "database": database,
        "overrides": overrides,
        "custom": custom,
    }
    with ExitStack() as stack:
        if keep and not isinstance(source, Running):
            gateway = boot_detached(source, **options)
        else:
            gateway = stack.enter_context(booted(source, **options))
        reports = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loadtest-repro-")))
        trace = run_traced(
            "repro",
            (failure.scenario or "",),
            gateway,
            reports,
            custom=custom,
            progress=progress,
            stop_at=failure.fingerprint if keep else "",
        )
        calls = read_trace(trace)
        failing = next((n for n, one in enumerate(calls, 1) if one.fingerprint == failure.fingerprint), None)
        calls = calls[:failing]
        return Reproduction(failure, gateway, calls, _log_of(calls[-1], gateway) if failing else ())


def _log_of(call: TracedCall, gateway: RunningGateway) -> tuple[str, ...]:
    example = call.example
    if example is None or not example.correlation_id:
        return ()
    address = urlsplit(example.url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    query = LogQuery(example.correlation_id, call.operation.partition(" ")[0], path, call.finished)
    return gateway.lines_of((query,)).get(example.correlation_id, ())
