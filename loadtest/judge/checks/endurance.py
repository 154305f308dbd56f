"""Checks of what only a long run shows: growth, recovery, restarts, streams that stay open."""

from __future__ import annotations

from loadtest.core.units import amount, clock, plural, some
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.judge.growth.model import Trend
from loadtest.results.run import Run

MAX_WEEKLY_GROWTH = 100 << 30
"""Bytes that database and log may gain in a week without a word."""

EARLY = 1.0
"""Seconds after the start of the load from which on a new process is none of the boot."""

TOGETHER = 60.0
"""Seconds after the end of a process in which another one of its name counts as its successor."""

IDLE = 6.0
"""Seconds after the last request in which the gateway closes idle connections, which takes it 5."""


def no_growth(facts: CheckInput) -> CheckResult:
    """Tell whether anything grows that should not."""
    endurance = facts.endurance
    if not endurance.judged:
        return not_measured(Check.GROWTH, "the load was too short to look for growth")
    growing = endurance.trending(Trend.GROWING)
    if growing:
        return CheckResult(
            Check.GROWTH,
            Severity.FAILURE,
            f"{len(growing)} of {len(endurance.growth)} series grow: {growing[0].text}",
            "Find what holds on to it: run longer with one user class (LOCUST_ARGS) until the slope names the area.",
            tuple(one.text for one in growing),
        )
    unknown = tuple(one for one in endurance.trending(Trend.UNKNOWN) if one.whole)
    if unknown or not endurance.growth:
        text = (
            f"growth cannot be told of {some(one.name for one in unknown) or 'anything: nothing was sampled'}"
        )
        if not endurance.soak:
            return not_measured(Check.GROWTH, text)
        return CheckResult(
            Check.GROWTH,
            Severity.INCONCLUSIVE,
            text,
            "Run longer: half an hour tells of a leak, three hours of a slow one.",
            tuple(one.text for one in unknown),
        )
    return passed(Check.GROWTH, f"none of {len(endurance.growth)} series grows")


def recovered(facts: CheckInput) -> CheckResult:
    """Tell whether the gateway came back from the spike."""
    recovery = facts.endurance.recovery
    if recovery is None:
        return not_measured(Check.RECOVERED, "there was no spike, or too little load around it")
    seconds = recovery.seconds
    if seconds is None:
        severity, advice = (
            Severity.FAILURE,
            "Look at what the spike filled and nobody emptied: queues, pools, locks.",
        )
    elif recovery.planned and seconds > recovery.planned:
        severity, advice = (
            Severity.WARNING,
            "It needs longer than the load leaves it; what follows is not steady yet.",
        )
    else:
        return passed(Check.RECOVERED, recovery.text)
    return CheckResult(Check.RECOVERED, severity, recovery.text, advice)


def workers_stayed(facts: CheckInput) -> CheckResult:
    """Tell whether a process of the gateway was replaced while the load went on."""
    run = facts.run
    if not facts.endurance.judged or not run.processes:
        return not_measured(Check.STAYED, "the gateway's processes were not followed")
    restarts = restarted(run)
    if not restarts:
        return passed(Check.STAYED, "every process of the boot stayed to the end")
    return CheckResult(
        Check.STAYED,
        Severity.FAILURE,
        f"{plural(len(restarts), 'worker')} restarted: {some(restarts)}",
        "Look in gateway.log for a timeout, a traceback or signal 9. A restart that is planned (GUNICORN_MAX_REQUESTS) "
        "hides leaks: switch it off for a soak.",
        restarts,
    )


def restarted(run: Run) -> tuple[str, ...]:
    """Return each process that was there from the boot, ended in the load, and had a successor of its name.

    A process that begins in the load and ends in it is a helper for one call, not a worker; the successor of a
    worker may itself be replaced, so what replaced one counts as one.
    """
    workers = [process for process in run.processes if process.began <= EARLY]
    young = sorted((p for p in run.processes if p.began > EARLY), key=lambda process: process.began)
    said = []
    while workers:
        process = workers.pop(0)
        if process.ended is None or process.ended > run.duration:
            continue
        heir = next(
            (
                one
                for one in young
                if one.name == process.name
                and process.ended - TOGETHER <= one.began <= process.ended + TOGETHER
            ),
            None,
        )
        if heir is None:
            said.append(f"{process.name} {process.pid} ended at {clock(process.ended)} and was not replaced")
            continue
        young.remove(heir)
        workers.append(heir)
        said.append(f"{process.name} {process.pid} at {clock(process.ended)}, now {heir.pid}")
    return tuple(said)


def streams_closed(facts: CheckInput) -> CheckResult:
    """Tell whether clients' connections remain after the load."""
    run = facts.run
    remaining = left_open(run) if facts.endurance.judged else None
    if remaining is None:
        return not_measured(Check.STREAMS, "there was no quiet time after the load to look at connections")
    if not remaining:
        return passed(Check.STREAMS, "no client's connection remained after the load")
    return CheckResult(
        Check.STREAMS,
        Severity.WARNING,
        f"{plural(remaining, 'connection')} of clients stayed open after the load",
        "An event stream whose client has gone is still served: look for generators that do not see the disconnect.",
    )


def left_open(run: Run) -> int | None:
    """Return how many connections of clients remained in the quiet after the last request, beyond those before it.

    None if connections were not counted then.
    """
    moments = run.timeline.moments
    last = (
        max((moment.at for moment in moments if moment.requests), default=run.duration) + run.timeline.width
    )
    known = [(sample.at, sample.clients) for sample in run.resources if sample.clients is not None]
    quiet = [clients for at, clients in known if at >= last + IDLE]
    if not quiet:
        return None
    before = min((clients for at, clients in known if at < 0), default=0)
    return max(min(quiet) - before, 0)


def stores_fit(facts: CheckInput) -> CheckResult:
    """Tell how large what is stored by design becomes."""
    stored = facts.endurance.stored
    if not stored:
        return not_measured(Check.STORES, "what the gateway stores was not followed over a long load")
    week = sum(one.week or 0 for one in stored)
    text = stored[0].text
    if week <= MAX_WEEKLY_GROWTH:
        return passed(Check.STORES, text)
    return CheckResult(
        Check.STORES,
        Severity.WARNING,
        f"{amount(week, 'bytes')} a week at this rate: {text}",
        "Set how long records and logs are kept, or give the disk that room.",
        tuple(one.text for one in stored),
    )
