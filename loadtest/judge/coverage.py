"""Coverage: the state of every operation in the gateway's contract after a run."""

from __future__ import annotations

import fnmatch
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import msgspec

from loadtest.core.operations import base
from loadtest.core.units import plural
from loadtest.judge.elements import ElementCoverage, element_coverage
from loadtest.results.measurements import Operation
from loadtest.results.run import GENERATED, Run
from loadtest.versions.data import Drift, Exclusion, Unchecked

SHARES = (50, 90, 99, 100)
"""Percentages of the successful operations for which the time to reach them is reported."""


class CoverageState(StrEnum):
    """The state of an operation; the first one that applies counts. Values are keys of ``verdict.json``."""

    SUCCEEDED = "succeeded"
    """At least one documented success."""
    MISMATCH = "drift"
    """Correct at least once, but only in ways that the contract does not document."""
    ALLOWED = "accepted"
    """Never a documented success: the scenario that calls it allows the response, with a reason."""
    KNOWN_FAILURE = "excused"
    """Called, and every call failed with a known failure."""
    FAILING = "reached"
    """Called, and every call failed, at least once with a failure that is not known."""
    NOT_UNDERSTOOD = "not understood"
    """Called from the contract, and the gateway rejected every request."""
    EXCLUDED = "excluded"
    """Not tested, for a reason in the version's data."""
    NOT_CALLED = "missed"
    """In the contract, but never called."""
    REMOVED = "removed"
    """In the contract of the known version, but not in this gateway's."""
    NOT_IN_VERSION = "not offered"
    """Planned by a scenario, but not in this gateway's contract."""
    UNDOCUMENTED = "undocumented"
    """Called, but not in the contract: shown, not counted."""

    @property
    def label(self) -> str:
        """The state as reports show it."""
        return _LABELS.get(self, self.value)


_LABELS = {
    CoverageState.MISMATCH: "contract mismatch",
    CoverageState.ALLOWED: "allowed",
    CoverageState.KNOWN_FAILURE: "known to fail",
    CoverageState.FAILING: "failing",
    CoverageState.NOT_CALLED: "not called",
    CoverageState.NOT_UNDERSTOOD: "called, not understood",
    CoverageState.NOT_IN_VERSION: "not in this version",
}


COUNTED = (
    CoverageState.SUCCEEDED,
    CoverageState.MISMATCH,
    CoverageState.ALLOWED,
    CoverageState.KNOWN_FAILURE,
    CoverageState.FAILING,
    CoverageState.NOT_UNDERSTOOD,
    CoverageState.NOT_CALLED,
)
"""The states of operations that count towards the total."""


UNEXPLAINED = (CoverageState.NOT_CALLED, CoverageState.ALLOWED, CoverageState.MISMATCH)
"""States of a planned operation that need an entry in the version's data. A failure that is not known fails a run by
itself."""


class OperationCoverage(msgspec.Struct, frozen=True, gc=False):
    """One operation and its state."""

    name: str
    area: str
    state: CoverageState
    requests: int = 0
    reason: str = ""
    """Why it did not succeed."""
    within: str | None = None
    """The operation of the contract that this is a part of (``POST /rpc`` of ``POST /rpc tools/call``)."""
    first_success: float | None = None
    """Seconds after the start of the load."""

    @property
    def counted(self) -> bool:
        """Whether it counts towards the total."""
        return self.within is None and self.state in COUNTED


