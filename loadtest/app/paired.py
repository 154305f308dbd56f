"""The second boot of a comparison with a base: fresh pairs of what was suspicious, and the contracts."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from loadtest.engine.target import Base, PairPlan, Suspect
from loadtest.gateway.install.source import Checkout, Source
from loadtest.gateway.running import RunningGateway
from loadtest.openapi.breaking import breaking_changes
from loadtest.openapi.diff import diff_contracts
from loadtest.pairs.assess import Alarms
from loadtest.results.pairs import BaseRun, PairStage
from loadtest.results.run import GENERATED, Run

FEWEST_CORES = 4
"""Cores from which each gateway has its own."""
CONFIRM_BUDGET = 90.0
"""Most seconds of pairs after the second boot."""


def base_of(gateway: RunningGateway) -> Base:
    """Return the base for a Locust process."""
    return Base(
        host=gateway.host,
        credentials=gateway.credentials,
        source=gateway.source,
        data=gateway.data_version,
        switches=gateway.switches,
        pid=only_process(gateway),
        changed=gateway.changed,
        backends=gateway.backends.urls,
    )


def only_process(gateway: RunningGateway) -> int | None:
    """Return the process that answers all calls; None if there are several."""
    return gateway.pid if gateway.deployment.workers == 1 else None


def confirmation(base: BaseRun, raised: Alarms) -> PairPlan:
    """Return what to call after the second boot: for each operation the scenario that called it most often."""
    suspects = [
        *((name, False, _busiest(base, name, PairStage.JUDGE)) for name in raised.operations),
        *((name, True, _failing(base, name)) for name in sorted(raised.failing)),
    ]
    return PairPlan(
        budget=min(base.budget, CONFIRM_BUDGET),
        confirm=tuple(
            Suspect(operation=name, scenario=scenario, failing=failing)
            for name, failing, scenario in suspects
            if scenario
        ),
        confirm_all=bool(raised.overall),
        scenarios=tuple(dict.fromkeys(one.scenario for one in base.pairs)) if raised.overall else (),
    )


def _busiest(base: BaseRun, operation: str, stage: PairStage) -> str:
    counts = Counter[str]()
    for one in base.pairs:
        if one.operation == operation and one.stage is stage:
            counts[one.scenario] += len(one.head)
    return counts.most_common(1)[0][0] if counts else ""


def _failing(base: BaseRun, operation: str) -> str:
    counts = Counter[str]()
    for row in base.trials:
        if row.operation == operation and row.stage is PairStage.REPLAY:
            counts[row.scenario] += row.head_failed
    return counts.most_common(1)[0][0] if counts else ""


def with_confirmation(run: Run, second: Run) -> Run:
    """Return ``run`` with the pairs of its confirmation."""
    if run.base is None or second.base is None:
        return run
    base = replace(
        run.base,
        confirmed=True,
        pairs=(*run.base.pairs, *(one for one in second.base.pairs if one.stage is PairStage.CONFIRM)),
        trials=(*run.base.trials, *(one for one in second.base.trials if one.stage is PairStage.CONFIRM)),
    )
    return replace(run, base=base)


def with_contracts(run: Run, reports: Path) -> Run:
    """Return ``run`` with the differences of the contracts of base and head, which Locust wrote to ``reports``."""
    if run.base is None:
        return run
    try:
        base, head = (
            msgspec.json.decode((reports / name).read_bytes(), type=dict[str, Any])
            for name in ("openapi-base.json", "openapi.json")
        )
    except (OSError, msgspec.DecodeError):
        return run
    planned = {
        call.operation for scenario in run.plan if scenario.name != GENERATED for call in scenario.calls
    }
    added = tuple(name for name in diff_contracts(base, head).new if name not in planned)
    breaking = breaking_changes(base, head)
    return replace(run, base=replace(run.base, breaking=breaking, added=added))


def commit_of(source: Source | None) -> str | None:
    """Return the commit of a checkout; None for another source, or one without git."""
    if not isinstance(source, Checkout):
        return None
    command = ["git", "-C", str(source.directory), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    # A directory within another repository has the commit of that one.
    return done.stdout.strip() if (source.directory / ".git").exists() else None


def with_commit(run: Run, source: Source | None) -> Run:
    """Return ``run`` with the commit of its base, if that is a checkout."""
    return run if run.base is None else replace(run, base=replace(run.base, commit=commit_of(source)))


def unconfirmed(run: Run, reason: str) -> Run:
    """Return ``run`` with the reason for which nothing could be confirmed."""
    return run if run.base is None else replace(run, base=replace(run.base, incomplete=reason))


@contextlib.contextmanager
def on_own_cores(gateways: Sequence[RunningGateway]) -> Iterator[None]:
    """Give each gateway a core of its own, if there are at least :data:`FEWEST_CORES`; others keep to the rest."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < FEWEST_CORES:
        yield
        return
    for core, gateway in zip(cores, gateways, strict=False):
        if gateway.pid is not None:
            pin(gateway.pid, {core})
    ours = set(cores)
    try:
        # Locust inherits it.
        os.sched_setaffinity(0, ours - set(cores[: len(gateways)]))
        yield
    finally:
        os.sched_setaffinity(0, ours)


def pin(pid: int, cores: set[int]) -> None:
    """Restrict every thread of a process to ``cores``. A thread or process that has ended is ignored."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), cores)
