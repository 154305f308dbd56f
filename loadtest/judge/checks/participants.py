"""Checks of the gateway, the backends, the load generator, its workers, and the run as a whole."""

from __future__ import annotations

from loadtest.core.units import clock, plural, some
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.results.run import MAX_PAUSED, Run, RunState, Worker


def gateway_up(facts: CheckInput) -> CheckResult:
    """Check that the gateway booted and responded to the end."""
    run, gateway = facts.run, facts.run.gateway
    if gateway is None:
        return not_measured(Check.GATEWAY_UP, "the run has no record of the gateway's process")
    death, silent = gateway.death, gateway.unresponsive_at
    if death is None and silent is not None and run.requests:
        return CheckResult(
            Check.GATEWAY_UP,
            Severity.INCONCLUSIVE,
            f"gateway stopped responding at {clock(silent)}",
            "Its process is alive but does not respond. Read the last lines of gateway.log.",
            gateway.log_tail,
            taints=True,
        )
    if death is None and (gateway.version is not None or run.requests):
        return passed(
            Check.GATEWAY_UP, f"gateway {gateway.version or ''} responded to the end".replace("  ", " ")
        )
    how = death.how if death else ""
    advice = (
        "Read the last lines of gateway.log; for signal 9, check the machine's memory limit first."
        if gateway.log_tail or death
        else "Nothing was tested. The gateway ended before it wrote a log."
    )
    reason = _reason(run)
    if run.requests and death is not None:
        text = f"gateway died at {clock(death.at)}{how}"
    elif death is None and gateway.source.startswith(("http://", "https://")):
        text = f"gateway could not be tested{reason}"
        advice = "Check the address, that a gateway responds there, and that it accepts the token."
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
    """Whether the run ended before a gateway was up; the check of the gateway reports the reason."""
    return bool(run.reason) and run.gateway is not None and run.gateway.version is None and not run.requests


def _reason(run: Run) -> str:
    """Return the reason of an unfinished run as a suffix on one line."""
    return f": {' '.join(run.reason.split())}" if run.reason else ""


def backends_up(facts: CheckInput) -> CheckResult:
    """Check that every backend was up to the end."""
    backends = facts.run.backends
    if not backends:
        return not_measured(Check.BACKENDS_UP, "no backends were used")
    down = [backend for backend in backends if not backend.up]
    if not down:
        return passed(Check.BACKENDS_UP, f"{plural(len(backends), 'backend')} up to the end")
    return CheckResult(
        Check.BACKENDS_UP,
        Severity.INCONCLUSIVE,
        f"backend down: {some(backend.name for backend in down)}",
        "Calls through that backend were not tested. Read the backend's output, then run again.",
        tuple(f"{backend.name}: {backend.detail or 'not up'}" for backend in down),
        taints=True,
    )


def complete(facts: CheckInput) -> CheckResult:
    """Check that the run completed."""
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
    return CheckResult(Check.COMPLETE, Severity.INCONCLUSIVE, text, "Run again and let it finish.")


def requests(facts: CheckInput) -> CheckResult:
    """Check that requests were made."""
    if facts.run.requests:
        return passed(Check.REQUESTS, f"{facts.run.requests} requests")
    return CheckResult(
        Check.REQUESTS,
        Severity.INCONCLUSIVE,
        "no requests were made",
        "No gateway was up."
        if _never_up(facts.run)
        else "Check the host, the number of users and the tags: no scenario ran with these settings.",
    )


def successes(facts: CheckInput) -> CheckResult:
    """Check that at least one request succeeded or failed the run."""
    run = facts.run
    if not run.requests:
        return not_measured(Check.SUCCESSES, "no requests were made")
    if any(operation.successes for operation in run.operations) or facts.failing:
        return passed(Check.SUCCESSES, "at least one response counts towards the verdict")
    return CheckResult(
        Check.SUCCESSES,
        Severity.INCONCLUSIVE,
        "no request succeeded: every failure is a known one",
        "Narrow the known failures and categories: they cover every response of this run.",
    )


def workers(facts: CheckInput) -> CheckResult:
    """Check that every Locust worker took part from start to end, and that all its reports arrived."""
    workers = facts.run.workers
    if not workers:
        return not_measured(Check.WORKERS, "the load was generated by one process")
    stories = tuple(story for worker in workers if (story := _story(worker)))
    lost = [worker for worker in workers if worker.lost or worker.unreported]
    cut_off = [worker for worker in workers if worker.back_at is not None]
    if lost or cut_off:
        parts = [f"{len(lost)} of {len(workers)} workers lost: {some(map(_where, lost))}"] if lost else []
        parts += [f"cut off for a time: {some(map(_between, cut_off))}"] if cut_off else []
        return CheckResult(
            Check.WORKERS,
            Severity.INCONCLUSIVE,
            ", ".join(parts),
            "Part of the load and of its measurements is missing. Check the network between the machines and the "
            "worker's memory.",
            stories,
            # Failures of a worker without a network are not the gateway's fault.
            taints=bool(cut_off),
        )
    if stories:
        return CheckResult(
            Check.WORKERS,
            Severity.WARNING,
            f"{plural(len(stories), 'worker')} of {len(workers)} with deviations: {some(stories)}",
            "All measurements are in the run; other workers generated the load meanwhile. Synchronise clocks by NTP.",
            stories,
        )
    return passed(Check.WORKERS, f"{plural(len(workers), 'worker')} took part to the end")


def _where(worker: Worker) -> str:
    if not worker.lost:
        return f"{plural(worker.unreported, 'request')} of {worker.name}"
    return worker.name if worker.left_at is None else f"{worker.name} at {clock(worker.left_at)}"


