"""What the checks of a run look at, and the two plainest things that a check can say."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.judge.coverage import Coverage
from loadtest.judge.growth import UNJUDGED, Endurance
from loadtest.judge.known import Entry
from loadtest.judge.observations import Check, Observation, Severity
from loadtest.judge.removed import NOT_COMPARED, Removals
from loadtest.run import Run


@dataclass(frozen=True)
class Facts:
    """What the checks look at."""

    run: Run
    coverage: Coverage
    failing: int
    """How many failures make the run fail."""
    stale: tuple[Entry, ...]
    unapplied: tuple[Entry, ...]
    """Known failures that name a gateway version while the run does not say its own."""
    endurance: Endurance = UNJUDGED
    removals: Removals = NOT_COMPARED


def fine(check: Check, text: str) -> Observation:
    """Return that all is well."""
    return Observation(check, Severity.FINE, text)


def unmeasured(check: Check, text: str) -> Observation:
    """Return that this run does not say."""
    return Observation(check, Severity.UNMEASURED, text)
