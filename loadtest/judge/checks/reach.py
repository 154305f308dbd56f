"""Checks of coverage: first sweep, plan, contract, coverage floor."""

from __future__ import annotations

import shlex

from loadtest.core.operations import base
from loadtest.core.units import plural, some
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.judge.coverage import CoverageState, causes_of_missing
from loadtest.results.failures import MAX_FINGERPRINTS
from loadtest.results.measurements import FURTHER, MAX_OPERATIONS
from loadtest.results.run import Run

_TOO_MANY = (
    f"At most {MAX_FINGERPRINTS:,} distinct failures are recorded: fix the most frequent ones, or remove what differs "
    "between calls from the messages of the checks, and run again."
)


def sweep(facts: CheckInput) -> CheckResult:
    """Check that every scenario ran once."""
    sweep = facts.run.sweep
    if sweep is None or not sweep.planned:
        return not_measured(Check.SWEEP, "no first sweep was planned")
    if sweep.done >= sweep.planned and not sweep.unfinished:
        return passed(Check.SWEEP, f"{plural(sweep.planned, 'scenario')} ran at least once")
    return CheckResult(
        Check.SWEEP,
        Severity.INCONCLUSIVE,
        f"first sweep unfinished: {sweep.done} of {sweep.planned} scenarios",
        "Give the run more time (--run-time), or find the scenario that hangs.",
        sweep.unfinished,
    )


def reached(facts: CheckInput) -> CheckResult:
    """Check that every planned operation was called."""
    run = facts.run
    if not run.plan or run.contract is None:
        return not_measured(Check.REACHED, "the run has no plan or no contract")
    called = {operation.name for operation in run.operations if operation.requests}
    called_bases = {base(name) for name in called}
    contract = set(run.contract)
    broken = {failure.scenario for failure in run.failures} - {None}
    unreached: dict[str, bool] = {}
    for scenario in run.plan:
        calls = {call.operation for call in scenario.calls}
        explained = (
            scenario.name in broken
            or not facts.failed.keys().isdisjoint(calls)
            or bool(calls & facts.coverage.gone)
        )
        for name in calls:
            offered = base(name) in contract
            if offered and name not in called and (name != base(name) or name not in called_bases):
                unreached[name] = unreached.get(name, False) or explained
    unexplained = tuple(sorted(name for name, explained in unreached.items() if not explained))
    if not unreached:
        return passed(Check.REACHED, "every planned operation was called")
    if not unexplained:
        causes = causes_of_missing(run)
        names = tuple(
            f"{name} ({causes[name][0]} failed)" if name in causes else name for name in sorted(unreached)
        )
        return CheckResult(
            Check.REACHED,
            Severity.WARNING,
            f"{plural(len(names), 'planned operation')} not called because their scenario failed: {some(names)}",
            "Fix the failure that came first; the operations after it were not tested.",
            names,
        )
    if facts.coverage.partial and not set(unexplained) & _interrupted(run):
        return CheckResult(
            Check.REACHED,
            Severity.WARNING,
            f"{plural(len(unexplained), 'planned operation')} not called by the scenarios that were chosen, which ran "
            f"to completion: {some(unexplained)}",
            "They are called in other circumstances, or by another scenario if all of them run.",
            unexplained,
        )
    return CheckResult(
        Check.REACHED,
        Severity.INCONCLUSIVE,
        f"{plural(len(unexplained), 'planned operation')} not called: {some(unexplained)}",
        "No failure explains it: a pool stayed empty, a branch was not taken, or time ran out.",
        unexplained,
    )


def _interrupted(run: Run) -> set[str]:
    """Return the operations of scenarios that did not run to completion, or are not known to have done so."""
    completed = {one.name for one in run.scenarios or () if one.completed}
    return {call.operation for one in run.plan if one.name not in completed for call in one.calls}


def planned(facts: CheckInput) -> CheckResult:
    """Check that every operation is in the plan of the scenario that called it.

    If an operation that is not in the plan is no longer called, no check notices.
    """
    run = facts.run
    if not run.plan:
        return not_measured(Check.PLANNED, "the run has no plan")
    plan = {scenario.name: {call.operation for call in scenario.calls} for scenario in run.plan}
    missing = tuple(
        f"{operation.name} by {operation.scenario}"
        for operation in run.operations
        if operation.scenario is not None and operation.name not in plan.get(operation.scenario, ())
    )
    if not missing:
        return passed(Check.PLANNED, "every scenario called only planned operations")
    return CheckResult(
        Check.PLANNED,
        Severity.WARNING,
        f"{plural(len(missing), 'operation')} called but not planned: {some(missing)}",
        "Write their names in the scenario or in a function that it calls by name: the plan is read from there.",
        missing,
    )


