"""Run chosen scenarios once, by one user, with a trace of their calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from loadtest.app.drive import target_of
from loadtest.app.locust_process import locust_environment
from loadtest.app.supervision import run_locust
from loadtest.core.progress import Progress
from loadtest.core.units import plural
from loadtest.gateway.running import RunningGateway
from loadtest.scenarios.source import ScenarioSource
from loadtest.workload.profiles import Size

LONGEST = 300.0
"""Seconds that all scenarios may take."""
MOST_NAMED = 5
"""Scenarios up to which progress names each."""


def run_traced(
    profile: str,
    only: Sequence[str],
    gateway: RunningGateway,
    reports: Path,
    *,
    custom: Sequence[ScenarioSource],
    progress: Progress,
    **more: Any,
) -> Path:
    """Run the scenarios named ``only`` once, one after another, and return the file with their calls.

    There is no file if no call was made, see :func:`loadtest.results.trace.read_trace`. Its ``run.json`` is written
    to ``reports``, with ``profile`` as the name of its profile. ``custom`` scenarios can be among them. ``more`` are
    further members of the :class:`~loadtest.engine.target.Target`.

    Raises:
        InconclusiveError: Locust cannot be run.
    """
    size = Size(profile=profile, users=1, spawn_rate=1.0, run_time=LONGEST, processes=1, deep=True)
    trace = reports / "trace.jsonl"
    target = replace(
        target_of(gateway, size, reports, custom=custom), only=tuple(only), trace=str(trace), **more
    )
    named = ", ".join(only) if len(only) <= MOST_NAMED else plural(len(only), "scenario")
    progress.log(profile, f"{named} on {gateway.host}")
    explicit = frozenset(("users", "spawn-rate", "run-time", "processes"))
    run_locust(
        (),
        locust_environment(target, size, explicit=explicit),
        takes=LONGEST,
        reports=reports,
        gateways=(gateway,),
        progress=progress,
    )
    return trace
