"""A contract beside the plan, without a run: which operations of a gateway would be driven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loadtest.judge.coverage import Covered, State, cover
from loadtest.operations import base
from loadtest.plan import Scenario
from loadtest.run import Run, Settings
from loadtest.versions import Exclusion


@dataclass(frozen=True)
class Offer:
    """What a gateway offers and what the scenarios call, in the order of area and name."""

    planned: tuple[Covered, ...]
    """Offered, and in a scenario."""
    unplanned: tuple[Covered, ...]
    """Offered, and in none."""
    excluded: tuple[Covered, ...]
    """Offered, and not driven, with a reason in the version's data."""
    not_offered: tuple[Covered, ...]
    """In a scenario, and not offered."""
    scenarios: Mapping[str, tuple[str, ...]]
    """The names of the scenarios of every operation in the plan."""

    @property
    def line(self) -> str:
        """The whole in a few words."""
        total = len(self.planned) + len(self.unplanned)
        return f"{len(self.planned)}/{total} operations have a scenario ({len(self.excluded)} excluded)"

    def areas(self) -> dict[str, tuple[int, int, int, int]]:
        """Return how many of every area are planned, unplanned, excluded and not offered."""
        groups = (self.planned, self.unplanned, self.excluded, self.not_offered)
        names = sorted({one.area for group in groups for one in group})
        return {name: tuple(sum(o.area == name for o in group) for group in groups) for name in names}  # type: ignore[misc]


def offer(contract: Iterable[str], plan: tuple[Scenario, ...], exclusions: Iterable[Exclusion] = ()) -> Offer:
    """Return what of ``contract`` the scenarios of ``plan`` call."""
    nothing = Run(started="", settings=Settings(host=""), contract=tuple(contract), plan=plan)
    coverage = cover(nothing, excused=(), exclusions=exclusions)
    whole = [one for one in coverage.operations if one.within is None]
    missed = [one for one in whole if one.state is State.MISSED]
    callers: dict[str, list[str]] = {}
    for scenario in plan:
        for operation in dict.fromkeys(call.operation for call in scenario.calls):
            callers.setdefault(operation, []).append(scenario.name)
    called = callers.keys() | {base(name) for name in callers}
    return Offer(
        planned=tuple(one for one in missed if one.name in called),
        unplanned=tuple(one for one in missed if one.name not in called),
        excluded=tuple(one for one in whole if one.state is State.EXCLUDED),
        not_offered=tuple(one for one in whole if one.state is State.NOT_OFFERED),
        scenarios={name: tuple(names) for name, names in callers.items()},
    )
