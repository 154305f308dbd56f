"""Comparison of the coverage of two runs, and coverage of a contract by scenarios without a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loadtest.core.operations import base
from loadtest.judge.coverage import Coverage, CoverageState, OperationCoverage, coverage_of
from loadtest.results.run import Run, Scenario, Settings
from loadtest.versions.data import Exclusion


@dataclass(frozen=True)
class StateChange:
    """An operation offered by both gateways with a different coverage state."""

    name: str
    left: OperationCoverage
    right: OperationCoverage


@dataclass(frozen=True)
class CoverageDiff:
    """Differences between two coverages."""

    areas: tuple[tuple[str, Mapping[CoverageState, int] | None, Mapping[CoverageState, int] | None], ...]
    """Every area with the number of operations by state in each run; None if the run does not have the area."""
    changes: tuple[StateChange, ...]
    only_left: tuple[str, ...]
    """Operations offered only by the first gateway, without excluded ones."""
    only_right: tuple[str, ...]
    """Operations offered only by the second gateway, without excluded ones."""


def diff_coverage(left: Coverage, right: Coverage) -> CoverageDiff:
    """Compare the coverages ``left`` and ``right``."""
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
    """Coverage of a contract by scenarios; operations are sorted by area and name."""

    planned: tuple[OperationCoverage, ...]
    """Offered operations with a scenario."""
    unplanned: tuple[OperationCoverage, ...]
    """Offered operations without a scenario."""
    excluded: tuple[OperationCoverage, ...]
    """Offered operations that the version data excludes, with the reason."""
    not_offered: tuple[OperationCoverage, ...]
    """Operations with a scenario that are not offered."""
    scenarios: Mapping[str, tuple[str, ...]]
    """Names of the scenarios by operation."""

    @property
    def line(self) -> str:
        """A one-line summary."""
        total = len(self.planned) + len(self.unplanned)
        return f"{len(self.planned)}/{total} operations have a scenario ({len(self.excluded)} excluded)"

    def areas(self) -> dict[str, tuple[int, int, int, int]]:
        """Return, by area, the number of planned, unplanned, excluded and not offered operations."""
        groups = (self.planned, self.unplanned, self.excluded, self.not_offered)
        names = sorted({one.area for group in groups for one in group})
        return {name: tuple(sum(o.area == name for o in group) for group in groups) for name in names}  # type: ignore[misc]


def contract_coverage(
    contract: Iterable[str], plan: tuple[Scenario, ...], exclusions: Iterable[Exclusion] = ()
) -> ContractCoverage:
    """Return the coverage of ``contract`` by the scenarios of ``plan``."""
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
