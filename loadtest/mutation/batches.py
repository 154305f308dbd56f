"""Batches: faults that can be injected into one load. Pure.

No scenario calls two of their operations, except in a load of all scenarios.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from loadtest.mutation.faults import LITERAL, Fault, FaultKind
from loadtest.results.run import Scenario

MAX_LITERALS = 30
"""Faults of a load of all scenarios: each of them can end scenarios that would show others."""
MAX_STALLS = 2
"""Operations without a response in one load: their users hold the slots of other users."""


@dataclass(slots=True)
class Batch:
    """The faults of one load."""

    faults: list[Fault] = field(default_factory=list)
    scenarios: set[str] = field(default_factory=set)
    """Scenarios that call one of the faulty operations."""
    of_all: bool = False
    """Whether all other scenarios run, too."""

    def takes(self, fault: Fault, scenarios: frozenset[str]) -> bool:
        """Return whether ``fault`` can be added: no scenario is shared, and there are not too many stalls."""
        if (fault.kind in LITERAL) != self.of_all:
            return False
        if self.of_all:
            others = {one.operation for one in self.faults}
            return fault.operation not in others and len(others) < MAX_LITERALS
        stalls = sum(one.kind is FaultKind.STALL for one in self.faults)
        return not (self.scenarios & scenarios) and (fault.kind is not FaultKind.STALL or stalls < MAX_STALLS)


def callers(plan: Iterable[Scenario]) -> Mapping[str, frozenset[str]]:
    """Return the names of the scenarios that call each operation."""
    found: dict[str, set[str]] = {}
    for scenario in plan:
        for call in scenario.calls:
            found.setdefault(call.operation, set()).add(scenario.name)
    return {operation: frozenset(names) for operation, names in found.items()}


def make_batches(
    faults: Iterable[Fault], scenarios: Mapping[str, frozenset[str]]
) -> tuple[tuple[Batch, ...], tuple[Fault, ...]]:
    """Return batches that contain each fault once, and the faults whose operation no scenario calls.

    Faults in operations that many scenarios call are placed first, which makes the batches few.
    """
    called = [fault for fault in faults if scenarios.get(fault.operation)]
    batches: list[Batch] = []
    for fault in sorted(called, key=lambda one: -len(scenarios[one.operation])):
        own = scenarios[fault.operation]
        batch = next((one for one in batches if one.takes(fault, own)), None)
        if batch is None:
            batch = Batch(of_all=fault.kind in LITERAL)
            batches.append(batch)
        batch.faults.append(fault)
        batch.scenarios |= own
    return tuple(batches), tuple(fault for fault in faults if not scenarios.get(fault.operation))
