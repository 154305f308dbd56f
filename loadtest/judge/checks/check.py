"""What a run says about itself: whether it is complete, reached what it planned, and can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from loadtest.judge.coverage import Coverage
from loadtest.judge.growth.model import NOT_JUDGED, Endurance
from loadtest.judge.known import KnownFailureEntry
from loadtest.judge.removed import NOT_COMPARED, Removals
from loadtest.results.run import Run


class Severity(StrEnum):
    """What an observation does to the verdict."""

    PASSED = "passed"
    NOT_MEASURED = "not measured"
    """This run does not say; as when it was read from CSV files."""
    WARNING = "warning"
    FAILURE = "failure"
    INCONCLUSIVE = "inconclusive"


class Check(StrEnum):
    """Everything that is looked at, in the order in which it is told."""

    GATEWAY_UP = "gateway-up"
    BACKENDS_UP = "backends-up"
    COMPLETE = "run-complete"
    SOURCE = "source-consistent"
    REQUESTS = "requests-made"
    SUCCESSES = "something-succeeded"
    WORKERS = "no-worker-lost"
    GENERATOR = "generator-not-saturated"
    SCHEDULE = "schedule-kept"
    SWEEP = "first-sweep-done"
    REACHED = "planned-operations-reached"
    PLANNED = "called-operations-planned"
    ACCOUNTED = "failures-accounted-for"
    FLOOR = "coverage-floor"
    COMPARED = "operations-compared"
    SCENARIOS = "every-operation-has-a-scenario"
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
    """What to do, for everything that is not fine."""
    items: tuple[str, ...] = ()
    """Names of what it is about."""
    taints: bool = False
    """Whether the failures of this run may be its consequence, so that they are no evidence."""


@dataclass(frozen=True)
class CheckInput:
    """What the checks look at."""

    run: Run
    coverage: Coverage
    failing: int
    """How many failures make the run fail."""
    stale: tuple[KnownFailureEntry, ...]
    unapplied: tuple[KnownFailureEntry, ...]
    """Known failures that name a gateway version while the run does not say its own."""
    endurance: Endurance = NOT_JUDGED
    removals: Removals = NOT_COMPARED


def passed(check: Check, text: str) -> CheckResult:
    """Return that all is well."""
    return CheckResult(check, Severity.PASSED, text)


def not_measured(check: Check, text: str) -> CheckResult:
    """Return that this run does not say."""
    return CheckResult(check, Severity.NOT_MEASURED, text)