def _between(worker: Worker) -> str:
    return f"{worker.name} from {clock(worker.left_at or 0.0)} to {clock(worker.back_at or 0.0)}"


def _story(worker: Worker) -> str:
    """Return what happened to a worker in one line; empty if it took part from start to end."""
    parts = [f"joined at {clock(worker.joined_at)}"] if worker.joined_at else []
    if worker.lost:
        since = "" if worker.last_report is None else f" after its last report at {clock(worker.last_report)}"
        missing = "" if worker.detail else f", and its requests{since} are missing"
        at = "" if worker.left_at is None else f" at {clock(worker.left_at)}"
        parts.append(f"was lost{at}{missing}")
    elif worker.back_at is not None:
        parts.append(f"was cut off from {clock(worker.left_at or 0.0)} to {clock(worker.back_at)}")
    elif worker.left_at is not None:
        parts.append(f"left at {clock(worker.left_at)}")
    if worker.unreported:
        parts.append(f"counted {plural(worker.unreported, 'request')} in reports that never arrived")
    if worker.clock_ahead:
        parts.append(f"has a clock that is off by {worker.clock_ahead:+.0f} s, which shifts its times")
    if not parts and not worker.requests:
        parts.append("made no request")
    if not parts:
        return ""
    return f"{worker.name} {', '.join(parts)}" + (f" ({worker.detail})" if worker.detail else "")


def generator(facts: CheckInput) -> CheckResult:
    """Check that the load generator was not saturated."""
    run, generator = facts.run, facts.run.generator
    if generator is None:
        return not_measured(Check.GENERATOR, "the run has no record of the load generator's CPU")
    if not generator.saturated:
        of = f" of {run.duration:.0f} s" if run.duration else ""
        return passed(Check.GENERATOR, f"load generator used {generator.cpu:.1f} s CPU{of}")
    detail = f": {generator.detail}" if generator.detail else ""
    return CheckResult(
        Check.GENERATOR,
        Severity.INCONCLUSIVE,
        f"load generator was saturated{detail}",
        "Latencies include the generator's own delay. Use fewer users or more --processes.",
    )


def pauses(facts: CheckInput) -> CheckResult:
    """Check that no failure may be due to a pause of the load generator, and that pauses were short."""
    run, generator = facts.run, facts.run.generator
    if generator is None or generator.pauses is None:
        return not_measured(Check.PAUSES, "the run has no record of the load generator's pauses")
    if facts.undecided:
        names = tuple(
            f"{one.failure.operation}: {one.failure.message} ({one.failure.count} of {one.failure.count} in a pause)"
            for one in facts.undecided
        )
        operations = some(dict.fromkeys(one.failure.operation for one in facts.undecided))
        return CheckResult(
            Check.PAUSES,
            Severity.INCONCLUSIVE,
            f"{plural(len(names), 'failure')} while the load generator was paused: {operations}",
            "The machine was busy or paused, so a wait may have expired without a fault of the gateway. Run again on a "
            "machine with free processors.",
            names,
        )
    if not generator.pauses:
        return passed(Check.PAUSES, "load generator was never paused")
    longest = max(generator.pauses, key=lambda pause: pause.seconds)
    text = (
        f"load generator was paused for {generator.paused:.1f} s, "
        f"at most {longest.seconds:.1f} s at {clock(longest.at)}"
    )
    if generator.paused <= MAX_PAUSED * run.duration:
        return passed(Check.PAUSES, text)
    return CheckResult(
        Check.PAUSES,
        Severity.WARNING,
        text,
        "Latencies include these pauses. Use a machine with free processors, or fewer users.",
    )


MAX_SCHEDULING_DELAY = 100.0
"""Milliseconds of scheduling delay of idle users, at the 99th percentile, above which latencies are distorted."""
MAX_DROPPED = 0.01
"""Share of scenarios that may be dropped; users that stop after a spike drop what they had not started."""
FEW_DROPPED = 3
"""Scenarios that a mix may drop in any case: some are due when it ends, which is a large share of a short one."""


def schedule(facts: CheckInput) -> CheckResult:
    """Check that scenarios started on schedule.

    If a user is still busy when its next scenario is due, the gateway was slow, and latency from the intended start
    shows it. If a user was idle and still started late, the load generator caused the delay.
    """
    generator = facts.run.generator
    if generator is None or not (generator.late or generator.dropped):
        return not_measured(Check.SCHEDULE, "the load had no arrival rate")
    late, missed = generator.late, generator.dropped
    begun = late.count if late else 0
    mix = facts.run.timeline.mix is not None
    delay = generator.scheduling_delay
    own = None if delay is None else delay.reported(99) if mix else delay.percentile(99)
    if own is not None and own > MAX_SCHEDULING_DELAY:
        return CheckResult(
            Check.SCHEDULE,
            # Latencies decide about a soak; the mix after a sweep only adds to what the sweep has shown.
            Severity.WARNING if mix else Severity.INCONCLUSIVE,
            f"load generator fell behind its schedule: idle users started {own:.0f} ms late (p99)",
            "Latencies include the generator's own delay. Use more --processes, another machine, or a lower --rate.",
        )
    if missed <= max(MAX_DROPPED * (begun + missed), FEW_DROPPED * mix):
        after = (late.percentile(99) if late else None) or 0.0
        words = f"{plural(begun, 'scenario')} started, {after:.0f} ms late (p99)"
        return passed(Check.SCHEDULE, f"{words}; {missed} dropped" if missed else words)
    return CheckResult(
        Check.SCHEDULE,
        Severity.WARNING,
        f"{missed} of {begun + missed} scenarios dropped: the gateway cannot sustain the rate",
        "Every user was waiting for the gateway. Lower --rate to find what it sustains; latencies are valid.",
    )
