"""Add data from the machine that booted the gateway to a run: resource usage, log lines, deaths."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from loadtest.core.files import read_json
from loadtest.gateway.install.source import Checkout, Source
from loadtest.gateway.logs import LogQuery
from loadtest.gateway.route_handlers import route_handlers
from loadtest.gateway.running import RunningGateway
from loadtest.results.failures import Failure
from loadtest.results.measurements import cpu_of
from loadtest.results.run import Phase, Run, RunState
from loadtest.results.target import Death, ReplicaUsage


def started_at(run: Run) -> float:
    """Return the start of the load by the monotonic clock of this machine, on which Locust has just written ``run``."""
    return time.monotonic() - run.duration if run.started_monotonic is None else run.started_monotonic


def enrich(run: Run, gateway: RunningGateway, phases: Sequence[Phase] = ()) -> Run:
    """Return ``run`` with the gateway's resource usage, its death, and its log lines for each failed call."""
    since = started_at(run)
    ours = gateway.record(since)
    seen = run.gateway or ours
    known = {backend.name: backend for backend in gateway.backend_states()}
    refused = {backend.name: backend for backend in run.backends if not backend.up}
    death = _ending(gateway, ours.death, since, number=1)
    lines = gateway.lines_of(_requests(run))
    return replace(
        run,
        gateway=replace(
            ours,
            version=seen.version or ours.version,
            prefix=seen.prefix,
            notes=(*gateway.notes, *seen.notes),
        ),
        state=RunState.ABORTED if death and run.state is not RunState.COMPLETE else run.state,
        reason=death or run.reason,
        resources=gateway.samples(since),
        processes=gateway.processes(since),
        stores=gateway.stores(since),
        limits=gateway.limits(),
        backends=tuple((known | refused).values()),
        failures=tuple(_with_log(failure, lines) for failure in run.failures),
        phases=tuple(phases),
    )


def enrich_replica(run: Run, replica: RunningGateway, number: int) -> Run:
    """Return ``run`` with the death of its gateway ``number``, its CPU time and its log lines for failed calls."""
    since = started_at(run)
    own = replica.record(since).death
    death = _ending(replica, own, since, number=number)
    gateway, alive = run.gateway, run.gateway is None or run.gateway.death is None
    if gateway is not None and alive and own is not None:
        gateway = replace(gateway, death=own, log_tail=replica.log_tail())
    lines = replica.lines_of(_requests(run))
    return replace(
        run,
        gateway=gateway,
        state=RunState.ABORTED if death and run.state is not RunState.COMPLETE else run.state,
        reason=death if death and alive else run.reason,
        replicas=(
            *run.replicas,
            ReplicaUsage(cpu=cpu_of(replica.samples(since)), backends_cpu=replica.backends_cpu()),
        ),
        failures=tuple(_with_log(failure, lines) for failure in run.failures),
    )


def enrich_base(run: Run, base: RunningGateway) -> Run:
    """Return ``run`` with the death of the base, which is no failure of the gateway under test."""
    since = started_at(run)
    own, peers = base.record(since).death, base.backends_death()
    how = death_text("the base", own) or (
        death_text("the backends of the base", replace(peers, at=peers.at - since)) if peers else ""
    )
    if not how or run.state is RunState.COMPLETE:
        return run
    return replace(run, state=RunState.ABORTED, reason=how)


def enrich_handlers(run: Run, source: Source, contract: Path) -> Run:
    """Return ``run`` with the functions that answer the operations, if ``source`` is a checkout.

    ``contract`` is the file with the gateway's OpenAPI document.
    """
    if not isinstance(source, Checkout) or not contract.exists():
        return run
    document = read_json(contract, dict[str, Any], "an OpenAPI document")
    return replace(run, handlers=route_handlers(source.directory, document, Path.cwd()))


def _ending(gateway: RunningGateway, death: Death | None, since: float, *, number: int) -> str:
    """Return a sentence on how the gateway ``number`` or its backends ended; empty if they still run."""
    peers = gateway.backends_death()
    return death_text(gateway_name(number), death) or (
        death_text(backends_name(number), replace(peers, at=peers.at - since)) if peers else ""
    )


def gateway_name(number: int) -> str:
    """Return what messages call the gateway ``number`` (from 1) of a run."""
    return "the gateway" if number == 1 else f"gateway {number}"


def backends_name(number: int) -> str:
    """Return what messages call the backends of the gateway ``number`` (from 1) of a run."""
    return "the backends" if number == 1 else f"the backends of gateway {number}"


def death_text(who: str, death: Death | None) -> str:
    """Return a sentence on how ``who`` ended; empty if it still runs."""
    if death is None:
        return ""
    return f"{who} died after {death.at:.0f} s of load{death.how}"


def _requests(run: Run) -> tuple[LogQuery, ...]:
    started = datetime.fromisoformat(run.started).timestamp()
    return tuple(
        LogQuery(
            correlation_id=example.correlation_id,
            method=failure.operation.partition(" ")[0],
            path=_path(example.url),
            at=started + example.at,
        )
        for failure in run.failures
        for example in failure.examples
        if example.correlation_id and not example.log
    )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _with_log(failure: Failure, lines: Mapping[str, tuple[str, ...]]) -> Failure:
    examples = (
        replace(example, log=lines[example.correlation_id])
        if example.correlation_id and example.correlation_id in lines
        else example
        for example in failure.examples
    )
    return replace(failure, examples=tuple(examples))
