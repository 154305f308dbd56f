"""What a run says about itself: whether it is complete, reached what it planned, and can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What an observation does to the verdict."""

    FINE = "fine"
    UNMEASURED = "unmeasured"
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
class Observation:
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


def clock(seconds: float) -> str:
    """Return a time within the run: ``00:41``, ``61:00``."""
    minutes, rest = divmod(int(max(seconds, 0.0)), 60)
    return f"{minutes:02}:{rest:02}"


def plural(number: int, noun: str) -> str:
    """Return ``1 warning``, ``2 warnings``, ``no warnings``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def some(items: Iterable[str], most: int = 3) -> str:
    """Return the first few of ``items`` in words, and where all are listed: the finding's own items."""
    listed = list(items)
    more = f" and {len(listed) - most} more (all in verdict.json)" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
