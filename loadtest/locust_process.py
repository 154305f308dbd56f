"""The Locust process of a job: started, watched beside the gateway, and ended whatever comes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.drive import locust_command
from loadtest.errors import LoadTestError
from loadtest.gateway.running import RunningGateway
from loadtest.interruption import Stopped
from loadtest.progress import Progress
from loadtest.run import read_run

POLL = 0.2
"""Seconds between looks at Locust and the gateway."""
LOOK = 2.0
"""Seconds between looks at what was measured so far."""
LATE = 180.0
"""Seconds that a load may take beyond its own time, for setting the stage and clearing it."""
STOP_WITHIN = 60.0
"""Seconds that Locust has to end after it was asked to: its users finish their scenarios first."""


def run_locust(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    takes: float,
    reports: Path,
    gateway: RunningGateway,
    progress: Progress,
) -> Stopped | None:
    """Run Locust until it ends, the gateway or the backends die, or the job is stopped; return that stop.

    Its output goes to ``locust.log`` in ``reports``. It ``takes`` so many seconds; much later it is stopped.
    """
    with (reports / "locust.log").open("wb") as output:
        locust = subprocess.Popen(
            locust_command(arguments),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(locust, takes, reports / "run.json", gateway, progress)
        except Stopped as stop:
            _stop(locust)
            return stop
        finally:
            _end(locust)
    return None


def _wait(
    locust: subprocess.Popen[bytes], takes: float, run_file: Path, gateway: RunningGateway, progress: Progress
) -> None:
    looked = began = time.monotonic()
    while locust.poll() is None:
        if time.monotonic() > began + takes + LATE:
            progress.tell("load", f"Locust did not end by itself {LATE:g} s after its time; stopping it")
            _stop(locust)
            return
        died = "the gateway" if gateway.death() else "the backends" if gateway.backends_death() else ""
        if died:
            progress.tell("load", f"{died} died; stopping the load")
            _stop(locust)
            return
        if time.monotonic() - looked >= LOOK:
            progress.update(_so_far(run_file))
            looked = time.monotonic()
        time.sleep(POLL)


def _so_far(run_file: Path) -> str:
    try:
        run = read_run(run_file)
    except LoadTestError:
        return "nothing measured yet"
    failures = sum(operation.failures for operation in run.operations)
    reached = sum(operation.successes > 0 for operation in run.operations)
    sweep = f" · sweep {run.sweep.done}/{run.sweep.planned}" if run.sweep else ""
    if run.timeline.stretches:
        sweep = f" · {run.timeline.stretches[-1].name}"
    return f"{run.requests} requests · {failures} failed · {reached} operations succeeded{sweep}"


def _stop(locust: subprocess.Popen[bytes]) -> None:
    """Ask Locust to end as by Ctrl-C: unlike after SIGTERM, it then writes its own reports too."""
    if locust.poll() is None:
        locust.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            locust.wait(STOP_WITHIN)


def _end(locust: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(locust.pid, signal.SIGKILL)
    locust.wait()