@dataclass(frozen=True)
class Coverage:
    """The state of every operation, and the coverage that the run had to reach."""

    operations: tuple[OperationCoverage, ...]
    """In the order of area and name."""
    known: bool
    """Whether the contract is known; without it, only what was called is listed and no total exists."""
    unplanned: tuple[str, ...] = ()
    """In the contract, not excluded, and in no scenario of the plan; it may have been called from the contract."""
    untested: tuple[str, ...] = ()
    """Of the unplanned ones, those that were not called, or called and not understood."""
    required: bool = False
    """Whether every planned operation must succeed unless it is excused."""
    exempt: frozenset[str] = frozenset()
    """Operations that need not succeed: those with an entry for a contract mismatch or an allowed response in the
    version's data, and those not called because of a failure that is new or known to occur only sometimes."""
    partial: str = ""
    """How the load was limited, in which case no floor applies; empty if it was not."""
    gone: frozenset[str] = frozenset()
    """Operations of the known version that are no longer offered, intended or not."""
    elements: ElementCoverage = field(default_factory=ElementCoverage)
    """Coverage of the documented input."""

    @cached_property
    def _counts(self) -> Counter[CoverageState]:
        return Counter(one.state for one in self.operations if one.within is None)

    def count(self, state: CoverageState) -> int:
        """Return how many operations have this ``state``, not counting parts of other operations."""
        return self._counts[state]

    @property
    def succeeded(self) -> int:
        """Operations with at least one success."""
        return self.count(CoverageState.SUCCEEDED)

    @property
    def answered(self) -> int:
        """Operations that were correct at least once, as documented or not."""
        return self.succeeded + self.count(CoverageState.MISMATCH)

    @cached_property
    def total(self) -> int:
        """Operations of the contract that are not excluded."""
        return sum(one.counted for one in self.operations)

    @property
    def line(self) -> str:
        """``485/485 operations called, 466 correct, 1 allowed, 18 known to fail``.

        Without a contract there is no total. These are operations; an operation can have several known failures, and
        a correct one can have known failures, too.
        """
        called = self.total - self.count(CoverageState.NOT_CALLED)
        text = (
            f"{called}/{self.total} operations called"
            if self.known
            else plural(called, "operation") + " called"
        )
        parts = [text, f"{self.answered} correct"]
        parts += [
            f"{count} {state.label}"
            for state in (
                CoverageState.FAILING,
                CoverageState.ALLOWED,
                CoverageState.NOT_UNDERSTOOD,
                CoverageState.KNOWN_FAILURE,
            )
            if (count := self.count(state))
        ]
        return ", ".join(parts)

    @property
    def pace(self) -> tuple[tuple[int, float], ...]:
        """Seconds until each share (in percent) of the successful operations had succeeded once.

        Empty if the time of a first success is missing.
        """
        firsts = [
            o.first_success
            for o in self.operations
            if o.within is None and o.state is CoverageState.SUCCEEDED
        ]
        times = sorted(first for first in firsts if first is not None)
        if not times or len(times) < len(firsts):
            return ()
        return tuple((share, times[math.ceil(share * len(times) / 100) - 1]) for share in SHARES)

    @property
    def pace_line(self) -> str:
        """The pace in one line; empty if unknown."""
        steps = ", ".join(f"{share} % after {seconds:.0f} s" for share, seconds in self.pace)
        return f"coverage: {steps}" if steps else ""

    @property
    def lost(self) -> tuple[OperationCoverage, ...]:
        """Planned operations that neither succeeded nor are excused."""
        unplanned = frozenset(self.unplanned)
        return tuple(
            one
            for one in self.operations
            if one.within is None
            and one.state in UNEXPLAINED
            and one.name not in self.exempt
            and one.name not in unplanned
        )

    @property
    def incomplete(self) -> bool:
        """Whether a required operation neither succeeded nor is excused."""
        return self.known and self.required and not self.partial and bool(self.lost)

    def areas(self) -> dict[str, dict[CoverageState, int]]:
        """Return the number of operations in each state, by area."""
        table: dict[str, dict[CoverageState, int]] = defaultdict(lambda: dict.fromkeys(CoverageState, 0))
        for one in self.operations:
            if one.within is None:
                table[one.area][one.state] += 1
        return dict(sorted(table.items()))


def counts_text(counts: Mapping[CoverageState, int]) -> str:
    """Return ``3/6 (1 contract mismatch, 2 failing)``: successes, total, and the states of the others."""
    text = f"{counts[CoverageState.SUCCEEDED]}/{sum(counts[state] for state in COUNTED)}"
    others = [
        f"{counts[state]} {state.label}"
        for state in COUNTED
        if state is not CoverageState.SUCCEEDED and counts[state]
    ]
    return f"{text} ({', '.join(others)})" if others else text


def causes_of_missing(run: Run) -> dict[str, tuple[str, ...]]:
    """Return, for each operation in scenarios that were cut short, the operations whose failures caused it.

    The most frequent one is first. Operations before the failure are included.
    """
    if run.scenarios is None:
        return {}
    cuts = {one.name: one.cut_short[0] for one in run.scenarios if one.cut_short}
    causes: dict[str, dict[str, int]] = defaultdict(dict)
    for scenario in run.plan:
        cut = cuts.get(scenario.name)
        if cut is not None:
            for call in scenario.calls:
                if call.operation != cut.operation:
                    found = causes[call.operation]
                    found[cut.operation] = max(found.get(cut.operation, 0), cut.count)
    return {
        name: tuple(sorted(found, key=lambda one: (found[one], one), reverse=True))
        for name, found in causes.items()
    }