def told_apart(facts: CheckInput) -> CheckResult:
    """Check that every operation is recorded separately."""
    further = next((one for one in facts.run.operations if one.name == FURTHER), None)
    if further is None:
        return passed(Check.TOLD_APART, "every operation is recorded separately")
    return CheckResult(
        Check.TOLD_APART,
        Severity.WARNING,
        f"more than {MAX_OPERATIONS:,} operations: {plural(further.requests, 'request')} of others recorded together, "
        f"as {FURTHER!r}",
        "Name requests after their operation, not after their address: `name='GET /users/{id}'`.",
    )


def accounted(facts: CheckInput) -> CheckResult:
    """Check that every failure is recorded with its cause."""
    missing = tuple(
        f"{operation.name}: {operation.failures - facts.failed[operation.name]} of {operation.failures}"
        for operation in facts.run.operations
        if operation.failures > facts.failed[operation.name]
    )
    if not missing:
        return passed(Check.ACCOUNTED, "every failure is recorded with its cause")
    return CheckResult(
        Check.ACCOUNTED,
        Severity.INCONCLUSIVE,
        f"failures without a recorded cause: {some(missing)}",
        "The record is incomplete, so these failures cannot be compared with known ones. "
        + (_TOO_MANY if len(facts.run.failures) == MAX_FINGERPRINTS else "Run again."),
        missing,
    )


def required(facts: CheckInput) -> CheckResult:
    """Check that every planned operation succeeded or is excused."""
    coverage = facts.coverage
    if not (coverage.required and coverage.known):
        return not_measured(Check.FLOOR, "no operation is required: no gateway version's data applies")
    if coverage.partial:
        return CheckResult(
            Check.FLOOR,
            Severity.WARNING,
            f"the planned operations are not required to succeed: {coverage.partial}",
            "Run all scenarios to judge coverage.",
        )
    if not coverage.incomplete:
        failing, untested = coverage.count(CoverageState.FAILING), len(coverage.untested)
        counts = {
            "excused": coverage.total - coverage.succeeded - failing - untested,
            "failing": failing,
            "without a scenario": untested,
        }
        others = "".join(f", {count} {word}" for word, count in counts.items() if count)
        return passed(
            Check.FLOOR,
            f"{coverage.succeeded} of {coverage.total} operations succeeded as documented{others}",
        )
    names = tuple(one.name for one in coverage.lost)
    return CheckResult(
        Check.FLOOR,
        Severity.FAILURE,
        f"{plural(len(names), 'planned operation')} neither succeeded nor excused: {some(names)}",
        "Fix them, or add an entry with its reason to the data of the gateway version. "
        "`loadtest coverage --run BEFORE --run NOW` compares two runs.",
        tuple(f"{one.name}: {one.reason}" for one in coverage.lost),
    )


def compared(facts: CheckInput) -> CheckResult:
    """Check the intended removals against the operations of the known version that the gateway offers."""
    removals = facts.removals
    if removals.why_not:
        return not_measured(Check.COMPARED, f"operations were not compared: {removals.why_not}")
    here = removals.compared - len(removals.removed) - len(removals.intended)
    parts = [f"{here} of {removals.compared} operations of {removals.version} are offered"]
    if removals.removed:
        parts.append(f"{len(removals.removed)} are not")
    if removals.intended:
        parts.append(f"{len(removals.intended)} removed intentionally")
    text = ", ".join(parts)
    if not removals.unused:
        return passed(Check.COMPARED, text)
    names = tuple(one.operations for one in removals.unused)
    return CheckResult(
        Check.COMPARED,
        Severity.WARNING,
        f"{plural(len(names), 'intended removal')} unused: {some(names)}; {text}",
        "Delete these entries: the operations are offered, and the entries would hide their removal.",
        names,
    )


def scenarios(facts: CheckInput) -> CheckResult:
    """Check that every offered operation is in a scenario.

    A failure for a known version. For a checkout or a URL, which may offer new operations, it is enough that calls from
    the contract succeeded; otherwise a warning, or a failure if scenarios are required. If the contract of a base is
    known, its operations do not count there.
    """
    coverage = facts.coverage
    if not facts.run.plan or not coverage.known:
        return not_measured(Check.SCENARIOS, "the run has no plan or no contract")
    if coverage.partial:
        return not_measured(Check.SCENARIOS, coverage.partial)
    if not coverage.unplanned:
        return passed(Check.SCENARIOS, "every offered operation is in a scenario")
    new = _new_on_head(facts)
    untested = tuple(one for one in coverage.untested if one in new)
    names = coverage.unplanned if _pinned(facts) else untested
    if not names:
        count, tested = len(coverage.unplanned), plural(len(coverage.unplanned), "operation")
        return passed(
            Check.SCENARIOS,
            f"{tested} without a scenario {'was' if count == 1 else 'were'} called from the contract",
            tuple(f"{one}: {_begin(one, facts)}" for one in coverage.unplanned),
        )
    states = {one.name: one.state.label for one in coverage.operations}
    return CheckResult(
        Check.SCENARIOS,
        Severity.FAILURE if _pinned(facts) or facts.require_scenarios else Severity.WARNING,
        f"{plural(len(names), 'operation')} without a scenario: {some(names)}",
        f"Write a scenario, which begins with `{_begin(names[0], facts)}`, or add an exclusion with a reason to the "
        "gateway version's data.",
        tuple(f"{one}: {states[one]}" for one in names),
    )


