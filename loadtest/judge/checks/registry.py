"""The checks behind every verdict: one function each, and all of them always run."""

from __future__ import annotations

from collections.abc import Callable

from loadtest.core.units import plural, some
from loadtest.judge.checks import endurance as lasting
from loadtest.judge.checks import participants as liveness
from loadtest.judge.checks import participants as schedule
from loadtest.judge.checks import reach
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed


def run_checks(facts: CheckInput) -> tuple[CheckResult, ...]:
    """Return the result of every check, in the order of :class:`Check`."""
    return tuple(_CHECKS[check](facts) for check in Check)


def _source(facts: CheckInput) -> CheckResult:
    run = facts.run
    if run.source != "csv":
        return not_measured(Check.SOURCE, "this run was not read from CSV files")
    if not run.contradictions:
        return passed(Check.SOURCE, "the CSV files agree with each other")
    return CheckResult(
        Check.SOURCE,
        Severity.INCONCLUSIVE,
        f"the CSV files contradict each other: {some(run.contradictions, 1)}",
        "Take all of them from one finished run, with every row that Locust wrote.",
        run.contradictions,
    )


def _entities(facts: CheckInput) -> CheckResult:
    counted = [e for e in facts.run.entities if e.before is not None and e.after is not None]
    if not counted:
        return not_measured(Check.ENTITIES, "entities were not counted before and after")
    leaks = tuple(f"{e.kind}: {e.before} before, {e.after} after" for e in counted if e.before != e.after)
    left = tuple(f"{e.kind}: {e.left}" for e in counted if e.left)
    if left and not leaks:
        return CheckResult(
            Check.ENTITIES,
            Severity.WARNING,
            f"left behind by scenarios and taken away after the load: {some(left)}",
            "The making of them got no answer in time, or a scenario did not clean up. Look for the failure.",
            left,
        )
    if not leaks:
        return passed(Check.ENTITIES, f"{len(counted)} kinds of entities are as before")
    return CheckResult(
        Check.ENTITIES,
        Severity.WARNING,
        f"ENTITY LEAK: {some(leaks)}",
        "A scenario did not clean up, or the gateway did not delete what it said it had. Find which.",
        leaks,
    )


def _stale(facts: CheckInput) -> CheckResult:
    if not facts.stale:
        return passed(Check.STALE, "no entry is out of use")
    return CheckResult(
        Check.STALE,
        Severity.WARNING,
        f"{plural(len(facts.stale), 'known failure')} no longer seen: "
        + some(entry.known.operation for entry in facts.stale),
        "Delete these entries: the operation succeeds now, and they would hide its next failure.",
        tuple(entry.where for entry in facts.stale),
    )


def _applied(facts: CheckInput) -> CheckResult:
    if not facts.unapplied:
        return passed(Check.APPLIED, "every entry could be compared with the gateway's version")
    return CheckResult(
        Check.APPLIED,
        Severity.WARNING,
        f"{plural(len(facts.unapplied), 'known failure')} not applied: the run does not say its gateway's version",
        "Leave out 'gateway' in these entries, or judge a run.json, which says it.",
        tuple(entry.where for entry in facts.unapplied),
    )


_CHECKS: dict[Check, Callable[[CheckInput], CheckResult]] = {
    Check.GATEWAY_UP: liveness.gateway_up,
    Check.BACKENDS_UP: liveness.backends_up,
    Check.COMPLETE: liveness.complete,
    Check.SOURCE: _source,
    Check.REQUESTS: liveness.requests,
    Check.SUCCESSES: liveness.successes,
    Check.WORKERS: liveness.workers,
    Check.GENERATOR: liveness.generator,
    Check.SCHEDULE: schedule.schedule,
    Check.SWEEP: reach.sweep,
    Check.REACHED: reach.reached,
    Check.PLANNED: reach.planned,
    Check.ACCOUNTED: reach.accounted,
    Check.FLOOR: reach.required,
    Check.COMPARED: reach.compared,
    Check.SCENARIOS: reach.scenarios,
    Check.ENTITIES: _entities,
    Check.STALE: _stale,
    Check.APPLIED: _applied,
    Check.GROWTH: lasting.no_growth,
    Check.RECOVERED: lasting.recovered,
    Check.STAYED: lasting.workers_stayed,
    Check.STREAMS: lasting.streams_closed,
    Check.STORES: lasting.stores_fit,
}