def coverage_of(
    run: Run,
    *,
    excused: Collection[str],
    exclusions: Iterable[Exclusion] = (),
    drift: Collection[Drift] = (),
    required: bool = False,
    allowed: Collection[str] = (),
    interrupting: Collection[str] = (),
    removed: Mapping[str, str] | None = None,
    intended: Mapping[str, str] | None = None,
    unchecked: Iterable[Unchecked] = (),
    not_yet: Mapping[str, Collection[str]] | None = None,
) -> Coverage:
    """Return the coverage of ``run``; ``excused`` are the operations whose every failure is a known one.

    ``removed`` and ``intended`` are operations that this gateway no longer offers, with an explanation or a reason.
    ``drift`` lists the known contract mismatches. If ``required``, every planned operation
    must succeed or be excused; ``allowed`` are operations that only get responses which their scenario allows, and
    ``interrupting`` those whose failure excuses that later operations of the scenario are not called: it is new and
    fails the run, or is known to occur only sometimes. ``unchecked`` and ``not_yet`` are those of
    :func:`~loadtest.judge.elements.element_coverage`.
    """
    called = {operation.name: operation for operation in run.operations if operation.requests}
    areas = _areas(run)
    planned = {
        call.operation for scenario in run.plan if scenario.name != GENERATED for call in scenario.calls
    }
    excluded = [(re.compile(fnmatch.translate(one.operations)), one.reason) for one in exclusions]
    contract = set(run.contract or ())
    parts: dict[str, list[Operation]] = defaultdict(list)
    rows: list[OperationCoverage] = []
    reached = {base(name) for name in planned} | planned
    causes = causes_of_missing(run)
    for name, operation in called.items():
        if name in contract:
            continue
        whole = base(name) if base(name) in contract and base(name) != name else None
        if whole:
            parts[whole].append(operation)
        state, reason = _outcome([operation], excused, drift)
        if run.contract is not None and whole is None:
            state, reason = CoverageState.UNDOCUMENTED, "called, but not in the gateway's contract"
        rows.append(
            OperationCoverage(
                name, areas[name], state, operation.requests, reason, whole, _first_success([operation])
            )
        )
    for name in contract:
        of_it = [*([called[name]] if name in called else ()), *parts.get(name, ())]
        state, reason = _outcome(of_it, excused, drift)
        if state is not CoverageState.SUCCEEDED:
            why = next((reason for pattern, reason in excluded if pattern.match(name)), None)
            if why is not None:
                state, reason = CoverageState.EXCLUDED, why
            elif state is CoverageState.NOT_CALLED:
                reason = _not_called_because(name, causes) if name in reached else "no scenario calls it"
            if run.generated.get(name) and state in (CoverageState.NOT_UNDERSTOOD, CoverageState.NOT_CALLED):
                reason += f"; called without credentials only: {run.generated[name]}"
        requests = sum(operation.requests for operation in of_it)
        first = _first_success(of_it)
        rows.append(OperationCoverage(name, areas[name], state, requests, reason, first_success=first))
    mismatches = {one.name for one in rows if one.state is CoverageState.MISMATCH}
    explained = {
        name
        for o in (called.values() if mismatches else ())
        for name in mismatches.intersection((o.name, base(o.name)))
        if any(_mismatches([o], drift))
    }
    removed, intended = removed or {}, intended or {}
    gone = removed.keys() | intended.keys()
    if run.contract is not None:
        rows += [
            _not_called(name, areas[name], contract, causes)
            for name in planned - contract - called.keys() - gone
        ]
    rows = [one for one in rows if one.name not in gone]
    rows += [
        OperationCoverage(n, run.area(n), CoverageState.REMOVED, reason=f"no longer offered: {why}")
        for n, why in removed.items()
    ]
    rows += [
        OperationCoverage(n, run.area(n), CoverageState.NOT_IN_VERSION, reason=f"removed: {why}")
        for n, why in intended.items()
    ]
    rows.sort(key=lambda one: (one.area, one.name))
    unplanned = [
        one
        for one in rows
        if run.plan
        and one.within is None
        and one.name not in reached
        and (one.state is CoverageState.NOT_CALLED or (one.name in run.generated and one.counted))
    ]
    return Coverage(
        operations=tuple(rows),
        known=run.contract is not None,
        unplanned=tuple(one.name for one in unplanned),
        untested=tuple(
            one.name
            for one in unplanned
            if one.state in (CoverageState.NOT_CALLED, CoverageState.NOT_UNDERSTOOD)
        ),
        required=required,
        exempt=frozenset(
            one.name
            for one in rows
            if (one.state is CoverageState.MISMATCH and one.name in explained)
            or (one.state is CoverageState.ALLOWED and one.name in allowed)
            or (
                one.state is CoverageState.NOT_CALLED
                and any(cause in interrupting for cause in causes.get(one.name, ()))
            )
        ),
        partial=_partial(run),
        gone=frozenset(gone),
        elements=element_coverage(
            run,
            exclusions=unchecked,
            not_yet=not_yet,
            ignored={one.name for one in rows if one.state is CoverageState.EXCLUDED},
        ),
    )