def _begin(operation: str, facts: CheckInput) -> str:
    """Return the command that writes a new scenario for ``operation``."""
    gateway = facts.run.gateway
    given = "" if gateway is None else f" --gateway {shlex.quote(gateway.source)}"
    return f"loadtest scenario new {shlex.quote(operation)}{given}"


def _new_on_head(facts: CheckInput) -> frozenset[str]:
    """Return the operations that the base does not offer; all of them without the contract of a base."""
    compared = facts.run.base
    if compared is None or compared.breaking is None:
        return frozenset(facts.run.contract or ())
    return frozenset(compared.added)


def elements(facts: CheckInput) -> CheckResult:
    """Check that the documented input was sent and its effect checked, except what the version excludes or lists.

    A failure for a known version; a warning for a checkout or a URL, which may document new parameters. Elements of
    operations in a scenario that did not run to its end do not count: its failure is reported.
    """
    coverage = facts.coverage.elements
    why_not = _elements_not_judged(facts)
    if why_not:
        return not_measured(Check.ELEMENTS, why_not)
    ended_early = _in_unfinished_scenarios(facts)
    missing = tuple(
        f"{one.operation}: {name}"
        for one in coverage.operations
        if one.operation not in ended_early
        for name in one.missing
    )
    if not missing:
        return passed(Check.ELEMENTS, coverage.line)
    return CheckResult(
        Check.ELEMENTS,
        Severity.FAILURE if _pinned(facts) else Severity.WARNING,
        f"{plural(len(missing), 'documented parameter')} not checked: {some(missing)}",
        "Send them in a call with a content check, or add an [[unchecked]] entry with its reason to the data of the "
        "gateway version.",
        missing,
    )


def elements_listed(facts: CheckInput) -> CheckResult:
    """Check that the elements that the version lists as not checked yet are still not checked."""
    if why_not := _elements_not_judged(facts):
        return not_measured(Check.LISTED, why_not)
    stale = tuple(
        f"{one.operation}: {name}" for one in facts.coverage.elements.operations for name in one.stale
    )
    if not stale:
        left = sum(len(one.not_yet) for one in facts.coverage.elements.operations)
        return passed(Check.LISTED, f"{plural(left, 'parameter')} not checked yet")
    return CheckResult(
        Check.LISTED,
        Severity.WARNING,
        f"{plural(len(stale), 'parameter')} checked although listed as not checked yet: {some(stale)}",
        "Remove them from the list: `loadtest coverage --parameters --update`.",
        stale,
    )


def shapes(facts: CheckInput) -> CheckResult:
    """Check for keys that the responses of the known version do not have.

    A warning for a checkout or a URL. A missing key, or a value of another type, is a failure of the call.
    """
    record = facts.run.shapes
    if record is None:
        return not_measured(Check.SHAPES, "the run does not record whether responses were compared")
    if record.why_not:
        return not_measured(Check.SHAPES, f"responses were not compared: {record.why_not}")
    added = tuple(f"{operation}: {path}" for operation, paths in record.added.items() for path in paths)
    text = f"{plural(record.compared, 'response')} compared with the recorded shapes"
    if not added:
        return passed(Check.SHAPES, text)
    keys = f"{plural(len(added), 'key')} added: {some(added)}"
    if _pinned(facts):
        return CheckResult(Check.SHAPES, Severity.PASSED, f"{text}, {keys}", items=added)
    return CheckResult(
        Check.SHAPES,
        Severity.WARNING,
        keys,
        "No action is needed. Clients that reject unknown keys may be affected.",
        added,
    )


def _elements_not_judged(facts: CheckInput) -> str:
    """Return why the coverage of the documented input cannot be judged; empty if it can."""
    coverage, sweep = facts.coverage, facts.run.sweep
    if not coverage.elements.measured:
        return "the run does not record which parameters were sent"
    if not coverage.elements.listed:
        return "the gateway version has no list of parameters that are not checked yet"
    if coverage.partial:
        return coverage.partial
    if sweep is None or sweep.done < sweep.planned or sweep.unfinished:
        return "the first sweep is unfinished"
    return ""


def _in_unfinished_scenarios(facts: CheckInput) -> frozenset[str]:
    """Return the operations in scenarios that never ran to their end."""
    completed = {one.name for one in facts.run.scenarios or () if one.completed}
    return frozenset(
        base(call.operation)
        for scenario in facts.run.plan
        if scenario.name not in completed
        for call in scenario.calls
    )


def _pinned(facts: CheckInput) -> bool:
    """Return whether the gateway is exactly a known version, with its usual settings."""
    gateway = facts.run.gateway
    known = gateway is not None and gateway.data is not None and gateway.source == gateway.data
    return known and not (gateway and gateway.changed)
