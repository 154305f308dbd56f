"""The Locust process of a job: started, watched beside the gateway, and ended whatever comes."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.app.drive import POLL, STOP_WITHIN, locust_command
from loadtest.core.errors import LoadTestError
from loadtest.core.progress import Progress
from loadtest.core.signals import stop_request
from loadtest.gateway.monitor.health import HealthProbe
from loadtest.gateway.process.program import Program
from loadtest.gateway.running import RunningGateway
from loadtest.results.run import Run, read_run

LOOK = 2.0
"""Seconds between looks at what was measured so far."""
HUNG_WITHIN = 5.0
"""Seconds that Locust has to end when the gateway does not respond: its users wait for answers that do not come."""
LATE = 300.0
"""Seconds that a load may take beyond its own time: for setting the stage, a first sweep that is late, and clearing."""


def run_locust(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    takes: float,
    reports: Path,
    gateway: RunningGateway,
    progress: Progress,
) -> float | None:
    """Run Locust until it ends, the gateway or the backends die, or a signal asks the job to stop.

    Returns when the gateway gave its last response, in seconds of the epoch, if it became unresponsive; the load is
    stopped then, too. Its output goes to ``locust.log`` in ``reports``. It ``takes`` so many seconds; much later it is
    stopped. No wait of the job raises from here on: there is a run to be reported.
    """
    stop_request().handle()
    with (
        (reports / "locust.log").open("wb") as output,
        Program(
            locust_command(arguments), environment=environment, directory=Path.cwd(), output=output
        ) as locust,
        HealthProbe(gateway.host) as probe,
    ):
        return _wait(locust, takes, reports / "run.json", gateway, probe, progress)


def _wait(
    locust: Program,
    takes: float,
    run_file: Path,
    gateway: RunningGateway,
    probe: HealthProbe,
    progress: Progress,
) -> float | None:
    stop = stop_request()
    looked = began = time.monotonic()
    responses = 0
    while locust.death() is None:
        if stop.signal is not None:
            progress.tell("load", f"{signal.Signals(stop.signal).name}; stopping the load")
            end_locust(locust, STOP_WITHIN)
            return None
        if time.monotonic() > began + takes + LATE:
            progress.tell("load", f"Locust did not end by itself {LATE:g} s after its time; stopping it")
            end_locust(locust, STOP_WITHIN)
            return None
        died = "the gateway" if gateway.death() else "the backends" if gateway.backends_death() else ""
        if died:
            progress.tell("load", f"{died} died; stopping the load")
            end_locust(locust, STOP_WITHIN)
            return None
        if time.monotonic() - looked >= LOOK:
            run = _so_far(run_file)
            progress.update(_in_words(run))
            if run is not None and _responses(run) > responses:
                responses = _responses(run)
                probe.responded()
            looked = time.monotonic()
        if (silent := probe.silent_for()) is not None:
            progress.tell("load", f"the gateway has not responded for {silent:.0f} s; stopping the load")
            end_locust(locust, HUNG_WITHIN)
            return time.time() - silent
        stop.sleep(POLL)
    return None


def _so_far(run_file: Path) -> Run | None:
    try:
        return read_run(run_file)
    except LoadTestError:
        return None


def _responses(run: Run) -> int:
    """Return how many requests were answered: a failure without a status may be one that was not."""
    answered = sum(failure.count for failure in run.failures if failure.status is not None)
    return answered + sum(operation.successes for operation in run.operations)


def _in_words(run: Run | None) -> str:
    if run is None:
        return "nothing measured yet"
    failures = sum(operation.failures for operation in run.operations)
    reached = sum(operation.successes > 0 for operation in run.operations)
    sweep = f" · sweep {run.sweep.done}/{run.sweep.planned}" if run.sweep else ""
    if run.timeline.stretches:
        sweep = f" · {run.timeline.stretches[-1].name}"
    return f"{run.requests} requests · {failures} failed · {reached} operations succeeded{sweep}"


def end_locust(locust: Program, within: float, *, group: bool = False) -> None:
    """Ask Locust to end as by Ctrl-C, and wait until it has: unlike after SIGTERM, it then writes its own reports too.

    It has ``within`` so many seconds, or none any more once a further signal has arrived. With ``group`` all its
    processes are asked.
    """
    stop = stop_request()
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(locust.pid, signal.SIGINT)
    deadline = time.monotonic() + within
    while locust.death() is None and not stop.urgent and time.monotonic() < deadline:
        stop.sleep(POLL)