def _not_called(
    name: str, area: str, contract: Collection[str], causes: Mapping[str, Sequence[str]]
) -> OperationCoverage:
    """Return the row of a planned operation whose name is not in the contract."""
    if base(name) in contract:
        return OperationCoverage(
            name, area, CoverageState.NOT_CALLED, 0, _not_called_because(name, causes), base(name)
        )
    return OperationCoverage(name, area, CoverageState.NOT_IN_VERSION, 0, "not in this gateway's contract")


def _not_called_because(name: str, causes: Mapping[str, Sequence[str]]) -> str:
    return f"not called, because {causes[name][0]} failed" if name in causes else "never called"


def _outcome(
    operations: list[Operation], excused: Collection[str], drift: Collection[Drift]
) -> tuple[CoverageState, str]:
    """Return state and reason of one operation from the results of its parts; expected refusals do not count."""
    answered = [one for one in operations if one.requests > one.refusals + one.rejections]
    for one in answered:
        if one.successes:
            return CoverageState.SUCCEEDED, ""
    rejected = [] if answered else [one for one in operations if one.rejections]
    if rejected:
        statuses = ", ".join(sorted({status for one in rejected for status in one.statuses}))
        return (
            CoverageState.NOT_UNDERSTOOD,
            "no scenario calls it; every request from the contract was rejected"
            + (f" ({statuses})" if statuses else ""),
        )
    if not answered:
        return CoverageState.NOT_CALLED, "never called"
    operations = answered
    if any(operation.drift for operation in operations):
        return CoverageState.MISMATCH, _drift_reason(operations, drift)
    failed = [operation for operation in operations if operation.failures]
    accepted = [f"allowed {a.status}: {a.reason}" for o in operations for a in o.acceptances]
    if not failed:
        return CoverageState.ALLOWED, "; ".join(accepted)
    if all(operation.name in excused for operation in failed):
        return CoverageState.KNOWN_FAILURE, "; ".join(("only known failures", *accepted))
    return CoverageState.FAILING, "every call failed"


def _first_success(operations: list[Operation]) -> float | None:
    return min((o.first_success for o in operations if o.first_success is not None), default=None)


def _drift_reason(operations: list[Operation], entries: Collection[Drift]) -> str:
    """Return the reasons in the version's data for the contract mismatches of ``operations``."""
    reasons = dict.fromkeys(entry.reason for entry in _mismatches(operations, entries))
    return "; ".join(reasons) or "correct, but not as the contract documents"


def _mismatches(operations: Iterable[Operation], entries: Collection[Drift]) -> Iterator[Drift]:
    """Yield the entries that can explain a contract mismatch of ``operations``."""
    for operation in operations:
        for entry in entries:
            if fnmatch.fnmatchcase(operation.name, entry.operation.replace("[", "[[]")) and (
                entry.status is None or str(entry.status) in operation.statuses
            ):
                yield entry


def _partial(run: Run) -> str:
    """Return how the load was limited; empty if it was not."""
    settings = run.settings
    if settings.tags or settings.exclude_tags:
        return "the run was limited by tags"
    if settings.left_out and {one.name for one in run.plan} == {GENERATED}:
        return "no scenario was run, every operation was called from the contract"
    if settings.left_out:
        total = settings.left_out + len(run.plan)
        return f"only {len(run.plan)} of {total} scenarios were chosen"
    return ""


def _areas(run: Run) -> Mapping[str, str]:
    """Return the area of every operation that was called, is planned, or is in the contract."""
    areas = {operation.name: operation.area for operation in run.operations}
    planned = (call.operation for scenario in run.plan for call in scenario.calls)
    for name in (*(run.contract or ()), *planned):
        if name not in areas:
            areas[name] = run.area(name)
    return areas
