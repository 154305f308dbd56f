"""The input and the result of a check, and the list of all checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from loadtest.judge.against_base import AgainstBase
from loadtest.judge.coverage import Coverage
from loadtest.judge.failures import JudgedFailure
from loadtest.judge.growth.model import NOT_JUDGED, Endurance
from loadtest.judge.known import KnownFailureEntry
from loadtest.judge.removed import NOT_COMPARED, Removals
from loadtest.results.run import Run


class Severity(StrEnum):
    """The effect of a check on the verdict."""

    PASSED = "passed"
    NOT_MEASURED = "not measured"
    """The run lacks the data, for example because it was read from CSV files."""
    WARNING = "warning"
    FAILURE = "failure"
    INCONCLUSIVE = "inconclusive"


class Check(StrEnum):
    """All checks, in the order of the reports."""

    BREAKING = "no-breaking-changes"
    SLOWER = "not-slower-than-base"
    PAIRS = "enough-pairs"
    GATEWAY_UP = "gateway-up"
    BACKENDS_UP = "backends-up"
    COMPLETE = "run-complete"
    SOURCE = "source-consistent"
    REQUESTS = "requests-made"
    SUCCESSES = "something-succeeded"
    WORKERS = "no-worker-lost"
    GENERATOR = "generator-not-saturated"
    PAUSES = "generator-not-paused"
    SCHEDULE = "schedule-kept"
    SWEEP = "first-sweep-done"
    REACHED = "planned-operations-reached"
    PLANNED = "called-operations-planned"
    TOLD_APART = "operations-told-apart"
    ACCOUNTED = "failures-accounted-for"
    FLOOR = "coverage-floor"
    COMPARED = "operations-compared"
    SCENARIOS = "every-operation-has-a-scenario"
    ELEMENTS = "parameters-checked"
    LISTED = "unchecked-parameters-listed"
    REFUSALS = "refusals-as-recorded"
    DECIDED = "refusals-decided"
    SHAPES = "shapes-compared"
    ENTITIES = "entities-cleaned-up"
    STALE = "known-failures-still-seen"
    APPLIED = "known-failures-applied"
    GROWTH = "no-growth"
    RECOVERED = "recovered-from-spike"
    STAYED = "workers-stayed"
    STREAMS = "streams-closed"
    STORES = "stores-fit-a-week"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    check: Check
    severity: Severity
    text: str
    """One line."""
    advice: str = ""
    """What to do if the check did not pass."""
    items: tuple[str, ...] = ()
    """The operations, workers or entries concerned."""
    taints: bool = False
    """Whether the failures of this run may be a consequence, so that they are no evidence."""


@dataclass(frozen=True)
class CheckInput:
    """The data that checks evaluate."""

    run: Run
    coverage: Coverage
    failing: int
    """How many failures make the run fail."""
    stale: tuple[KnownFailureEntry, ...]
    unapplied: tuple[KnownFailureEntry, ...]
    """Known failures for a gateway version, if the version of the run's gateway is unknown."""
    endurance: Endurance = NOT_JUDGED
    removals: Removals = NOT_COMPARED
    against: AgainstBase | None = None
    """The comparison with a base."""
    undecided: tuple[JudgedFailure, ...] = ()
    """Failures that may be due to a pause of the load generator."""
    require_scenarios: bool = False
    """An operation without a scenario is a failure if no generated call of it succeeded."""

    @cached_property
    def failed(self) -> Counter[str]:
        """Number of recorded failures by operation, known or not."""
        failed = Counter[str]()
        for failure in self.run.failures:
            failed[failure.operation] += failure.count
        return failed


def passed(check: Check, text: str, items: tuple[str, ...] = ()) -> CheckResult:
    """Return the result of a check that passed."""
    return CheckResult(check, Severity.PASSED, text, items=items)


def not_measured(check: Check, text: str) -> CheckResult:
    """Return the result of a check for which the run has no data."""
    return CheckResult(check, Severity.NOT_MEASURED, text)
