"""Checks of those who took part: the gateway, its backends, the load generator, and the run as a whole."""

from __future__ import annotations

from loadtest.core.units import clock, plural, some
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.results.run import Run, RunState, Worker


def gateway_up(facts: CheckInput) -> CheckResult:
    """Tell whether the gateway booted, and answered to the end."""
    run, gateway = facts.run, facts.run.gateway
    if gateway is None:
        return not_measured(Check.GATEWAY_UP, "the record does not speak of the gateway's process")
    death, silent = gateway.death, gateway.unresponsive_at
    if death is None and silent is not None and run.requests:
        return CheckResult(
            Check.GATEWAY_UP,
            Severity.INCONCLUSIVE,
            f"gateway does not respond since {clock(silent)}",
            "Its process lives and answers nothing. Read the last lines of gateway.log for what it was doing.",
            gateway.log_tail,
            taints=True,
        )
    if death is None and (gateway.version is not None or run.requests):
        return passed(
            Check.GATEWAY_UP, f"gateway {gateway.version or ''} answered to the end".replace("  ", " ")
        )
    how = death.how if death else ""
    advice = (
        "Read the last lines of gateway.log; for signal 9 look for the machine's memory limit first."
        if gateway.log_tail or death
        else "Without a gateway nothing was tested; it did not get as far as a log of its own."
    )
    reason = _reason(run)
    if run.requests and death is not None:
        text = f"gateway died at {clock(death.at)}{how}"
    elif death is None and gateway.source.startswith(("http://", "https://")):
        text = f"gateway could not be driven{reason}"
        advice = "Check that the address is right, that a gateway answers there, and that it takes the token."
    else:
        text = f"gateway did not boot{how}{reason}"
    return CheckResult(
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        text,
        advice,
        gateway.log_tail,
        taints=True,
    )


def _never_up(run: Run) -> bool:
    """Say whether the run ended before there was a gateway, for a reason that the check of the gateway gives."""
    return bool(run.reason) and run.gateway is not None and run.gateway.version is None and not run.requests


def _reason(run: Run) -> str:
    """Return the reason of an unfinished run on one line, to stand behind what happened."""
    return f": {' '.join(run.reason.split())}" if run.reason else ""


def backends_up(facts: CheckInput) -> CheckResult:
    """Tell whether every backend was there to the end."""
    backends = facts.run.backends
    if not backends:
        return not_measured(Check.BACKENDS_UP, "no backend took part")
    down = [backend for backend in backends if not backend.up]
    if not down:
        return passed(Check.BACKENDS_UP, f"{plural(len(backends), 'backend')} up to the end")
    return CheckResult(
        Check.BACKENDS_UP,
        Severity.INCONCLUSIVE,
        f"backend down: {some(backend.name for backend in down)}",
        "What goes through a backend was not tested. Read the backend's own output, then run again.",
        tuple(f"{backend.name}: {backend.detail or 'not up'}" for backend in down),
        taints=True,
    )


def complete(facts: CheckInput) -> CheckResult:
    """Tell whether the run took its whole time."""
    run = facts.run
    match run.state:
        case RunState.COMPLETE:
            return passed(Check.COMPLETE, f"complete after {clock(run.duration)}")
        case RunState.RUNNING:
            text = "run is incomplete: its record was never finished"
        case RunState.INTERRUPTED:
            text = f"run was interrupted at {clock(run.duration)}"
        case RunState.ABORTED:
            text = "run was aborted"
    text += " before any load" if _never_up(run) else _reason(run)
    return CheckResult(
        Check.COMPLETE, Severity.INCONCLUSIVE, text, "Run again to its end before trusting it."
    )


def requests(facts: CheckInput) -> CheckResult:
    """Tell whether there was any request."""
    if facts.run.requests:
        return passed(Check.REQUESTS, f"{facts.run.requests} requests")
    return CheckResult(
        Check.REQUESTS,
        Severity.INCONCLUSIVE,
        "no requests were made",
        "There was no gateway to send them to."
        if _never_up(facts.run)
        else "Check the host, the number of users and the tags: with these settings no scenario was run.",
    )


def successes(facts: CheckInput) -> CheckResult:
    """Tell whether there is any answer to judge by."""
    run = facts.run
    if not run.requests:
        return not_measured(Check.SUCCESSES, "no requests were made")
    if any(operation.successes for operation in run.operations) or facts.failing:
        return passed(Check.SUCCESSES, "there are answers to judge by")
    return CheckResult(
        Check.SUCCESSES,
        Severity.INCONCLUSIVE,
        "no request succeeded: every answer is excused",
        "Narrow the known failures and categories; they hide everything that this run could have shown.",
    )


