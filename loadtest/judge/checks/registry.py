"""The function of each check; all of them run for every verdict."""

from __future__ import annotations

from collections.abc import Callable

from loadtest.core.units import plural, some
from loadtest.judge.checks import base, endurance, leaks, participants, reach, refusals
from loadtest.judge.checks.base import BASE_CHECKS
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed


def run_checks(facts: CheckInput) -> tuple[CheckResult, ...]:
    """Return the result of every check, in the order of :class:`Check`."""
    return tuple(
        _CHECKS[check](facts) for check in Check if facts.against is not None or check not in BASE_CHECKS
    )


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
        "Use the files of one finished run, with every row that Locust wrote.",
        run.contradictions,
    )


def _stale(facts: CheckInput) -> CheckResult:
    if not facts.stale:
        return passed(Check.STALE, "no known failure is stale")
    return CheckResult(
        Check.STALE,
        Severity.WARNING,
        f"{plural(len(facts.stale), 'stale known failure')}, no longer seen: "
        + some(entry.known.operation for entry in facts.stale),
        "Delete these entries: the operations succeed now, and the entries would hide their next failure.",
        tuple(entry.where for entry in facts.stale),
    )


def _applied(facts: CheckInput) -> CheckResult:
    if not facts.unapplied:
        return passed(Check.APPLIED, "every known failure could be compared with the gateway's version")
    return CheckResult(
        Check.APPLIED,
        Severity.WARNING,
        f"{plural(len(facts.unapplied), 'unapplied known failure')}: the gateway's version is unknown",
        "Remove 'gateway' from these entries, or judge a run.json, which contains the version.",
        tuple(entry.where for entry in facts.unapplied),
    )


_CHECKS: dict[Check, Callable[[CheckInput], CheckResult]] = {
    Check.BREAKING: base.not_breaking,
    Check.SLOWER: base.not_slower,
    Check.PAIRS: base.enough_pairs,
    Check.GATEWAY_UP: participants.gateway_up,
    Check.BACKENDS_UP: participants.backends_up,
    Check.COMPLETE: participants.complete,
    Check.SOURCE: _source,
    Check.REQUESTS: participants.requests,
    Check.SUCCESSES: participants.successes,
    Check.WORKERS: participants.workers,
    Check.GENERATOR: participants.generator,
    Check.PAUSES: participants.pauses,
    Check.SCHEDULE: participants.schedule,
    Check.SWEEP: reach.sweep,
    Check.REACHED: reach.reached,
    Check.PLANNED: reach.planned,
    Check.TOLD_APART: reach.told_apart,
    Check.ACCOUNTED: reach.accounted,
    Check.FLOOR: reach.required,
    Check.COMPARED: reach.compared,
    Check.SCENARIOS: reach.scenarios,
    Check.ELEMENTS: reach.elements,
    Check.LISTED: reach.elements_listed,
    Check.REFUSALS: refusals.recorded,
    Check.DECIDED: refusals.decided,
    Check.SHAPES: reach.shapes,
    Check.ENTITIES: leaks.entities,
    Check.STALE: _stale,
    Check.APPLIED: _applied,
    Check.GROWTH: endurance.no_growth,
    Check.RECOVERED: endurance.recovered,
    Check.STAYED: endurance.workers_stayed,
    Check.STREAMS: endurance.streams_closed,
    Check.STORES: endurance.stores_fit,
}
