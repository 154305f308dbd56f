"""Run Locust and monitor the gateway; stop the load when the gateway dies or a signal arrives."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loadtest.app.enrich import backends_name, gateway_name
from loadtest.app.judging import FailureCounts, count_all_as_new
from loadtest.app.locust_process import POLL, STOP_WITHIN, Locust, in_background
from loadtest.core.errors import LoadTestError
from loadtest.core.progress import Progress
from loadtest.core.signals import stop_request
from loadtest.core.units import clock, plural
from loadtest.gateway.monitor.health import HealthProbe
from loadtest.gateway.process.suspension import LIMIT, SuspensionWatch
from loadtest.gateway.running import RunningGateway
from loadtest.results.run import Run, read_run
from loadtest.workload.profiles import MAX_SWEEP_GRACE, sweep_grace

READ_INTERVAL = 2.0
"""Seconds between readings of the measurements so far."""
HUNG_WITHIN = 5.0
"""Seconds that Locust has to end if the gateway does not respond, as its users wait for responses."""
OVERTIME = MAX_SWEEP_GRACE + 60.0
"""Seconds that Locust may take beyond the run time, for a late first sweep, fixtures and clean-up."""


def run_locust(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    takes: float,
    reports: Path,
    gateways: Sequence[RunningGateway],
    progress: Progress,
    report: Callable[[], None] = lambda: None,
    count: Callable[[Run], FailureCounts] = count_all_as_new,
) -> float | None:
    """Run Locust until it ends, a gateway or the backends die, or a signal asks the job to stop.

    ``takes`` is the expected duration in seconds; much later Locust is stopped. Its output goes to ``locust.log`` in
    ``reports``. From here on a signal raises no exception, as there is a run to report. ``report`` reports what was
    measured so far; it is called if Locust does not end soon after a signal. ``count`` counts the failures so far.

    Returns the time of a gateway's last response, by the monotonic clock, if the load was stopped because it no longer
    responds.
    """
    stop_request().handle()
    with contextlib.ExitStack() as stack:
        output = stack.enter_context((reports / "locust.log").open("wb"))
        locust = stack.enter_context(in_background(arguments, environment, output))
        probes = [stack.enter_context(HealthProbe(gateway.host)) for gateway in gateways]
        return _wait(locust, takes, reports / "run.json", gateways, probes, report, count, progress)


def _wait(
    locust: Locust,
    takes: float,
    run_file: Path,
    gateways: Sequence[RunningGateway],
    probes: Sequence[HealthProbe],
    report: Callable[[], None],
    count: Callable[[Run], FailureCounts],
    progress: Progress,
) -> float | None:
    stop = stop_request()
    backends = {
        backends_name(number): gateway.backends_pid
        for number, gateway in enumerate(gateways, 1)
        if gateway.backends_pid
    }
    suspensions = SuspensionWatch({"Locust": locust.pid} | backends)
    last_read = began = time.monotonic()
    responses = 0
    while locust.exit_status is None:
        if reason := _reason_to_stop(gateways, overdue=time.monotonic() > began + takes + OVERTIME):
            progress.log("load", f"{reason}; stopping the load")
            locust.stop(STOP_WITHIN, meanwhile=report if stop.signal is not None else lambda: None)
            return None
        if time.monotonic() - last_read >= READ_INTERVAL:
            run = _so_far(run_file)
            progress.update(in_words(run, count(run)) if run else "nothing measured yet")
            if run is not None and _responses(run) > responses:
                responses = _responses(run)
                if len(probes) == 1:
                    # Of several gateways, the run does not show which one responded.
                    probes[0].responded()
            if (suspended := suspensions.kill_overdue()) is not None:
                progress.log("load", f"{suspended} did not respond: suspended for {LIMIT:g} s; killed")
            last_read = time.monotonic()
        silent = next((silence for one in probes if (silence := one.silent_for()) is not None), None)
        if silent is not None:
            progress.log("load", f"the gateway has not responded for {silent:.0f} s; stopping the load")
            locust.stop(HUNG_WITHIN)
            return time.monotonic() - silent
        stop.sleep(POLL)
    return None


def _reason_to_stop(gateways: Sequence[RunningGateway], *, overdue: bool) -> str:
    """Return why the load must be stopped; empty if it may continue."""
    number = stop_request().signal
    if number is not None:
        return signal.Signals(number).name
    if overdue:
        return f"Locust did not end within {OVERTIME:g} s after the run time"
    for number, gateway in enumerate(gateways, 1):
        if gateway.death():
            return f"{gateway_name(number)} died"
        if gateway.backends_death():
            return f"{backends_name(number)} died"
    return ""


def _so_far(run_file: Path) -> Run | None:
    try:
        return read_run(run_file)
    except LoadTestError:
        return None


def _responses(run: Run) -> int:
    """Return the number of requests with a response; a failure without a status may have none."""
    answered = sum(failure.count for failure in run.failures if failure.status is not None)
    return answered + sum(operation.successes for operation in run.operations)


def _left(run: Run, run_time: float) -> str:
    """Return the remaining time of the load, which an unfinished first sweep extends."""
    left = run_time - run.duration
    if left > 0:
        return f"{clock(left)} left"
    left += sweep_grace(run_time, run.sweep.planned if run.sweep else 0)
    if run.sweep and run.sweep.done < run.sweep.planned and left > 0:
        return f"up to {clock(left)} left for the first sweep"
    return "finishing"


def in_words(run: Run, failures: FailureCounts) -> str:
    """Return the remaining time and the measurements so far of a run that has not ended, in one line."""
    correct = run.operations_that(lambda one: one.successes or one.drift)
    parts = [
        f"{run.requests} requests",
        f"{plural(failures.new, 'new failure')}, {failures.known} known"
        + (f", {failures.undecided} undecided until the log is read" if failures.undecided else ""),
        f"{correct} operations correct",
    ]
    if run.settings.run_time is not None:
        parts.insert(0, _left(run, run.settings.run_time))
    if run.timeline.stretches:
        parts.append(run.timeline.stretches[-1].name)
    elif run.sweep:
        parts.append(f"sweep {run.sweep.done}/{run.sweep.planned}")
    return " · ".join(parts)