def workers(facts: CheckInput) -> CheckResult:
    """Tell whether every Locust worker was there from the start and stayed, and all that it counted arrived."""
    workers = facts.run.workers
    if not workers:
        return not_measured(Check.WORKERS, "the load was made by one process")
    told = tuple(story for worker in workers if (story := _story(worker)))
    lost = [worker for worker in workers if worker.lost or worker.unreported]
    cut_off = [worker for worker in workers if worker.back_at is not None]
    if lost or cut_off:
        parts = [f"{len(lost)} of {len(workers)} workers lost: {some(map(_where, lost))}"] if lost else []
        parts += [f"cut off for a time: {some(map(_between, cut_off))}"] if cut_off else []
        return CheckResult(
            Check.WORKERS,
            Severity.INCONCLUSIVE,
            ", ".join(parts),
            "Part of the load and of its measurements is missing. Look at the network between the machines and at "
            "the memory of the worker's.",
            told,
            # What failed for a worker without a network is not the gateway's fault.
            taints=bool(cut_off),
        )
    if told:
        return CheckResult(
            Check.WORKERS,
            Severity.WARNING,
            f"{plural(len(told), 'worker')} of {len(workers)} not as the others: {some(told)}",
            "All that was measured is in the run; while one was away the others made the load. Clocks are set by NTP.",
            told,
        )
    return passed(Check.WORKERS, f"{len(workers)} workers stayed to the end")


def _where(worker: Worker) -> str:
    if not worker.lost:
        return f"{plural(worker.unreported, 'request')} of {worker.name}"
    return worker.name if worker.left_at is None else f"{worker.name} at {clock(worker.left_at)}"


def _between(worker: Worker) -> str:
    return f"{worker.name} from {clock(worker.left_at or 0.0)} to {clock(worker.back_at or 0.0)}"


def _story(worker: Worker) -> str:
    """Return what happened to a worker in one line; nothing if it was there from the start to the end."""
    parts = [f"came at {clock(worker.joined_at)}"] if worker.joined_at else []
    if worker.lost:
        since = "" if worker.last_report is None else f" after its last report at {clock(worker.last_report)}"
        missing = "" if worker.detail else f", and what it did{since} is not in this run"
        at = "" if worker.left_at is None else f" at {clock(worker.left_at)}"
        parts.append(f"was lost{at}{missing}")
    elif worker.back_at is not None:
        parts.append(f"was cut off from {clock(worker.left_at or 0.0)} to {clock(worker.back_at)}")
    elif worker.left_at is not None:
        parts.append(f"left at {clock(worker.left_at)}")
    if worker.unreported:
        parts.append(f"counted {plural(worker.unreported, 'request')} in reports that never arrived")
    if worker.clock_ahead:
        parts.append(f"has a clock that is {worker.clock_ahead:+.0f} s off, and so are its times")
    if not parts and not worker.requests:
        parts.append("made no request")
    if not parts:
        return ""
    return f"{worker.name} {', '.join(parts)}" + (f" ({worker.detail})" if worker.detail else "")


def generator(facts: CheckInput) -> CheckResult:
    """Tell whether the load generator had time to spare."""
    generator = facts.run.generator
    if generator is None:
        return not_measured(Check.GENERATOR, "the record does not say how busy the load generator was")
    if not generator.saturated:
        return passed(Check.GENERATOR, f"{generator.cpu:.1f} s of CPU")
    detail = f": {generator.detail}" if generator.detail else ""
    return CheckResult(
        Check.GENERATOR,
        Severity.INCONCLUSIVE,
        f"load generator was saturated{detail}",
        "The times are those of the generator. Use fewer users or more --processes.",
    )


MAX_SCHEDULING_DELAY = 100.0
"""Milliseconds that a free user may come late, at the 99th percentile, before the generator distorts the times."""
MAX_DROPPED = 0.01
"""Share of the scenarios that may be left over; users who leave after a spike take what they owe with them."""


def schedule(facts: CheckInput) -> CheckResult:
    """Tell whether scenarios began when they were meant to.

    A user who is busy with the last scenario when the next one is due waited for the gateway, and the time from the
    intended start says so. A user who was free and still came late was kept by the generator.
    """
    generator = facts.run.generator
    if generator is None or not (generator.late or generator.dropped):
        return not_measured(Check.SCHEDULE, "the load had no arrival rate")
    late, missed = generator.late, generator.dropped
    begun = late.count if late else 0
    own = generator.scheduling_delay.percentile(99) if generator.scheduling_delay else None
    if own is not None and own > MAX_SCHEDULING_DELAY:
        return CheckResult(
            Check.SCHEDULE,
            Severity.INCONCLUSIVE,
            f"load generator could not keep its schedule: free users began up to {own:.0f} ms late (p99)",
            "The times hold the generator's own delay. Use more --processes, another machine, or a lower --rate.",
        )
    if missed <= MAX_DROPPED * (begun + missed):
        after = (late.percentile(99) if late else None) or 0.0
        words = f"{plural(begun, 'scenario')} begun, p99 {after:.0f} ms after their time"
        return passed(Check.SCHEDULE, f"{words}; {missed} never begun" if missed else words)
    return CheckResult(
        Check.SCHEDULE,
        Severity.WARNING,
        f"{missed} of {begun + missed} scenarios were due and never begun: the gateway is slower than the rate",
        "Every user was waiting for the gateway. Lower the --rate to find what it sustains; the times are true.",
    )
