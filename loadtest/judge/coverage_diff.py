"""The coverage of two runs side by side: of two gateways, or of one before and after a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loadtest.core.operations import base
from loadtest.judge.coverage import Coverage, CoverageState, OperationCoverage, coverage_of
from loadtest.results.run import Run, Scenario, Settings
from loadtest.versions.data import Exclusion


@dataclass(frozen=True)
class StateChange:
    """An operation that both gateways offer, and that fared otherwise."""

    name: str
    left: OperationCoverage
    right: OperationCoverage


@dataclass(frozen=True)
class CoverageDiff:
    """Two coverages side by side."""

    areas: tuple[tuple[str, Mapping[CoverageState, int] | None, Mapping[CoverageState, int] | None], ...]
    """Every area, with how many operations of it have which state; None where a run does not know the area."""
    changes: tuple[StateChange, ...]
    only_left: tuple[str, ...]
    """Operations that only the first gateway offers, without the excluded ones."""
    only_right: tuple[str, ...]


def diff_coverage(left: Coverage, right: Coverage) -> CoverageDiff:
    """Return the coverages ``left`` and ``right`` side by side."""
    here, there = _offered(left), _offered(right)
    left_areas, right_areas = left.areas(), right.areas()
    return CoverageDiff(
        areas=tuple(
            (name, left_areas.get(name), right_areas.get(name))
            for name in sorted(left_areas.keys() | right_areas.keys())
        ),
        changes=tuple(
            StateChange(name, here[name], there[name])
            for name in sorted(here.keys() & there.keys())
            if here[name].state is not there[name].state
        ),
        only_left=_only(here, there),
        only_right=_only(there, here),
    )


def _offered(coverage: Coverage) -> dict[str, OperationCoverage]:
    absent = (CoverageState.NOT_IN_VERSION, CoverageState.UNDOCUMENTED)
    return {o.name: o for o in coverage.operations if o.within is None and o.state not in absent}


def _only(here: Mapping[str, OperationCoverage], there: Mapping[str, OperationCoverage]) -> tuple[str, ...]:
    return tuple(sorted(name for name, one in here.items() if one.counted and name not in there))


@dataclass(frozen=True)
class ContractCoverage:
    """What a gateway offers and what the scenarios call, in the order of area and name."""

    planned: tuple[OperationCoverage, ...]
    """Offered, and in a scenario."""
    unplanned: tuple[OperationCoverage, ...]
    """Offered, and in none."""
    excluded: tuple[OperationCoverage, ...]
    """Offered, and not driven, with a reason in the version's data."""
    not_offered: tuple[OperationCoverage, ...]
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


def contract_coverage(
    contract: Iterable[str], plan: tuple[Scenario, ...], exclusions: Iterable[Exclusion] = ()
) -> ContractCoverage:
    """Return what of ``contract`` the scenarios of ``plan`` call."""
    nothing = Run(started="", settings=Settings(host=""), contract=tuple(contract), plan=plan)
    coverage = coverage_of(nothing, excused=(), exclusions=exclusions)
    whole = [one for one in coverage.operations if one.within is None]
    missed = [one for one in whole if one.state is CoverageState.NOT_CALLED]
    callers: dict[str, list[str]] = {}
    for scenario in plan:
        for operation in dict.fromkeys(call.operation for call in scenario.calls):
            callers.setdefault(operation, []).append(scenario.name)
    called = callers.keys() | {base(name) for name in callers}
    return ContractCoverage(
        planned=tuple(one for one in missed if one.name in called),
        unplanned=tuple(one for one in missed if one.name not in called),
        excluded=tuple(one for one in whole if one.state is CoverageState.EXCLUDED),
        not_offered=tuple(one for one in whole if one.state is CoverageState.NOT_IN_VERSION),
        scenarios={name: tuple(names) for name, names in callers.items()},
    )
