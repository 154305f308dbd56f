"""Calls made in pairs on head, the gateway under test, and on base, the gateway before the change."""

from __future__ import annotations

from enum import StrEnum

from loadtest.core.record import Count, Milliseconds, Record, Seconds
from loadtest.results.failures import Failure
from loadtest.results.target import Gateway


class PairStage(StrEnum):
    """The purpose of a pair."""

    SCREEN = "screen"
    """Every operation a few times, then the suspicious ones more often."""
    REPLAY = "replay"
    """Scenarios with a failure that only head has, again."""
    JUDGE = "judge"
    """Fresh pairs of the most suspicious operations, which decide whether they are slower."""
    CONFIRM = "confirm"
    """After both gateways were booted again with ports and order swapped."""


class Measure(StrEnum):
    """What is compared of a pair."""

    LATENCY = "latency"
    CPU = "CPU time"


class CallPairs(Record, frozen=True, kw_only=True):
    """Calls of one operation of one scenario that succeeded on both sides."""

    stage: PairStage
    scenario: str
    operation: str
    head: tuple[Milliseconds, ...]
    """Latency of each call in ms."""
    base: tuple[Milliseconds, ...]
    """Latency in ms of the call on base that was made at the same moment."""
    head_cpu: tuple[Milliseconds, ...] = ()
    """CPU time of the gateway's process during each call in ms; empty if other calls were in flight."""
    base_cpu: tuple[Milliseconds, ...] = ()

    def values(self, measure: Measure) -> tuple[tuple[float, float], ...]:
        """Return the positive values of each pair, head and base."""
        head, base = (self.head, self.base) if measure is Measure.LATENCY else (self.head_cpu, self.base_cpu)
        return tuple(pair for pair in zip(head, base, strict=False) if min(pair) > 0)


class Trials(Record, frozen=True, kw_only=True):
    """Runs of one scenario on both sides in which both called one operation."""

    stage: PairStage
    scenario: str
    operation: str
    runs: Count
    head_failed: Count = 0
    """Runs in which the operation failed on head."""
    base_failed: Count = 0
    fingerprints: tuple[str, ...] = ()
    """Of the failures on head."""


class ContractChange(Record, frozen=True, kw_only=True):
    """A difference between the contracts of base and head that breaks clients."""

    operation: str
    what: str
    """``removed``, ``query limit: now required``."""
    removal: bool = False
    """The operation is gone."""


class BaseRun(Record, frozen=True, kw_only=True):
    """What was measured on base, and in pairs."""

    gateway: Gateway
    commit: str | None = None
    """The commit of base, if it is a checkout."""
    budget: Seconds = 0.0
    """Time for pairs after the first sweep."""
    confirmed: bool = False
    """Whether pairs were made after a second boot of both gateways."""
    incomplete: str = ""
    """Why pairs are missing, one sentence."""
    pairs: tuple[CallPairs, ...] = ()
    trials: tuple[Trials, ...] = ()
    failures: tuple[Failure, ...] = ()
    """Failures on base, without examples."""
    breaking: tuple[ContractChange, ...] | None = None
    """None if the contracts were not compared."""
    added: tuple[str, ...] = ()
    """Operations that only head offers and no scenario calls."""
