"""The checks behind every verdict: one function each, and all of them always run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.judge.coverage import Coverage, State
from loadtest.judge.known import Entry
from loadtest.judge.observations import Check, Observation, Severity, clock, plural, some
from loadtest.operations import base
from loadtest.run import Run, RunState


@dataclass(frozen=True)
class Facts:
    """What the checks look at."""

    run: Run
    coverage: Coverage
    failing: int
    """How many new or expired failures there are."""
    stale: tuple[Entry, ...]
    unapplied: tuple[Entry, ...]
    """Known failures that name a gateway version while the run does not say its own."""


def observe(facts: Facts) -> tuple[Observation, ...]:
    """Return the result of every check, in the order of :class:`Check`."""
    return tuple(_CHECKS[check](facts) for check in Check)


def _fine(check: Check, text: str) -> Observation:
    return Observation(check, Severity.FINE, text)


def _unmeasured(check: Check, text: str) -> Observation:
    return Observation(check, Severity.UNMEASURED, text)


def _gateway_up(facts: Facts) -> Observation:
    run, gateway = facts.run, facts.run.gateway
    if gateway is None:
        return _unmeasured(Check.GATEWAY_UP, "the record does not speak of the gateway's process")
    death = gateway.death
    if death is None and (gateway.version is not None or run.requests):
        return _fine(
            Check.GATEWAY_UP, f"gateway {gateway.version or ''} answered to the end".replace("  ", " ")
        )
    how = ""
    if death is not None and death.signal is not None:
        how = f" (signal {death.signal})"
    elif death is not None and death.exit_status is not None:
        how = f" (exit status {death.exit_status})"
    advice = "Read the last lines of gateway.log; for signal 9 look for the machine's memory limit first."
    reason = f": {run.reason}" if run.reason else ""
    if run.requests and death is not None:
        text = f"gateway died at {clock(death.at)}{how}"
    elif death is None and gateway.source.startswith(("http://", "https://")):
        text = f"gateway could not be driven{reason}"
        advice = "Check that the address is right, that a gateway answers there, and that it takes the token."
    else:
        text = f"gateway did not boot{how}{reason}"
    return Observation(
        Check.GATEWAY_UP,
        Severity.INCONCLUSIVE,
        text,
        advice,
        gateway.log_tail,
        taints=True,
    )


def _backends_up(facts: Facts) -> Observation:
    backends = facts.run.backends
    if not backends:
        return _unmeasured(Check.BACKENDS_UP, "no backend took part")
    down = [backend for backend in backends if not backend.up]
    if not down:
        return _fine(Check.BACKENDS_UP, f"{plural(len(backends), 'backend')} up to the end")
    return Observation(
        Check.BACKENDS_UP,
        Severity.INCONCLUSIVE,
        f"backend down: {some(backend.name for backend in down)}",
        "What goes through a backend was not tested. Read the backend's own output, then run again.",
        tuple(f"{backend.name}: {backend.detail or 'not up'}" for backend in down),
        taints=True,
    )


def _complete(facts: Facts) -> Observation:
    run = facts.run
    match run.state:
        case RunState.COMPLETE:
            return _fine(Check.COMPLETE, f"complete after {clock(run.duration)}")
        case RunState.RUNNING:
            text = "run is incomplete: its record was never finished"
        case RunState.INTERRUPTED:
            text = f"run was interrupted at {clock(run.duration)}"
        case RunState.ABORTED:
            text = "run was aborted"
    if run.reason:
        text += f": {run.reason}"
    return Observation(
        Check.COMPLETE, Severity.INCONCLUSIVE, text, "Run again to its end before trusting it."
    )


def _requests(facts: Facts) -> Observation:
    if facts.run.requests:
        return _fine(Check.REQUESTS, f"{facts.run.requests} requests")
    return Observation(
        Check.REQUESTS,
        Severity.INCONCLUSIVE,
        "no requests were made",
        "Check the host, the number of users and the tags: with these settings no scenario was run.",
    )


def _successes(facts: Facts) -> Observation:
    run = facts.run
    if not run.requests:
        return _unmeasured(Check.SUCCESSES, "no requests were made")
    if any(operation.successes for operation in run.operations) or facts.failing:
        return _fine(Check.SUCCESSES, "there are answers to judge by")
    return Observation(
        Check.SUCCESSES,
        Severity.INCONCLUSIVE,
        "no request succeeded: every answer is excused",
        "Narrow the known failures and categories; they hide everything that this run could have shown.",
    )


def _workers(facts: Facts) -> Observation:
    workers = facts.run.workers
    if not workers:
        return _unmeasured(Check.WORKERS, "the load was made by one process")
    lost = tuple(worker.name for worker in workers if worker.lost)
    if not lost:
        return _fine(Check.WORKERS, f"{len(workers)} workers stayed to the end")
    return Observation(
        Check.WORKERS,
        Severity.INCONCLUSIVE,
        f"{len(lost)} of {len(workers)} workers lost: {some(lost)}",
        "Part of the load and of its measurements is missing. Look at the memory of the machine.",
        lost,
    )


def _generator(facts: Facts) -> Observation:
    generator = facts.run.generator
    if generator is None:
        return _unmeasured(Check.GENERATOR, "the record does not say how busy the load generator was")
    if not generator.saturated:
        return _fine(Check.GENERATOR, f"{generator.cpu:.1f} s of CPU")
    detail = f": {generator.detail}" if generator.detail else ""
    return Observation(
        Check.GENERATOR,
        Severity.INCONCLUSIVE,
        f"load generator was saturated{detail}",
        "The times are those of the generator. Use fewer users or more --processes.",
    )


def _sweep(facts: Facts) -> Observation:
    sweep = facts.run.sweep
    if sweep is None or not sweep.planned:
        return _unmeasured(Check.SWEEP, "no first sweep was planned")
    if sweep.done >= sweep.planned and not sweep.unfinished:
        return _fine(Check.SWEEP, f"{sweep.planned} scenarios were run at least once")
    return Observation(
        Check.SWEEP,
        Severity.INCONCLUSIVE,
        f"first sweep unfinished: {sweep.done} of {sweep.planned} scenarios",
        "Give the run more time (--run-time), or find the scenario that hangs.",
        sweep.unfinished,
    )


def _reached(facts: Facts) -> Observation:
    run = facts.run
    if not run.plan or run.contract is None:
        return _unmeasured(Check.REACHED, "the plan or the contract is not in this record")
    called = {operation.name for operation in run.operations if operation.requests}
    called_bases = {base(name) for name in called}
    contract = set(run.contract)
    broken = {failure.scenario for failure in run.failures} - {None}
    failed = {failure.operation for failure in run.failures}
    unreached: dict[str, bool] = {}
    for scenario in run.plan:
        calls = {call.operation for call in scenario.calls}
        explained = scenario.name in broken or bool(calls & failed)
        for name in calls:
            offered = base(name) in contract
            if offered and name not in called and (name != base(name) or name not in called_bases):
                unreached[name] = unreached.get(name, False) or explained
    unexplained = tuple(sorted(name for name, explained in unreached.items() if not explained))
    if not unreached:
        return _fine(Check.REACHED, "every planned operation was called")
    if not unexplained:
        names = tuple(sorted(unreached))
        return Observation(
            Check.REACHED,
            Severity.WARNING,
            f"{plural(len(names), 'planned operation')} not reached because their scenario failed: {some(names)}",
            "Mend the failure in front of them; what they would have shown is unknown.",
            names,
        )
    return Observation(
        Check.REACHED,
        Severity.INCONCLUSIVE,
        f"{plural(len(unexplained), 'planned operation')} never reached: {some(unexplained)}",
        "No failure explains it: a pool stayed empty, a branch was not taken, or the time ran out.",
        unexplained,
    )


def _accounted(facts: Facts) -> Observation:
    recorded: Counter[str] = Counter()
    for failure in facts.run.failures:
        recorded[failure.operation] += failure.count
    missing = tuple(
        f"{operation.name}: {operation.failures - recorded[operation.name]} of {operation.failures}"
        for operation in facts.run.operations
        if operation.failures > recorded[operation.name]
    )
    if not missing:
        return _fine(Check.ACCOUNTED, "every failure is recorded with its cause")
    return Observation(
        Check.ACCOUNTED,
        Severity.INCONCLUSIVE,
        f"failures without a recorded cause: {some(missing)}",
        "The record lost failures, so nobody can say whether they are known. Run again.",
        missing,
    )


def _floor(facts: Facts) -> Observation:
    coverage = facts.coverage
    if coverage.floor_skipped:
        return Observation(
            Check.FLOOR, Severity.WARNING, coverage.floor_skipped, "Run the whole plan to judge coverage."
        )
    if not coverage.floor:
        return _unmeasured(Check.FLOOR, "no number of operations is required of this run")
    text = f"{coverage.succeeded} operations succeeded, {coverage.floor} are required"
    if not coverage.below_floor:
        return _fine(Check.FLOOR, text)
    lost = tuple(o.name for o in coverage.operations if o.counted and o.state is not State.SUCCEEDED)
    return Observation(
        Check.FLOOR, Severity.FAILURE, text, "See which operations no longer succeed, and why.", lost
    )


def _scenarios(facts: Facts) -> Observation:
    if not facts.run.plan or not facts.coverage.known:
        return _unmeasured(Check.SCENARIOS, "the plan or the contract is not in this record")
    unplanned = facts.coverage.unplanned
    if not unplanned:
        return _fine(Check.SCENARIOS, "every operation that is offered is in a scenario")
    return Observation(
        Check.SCENARIOS,
        Severity.WARNING,
        f"{plural(len(unplanned), 'operation')} in no scenario: {some(unplanned)}",
        "Add a scenario for them, or an exclusion with its reason to the gateway version's data.",
        unplanned,
    )


def _entities(facts: Facts) -> Observation:
    counted = [e for e in facts.run.entities if e.before is not None and e.after is not None]
    if not counted:
        return _unmeasured(Check.ENTITIES, "entities were not counted before and after")
    leaks = tuple(f"{e.kind}: {e.before} before, {e.after} after" for e in counted if e.before != e.after)
    if not leaks:
        return _fine(Check.ENTITIES, f"{len(counted)} kinds of entities are as before")
    return Observation(
        Check.ENTITIES,
        Severity.WARNING,
        f"ENTITY LEAK: {some(leaks)}",
        "A scenario did not clean up, or the gateway did not delete what it said it had. Find which.",
        leaks,
    )


def _stale(facts: Facts) -> Observation:
    if not facts.stale:
        return _fine(Check.STALE, "no entry is out of use")
    return Observation(
        Check.STALE,
        Severity.WARNING,
        f"{plural(len(facts.stale), 'known failure')} no longer seen: "
        + some(entry.known.operation for entry in facts.stale),
        "Delete these entries: the operation succeeds now, and they would hide its next failure.",
        tuple(entry.where for entry in facts.stale),
    )


def _applied(facts: Facts) -> Observation:
    if not facts.unapplied:
        return _fine(Check.APPLIED, "every entry could be compared with the gateway's version")
    return Observation(
        Check.APPLIED,
        Severity.WARNING,
        f"{plural(len(facts.unapplied), 'known failure')} not applied: the run does not say its gateway's version",
        "Leave out 'gateway' in these entries, or judge a run.json, which says it.",
        tuple(entry.where for entry in facts.unapplied),
    )


_CHECKS: dict[Check, Callable[[Facts], Observation]] = {
    Check.GATEWAY_UP: _gateway_up,
    Check.BACKENDS_UP: _backends_up,
    Check.COMPLETE: _complete,
    Check.REQUESTS: _requests,
    Check.SUCCESSES: _successes,
    Check.WORKERS: _workers,
    Check.GENERATOR: _generator,
    Check.SWEEP: _sweep,
    Check.REACHED: _reached,
    Check.ACCOUNTED: _accounted,
    Check.FLOOR: _floor,
    Check.SCENARIOS: _scenarios,
    Check.ENTITIES: _entities,
    Check.STALE: _stale,
    Check.APPLIED: _applied,
}
