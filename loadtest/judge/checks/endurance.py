"""Checks for long runs: growth, recovery, restarts, open streams, storage."""

from __future__ import annotations

from loadtest.core.units import amount, clock, plural, some
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.judge.growth.model import Trend
from loadtest.results.run import Run

MAX_WEEKLY_GROWTH = 100 << 30
"""Storage growth per week, in bytes, above which the check warns."""

BOOT_GRACE = 1.0
"""Seconds after the start of the load until which a new process counts as started at boot."""

SUCCESSOR_WITHIN = 60.0
"""Seconds around the end of a process in which a new process of that name counts as its successor."""

IDLE_TIMEOUT = 6.0
"""Seconds after the last request until idle connections should be closed; the gateway closes them after 5."""


def no_growth(facts: CheckInput) -> CheckResult:
    """Check that no resource grows."""
    endurance = facts.endurance
    if not endurance.judged:
        return not_measured(Check.GROWTH, "the load was too short to measure growth")
    growing = endurance.trending(Trend.GROWING)
    if growing:
        return CheckResult(
            Check.GROWTH,
            Severity.FAILURE,
            f"{len(growing)} of {len(endurance.growth)} series grow: {growing[0].text}",
            "Find what is not released: run longer with one user class at a time (LOCUST_ARGS) and compare the slopes.",
            tuple(one.text for one in growing),
        )
    unknown = tuple(one for one in endurance.trending(Trend.UNKNOWN) if one.whole)
    if unknown or not endurance.growth:
        names = some(one.name for one in unknown) or "any series: nothing was sampled"
        text = f"growth could not be measured for {names}"
        if not endurance.soak:
            return not_measured(Check.GROWTH, text)
        return CheckResult(
            Check.GROWTH,
            Severity.INCONCLUSIVE,
            text,
            "Run longer: half an hour shows a leak, three hours a slow one.",
            tuple(one.text for one in unknown),
        )
    return passed(Check.GROWTH, f"none of {len(endurance.growth)} series grows")


def recovered(facts: CheckInput) -> CheckResult:
    """Check that latency and rate recovered after the spike."""
    recovery = facts.endurance.recovery
    if recovery is None:
        return not_measured(Check.RECOVERED, "there was no spike, or too little load around it")
    seconds = recovery.seconds
    if seconds is None:
        severity, advice = (
            Severity.FAILURE,
            "Look for what the spike filled and was not released: queues, pools, locks.",
        )
    elif recovery.planned and seconds > recovery.planned:
        severity, advice = (
            Severity.WARNING,
            "Recovery takes longer than the load allows for; the phase after it is not steady yet.",
        )
    else:
        return passed(Check.RECOVERED, recovery.text)
    return CheckResult(Check.RECOVERED, severity, recovery.text, advice)


def workers_stayed(facts: CheckInput) -> CheckResult:
    """Check that no gateway process ended during the load."""
    run = facts.run
    if not facts.endurance.judged or not run.processes:
        return not_measured(Check.STAYED, "the gateway's processes were not sampled")
    restarts = restarted(run)
    if not restarts:
        return passed(Check.STAYED, "every gateway process ran to the end")
    return CheckResult(
        Check.STAYED,
        Severity.FAILURE,
        f"{plural(len(restarts), 'worker')} restarted: {some(restarts)}",
        "Look in gateway.log for a timeout, a traceback or signal 9. Planned restarts (GUNICORN_MAX_REQUESTS) "
        "hide leaks: disable them for a soak.",
        restarts,
    )


def restarted(run: Run) -> tuple[str, ...]:
    """Return each process started at boot that ended during the load, with its successor if there is one.

    A process that starts and ends during the load is a helper for one call, not a worker. A successor counts as a
    worker, because it may be replaced as well.
    """
    workers = [process for process in run.processes if process.began <= BOOT_GRACE]
    replacements = sorted(
        (p for p in run.processes if p.began > BOOT_GRACE), key=lambda process: process.began
    )
    restarts = []
    while workers:
        process = workers.pop(0)
        if process.ended is None or process.ended > run.duration:
            continue
        successor = next(
            (
                one
                for one in replacements
                if one.name == process.name
                and process.ended - SUCCESSOR_WITHIN <= one.began <= process.ended + SUCCESSOR_WITHIN
            ),
            None,
        )
        if successor is None:
            restarts.append(
                f"{process.name} {process.pid} ended at {clock(process.ended)} and was not replaced"
            )
            continue
        replacements.remove(successor)
        workers.append(successor)
        restarts.append(f"{process.name} {process.pid} at {clock(process.ended)}, now {successor.pid}")
    return tuple(restarts)


def streams_closed(facts: CheckInput) -> CheckResult:
    """Check that no client connections remain after the load."""
    run = facts.run
    remaining = left_open(run) if facts.endurance.judged else None
    if remaining is None:
        return not_measured(Check.STREAMS, "connections were not counted after the load")
    if not remaining:
        return passed(Check.STREAMS, "no client connections remained after the load")
    return CheckResult(
        Check.STREAMS,
        Severity.WARNING,
        f"{plural(remaining, 'client connection')} stayed open after the load",
        "Event streams of disconnected clients may still be served: look for generators that miss the disconnect.",
    )


def left_open(run: Run) -> int | None:
    """Return how many more client connections there were after the last request than before the load.

    None if connections were not counted then.
    """
    moments = run.timeline.moments
    last = (
        max((moment.at for moment in moments if moment.requests), default=run.duration) + run.timeline.width
    )
    known = [(sample.at, sample.clients) for sample in run.resources if sample.clients is not None]
    idle = [clients for at, clients in known if at >= last + IDLE_TIMEOUT]
    if not idle:
        return None
    before = min((clients for at, clients in known if at < 0), default=0)
    return max(min(idle) - before, 0)


def stores_fit(facts: CheckInput) -> CheckResult:
    """Check the growth of tables and logs per week."""
    stored = facts.endurance.stored
    if not stored:
        return not_measured(Check.STORES, "storage was not sampled over a long load")
    week = sum(one.week or 0 for one in stored)
    text = stored[0].text
    if week <= MAX_WEEKLY_GROWTH:
        return passed(Check.STORES, text)
    return CheckResult(
        Check.STORES,
        Severity.WARNING,
        f"{amount(week, 'bytes')} per week at this rate: {text}",
        "Configure retention of records and logs, or provide that much disk space.",
        tuple(one.text for one in stored),
    )
