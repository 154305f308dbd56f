"""Compare the options of a run with its scenarios, before anything is booted."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadtest.core.errors import UsageError
from loadtest.core.operations import area_of, base
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.engine.selection import read_selection, select
from loadtest.results.run import Scenario
from loadtest.scenarios.source import ScenarioSource
from loadtest.versions import data as versions
from loadtest.workload.profiles import Size

if TYPE_CHECKING:
    from loadtest.judge.criteria.criterion import Criterion

MAX_CALLS = 10
"""Calls that a scenario makes of one operation at most; only polling exceeds it."""
MAX_RATE = 5.0
"""Requests per second of one user at most: it waits for each response, and after each scenario."""
MIX_WEIGHT = 10
"""How much more often the operations of the realistic mix are called than others."""


def selected_scenarios(
    arguments: Sequence[str], *, soak: bool, deep: bool, custom: Sequence[ScenarioSource] = ()
) -> tuple[Scenario, ...]:
    """Return the scenarios of a run with these ``arguments`` for Locust, ``custom`` ones included.

    Raises:
        UsageError: a tag or a user class does not exist, or nothing remains.
    """
    selection = read_selection(arguments)
    if not selection:
        return discover_scenarios(custom=custom, soak=soak, deep=deep)
    chosen = select(selection, discover_scenarios(custom=custom, soak=True, deep=True))
    names = {one.name for one in discover_scenarios(custom=custom, soak=soak, deep=deep)}
    usual = tuple(one for one in chosen if one.name in names)
    if not usual:
        raise UsageError(f"{chosen[0].name}: runs with another profile only, such as pr or soak")
    return usual


@dataclass(frozen=True)
class Reachable:
    """The operations that a run can call."""

    calls: Mapping[str, int]
    """Number of scenarios that call each planned operation."""
    realistic: frozenset[str]
    """Operations of the realistic mix."""
    areas: Mapping[str, str]
    """Area of each operation of the contract."""
    decided: bool
    """Whether the contract is that of the gateway under test; a checkout may offer other operations."""

    def within(self, scope: str) -> tuple[str, ...]:
        """Return the planned operations in the ``scope`` of a criterion."""
        if scope.startswith("area "):
            name = scope.removeprefix("area ")
            return tuple(one for one in self.calls if self.area(one) == name)
        return (scope,) if scope in self.calls else tuple(one for one in self.calls if base(one) == scope)

    def area(self, operation: str) -> str:
        """Return the area of ``operation``."""
        return self.areas.get(base(operation)) or area_of(operation)

    def most_requests(self, operations: Iterable[str], size: Size) -> float:
        """Return how many requests of ``operations`` a run makes at most.

        The first sweep calls each operation a few times. Afterwards, the share of an operation in all requests is
        about its share in the scenarios.
        """
        chosen = set(operations)
        calls = sum(self.calls[one] for one in chosen)
        weighted = sum(self.calls[one] * (MIX_WEIGHT if one in self.realistic else 1) for one in chosen)
        share = min(weighted / max(sum(self.calls.values()), 1), 1.0)
        return MAX_CALLS * calls + MAX_RATE * size.users * size.run_time * share


def reachable_operations(scenarios: Sequence[Scenario], version: str | None) -> Reachable:
    """Return what a run of ``scenarios`` can call on the known ``version``, or on an unknown gateway (None)."""
    # Not needed to refuse an unknown tag, which takes less than a second.
    from loadtest.openapi.contracts import contract_of, path_of

    stored = [one for one in ([version] if version else versions.available()) if path_of(one).is_file()]
    areas: dict[str, str] = {}
    for one in reversed(stored):
        areas |= contract_of(one).areas
    decided = version is not None and bool(areas)
    calls = Counter(
        operation
        for scenario in scenarios
        for operation in {call.operation for call in scenario.calls}
        if not decided or base(operation) in areas
    )
    realistic = {c.operation for one in scenarios if one.area == "realistic" for c in one.calls}
    return Reachable(calls, frozenset(realistic), areas, decided)


def check_criteria(criteria: Iterable[Criterion], reachable: Reachable, size: Size) -> None:
    """Reject criteria for what the run does not call, or not often enough.

    Raises:
        UsageError: a scope is unknown, or its requests cannot be enough for the criterion.
    """
    for criterion in criteria:
        if not criterion.scope:
            continue
        within = reachable.within(criterion.scope)
        if not within:
            _check_scope(criterion, reachable)
            continue
        most = reachable.most_requests(within, size)
        if criterion.min_samples > most:
            raise UsageError(
                f"--criteria: {criterion.text!r}: needs {criterion.min_samples} requests, and this run makes about "
                f"{most:.0f} at most in this scope: expected a longer run, a lower percentile, an area or the whole run"
            )


def _check_scope(criterion: Criterion, reachable: Reachable) -> None:
    if criterion.scope.startswith("area "):
        if not reachable.decided:
            return
        areas = sorted({reachable.area(one) for one in reachable.calls})
        name = criterion.scope.removeprefix("area ")
        raise UsageError(
            f"--criteria: {criterion.text!r}: no scenario calls the area {name}, expected {', '.join(areas)}"
        )
    names = sorted({*reachable.calls, *map(base, reachable.calls)})
    similar = difflib.get_close_matches(criterion.scope, names, 3)
    shown = f"{', '.join(similar)} or another" if similar else "one"
    raise UsageError(
        f"--criteria: {criterion.text!r}: no scenario calls {criterion.scope}, expected {shown} of --list-scenarios"
    )
