"""Score: the faults of a load that its failures show, and the share of detected faults by kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from loadtest.core.record import Count, Record
from loadtest.mutation.faults import Fault, FaultKind, KindData
from loadtest.results.failures import Failure
from loadtest.results.run import ScenarioRuns


class Detection(StrEnum):
    """Whether the load test reported a fault."""

    NAMED = "named"
    """A failure names the faulty operation."""
    DETECTED = "detected"
    """A failure of a scenario that calls the operation names another one."""
    MISSED = "missed"
    NOT_APPLIED = "not applied"
    """No response was changed: the operation was not called, or had nothing to change."""


class Outcome(Record, frozen=True, kw_only=True):
    """The result for one fault."""

    fault: Fault
    detection: Detection
    applied: Count = 0
    """How often it was injected."""
    example: str = ""
    """One request, and what was changed."""
    shown_by: tuple[str, ...] = ()
    """The failures that it caused, worst first: operation and message."""


class KindScore(Record, frozen=True, kw_only=True):
    """The faults of one kind; ``faults`` = ``detected`` + ``missed``."""

    kind: FaultKind
    title: str
    faults: Count
    detected: Count
    named: Count
    """Of the detected ones, those whose operation was named."""
    missed: Count
    not_applied: Count
    floor: float

    @property
    def share(self) -> float:
        """Share of the faults that were detected; 1 without faults."""
        return self.detected / self.faults if self.faults else 1.0

    @property
    def met(self) -> bool:
        """Whether the share reaches the floor."""
        return self.share >= self.floor


@dataclass(frozen=True)
class Applied:
    """How often a fault was injected, with an example."""

    count: int = 0
    example: str = ""


@dataclass(frozen=True)
class Seen:
    """What a load reported."""

    failures: Sequence[Failure]
    """Failures that make the run fail."""
    scenarios: Sequence[ScenarioRuns] = ()
    checks: Sequence[str] = ()
    """Texts of the checks that failed here, and not without faults."""


def attribute(
    faults: Sequence[Fault],
    callers: Mapping[str, frozenset[str]],
    applied: Mapping[Fault, Applied],
    seen: Seen,
) -> tuple[tuple[Outcome, ...], tuple[str, ...]]:
    """Return the outcome of each fault, and the failures that none of them explains.

    A failure of the faulty operation, or whose message contains it, names it. Any other failure counts for a fault
    if a scenario that it ended calls the faulty operation, and no other one.
    """
    named: dict[Fault, list[str]] = {fault: [] for fault in faults}
    shown: dict[Fault, list[str]] = {fault: [] for fault in faults}
    unexplained = []
    ended = _ended_scenarios(seen.scenarios)
    for failure in seen.failures:
        text = f"{failure.operation}: [{failure.problem}] {failure.message}"
        by_name = [fault for fault in faults if _names(fault.operation, failure.operation, failure.message)]
        scenarios = ended.get(failure.fingerprint, set()) | (
            {failure.scenario} if failure.scenario else set()
        )
        by_scenario = [fault for fault in faults if callers.get(fault.operation, frozenset()) & scenarios]
        for fault in by_name:
            named[fault].append(text)
        for fault in by_scenario if not by_name and len(by_scenario) == 1 else ():
            shown[fault].append(text)
        if not by_name and not by_scenario:
            unexplained.append(text)
    for text in seen.checks:
        for fault in faults:
            if _mentions(fault.operation, text):
                named[fault].append(text)
    outcomes = [
        _outcome(fault, applied.get(fault, Applied()), named[fault], shown[fault]) for fault in faults
    ]
    return tuple(outcomes), tuple(unexplained)


def _ended_scenarios(runs: Iterable[ScenarioRuns]) -> dict[str, set[str]]:
    """Return the scenarios that each failure ended, by its fingerprint."""
    found: dict[str, set[str]] = {}
    for run in runs:
        for cut in run.cut_short:
            found.setdefault(cut.fingerprint, set()).add(run.name)
    return found


def _names(operation: str, failed: str, message: str) -> bool:
    return failed == operation or _mentions(operation, message)


def _mentions(operation: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(operation)}(?![\w/{{])", text) is not None


def _outcome(fault: Fault, applied: Applied, named: list[str], shown: list[str]) -> Outcome:
    if not applied.count:
        detection = Detection.NOT_APPLIED
    elif named:
        detection = Detection.NAMED
    else:
        detection = Detection.DETECTED if shown else Detection.MISSED
    return Outcome(
        fault=fault,
        detection=detection,
        applied=applied.count,
        example=applied.example,
        shown_by=tuple((named + shown)[:3]),
    )


def score(outcomes: Iterable[Outcome], kinds: Mapping[FaultKind, KindData]) -> tuple[KindScore, ...]:
    """Return the score of each kind that has an outcome, in the order of ``kinds``."""
    by_kind: dict[FaultKind, list[Detection]] = {}
    for outcome in outcomes:
        by_kind.setdefault(outcome.fault.kind, []).append(outcome.detection)
    return tuple(
        KindScore(
            kind=kind,
            title=data.title,
            faults=len(found) - found.count(Detection.NOT_APPLIED),
            detected=found.count(Detection.NAMED) + found.count(Detection.DETECTED),
            named=found.count(Detection.NAMED),
            missed=found.count(Detection.MISSED),
            not_applied=found.count(Detection.NOT_APPLIED),
            floor=data.floor,
        )
        for kind, data in kinds.items()
        if (found := by_kind.get(kind))
    )
