"""Coverage section of the page: a map of all operations by area, and lists of those that did not succeed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from loadtest.judge.coverage import COUNTED, Coverage, CoverageState, OperationCoverage
from loadtest.reports.page.charts import squares
from loadtest.reports.text import one_line

COLUMNS = 24
"""Squares per row."""
SIDE = 10
"""Side of a square, including the gap."""
MOST_SQUARES = 2_000
"""Maximum number of operations on the map; for a larger contract, only counts are shown."""
MOST_NAMES = 1_000
"""Maximum number of operations listed by name."""

_ORDER = {
    state: place
    for place, state in enumerate(
        (
            CoverageState.SUCCEEDED,
            CoverageState.MISMATCH,
            CoverageState.ALLOWED,
            CoverageState.KNOWN_FAILURE,
            CoverageState.FAILING,
            CoverageState.NOT_UNDERSTOOD,
            CoverageState.NOT_CALLED,
            CoverageState.EXCLUDED,
            CoverageState.REMOVED,
            CoverageState.NOT_IN_VERSION,
            CoverageState.UNDOCUMENTED,
        )
    )
}
_LISTED = (
    CoverageState.REMOVED,
    CoverageState.FAILING,
    CoverageState.NOT_CALLED,
    CoverageState.NOT_UNDERSTOOD,
    CoverageState.KNOWN_FAILURE,
    CoverageState.ALLOWED,
    CoverageState.MISMATCH,
    CoverageState.EXCLUDED,
    CoverageState.NOT_IN_VERSION,
    CoverageState.UNDOCUMENTED,
)


@dataclass(frozen=True)
class Square:
    """An operation on the map."""

    x: int
    y: int
    state: CoverageState
    name: str


@dataclass(frozen=True)
class AreaMap:
    """The operations of one area."""

    name: str
    squares: tuple[Square, ...]
    height: int
    counts: dict[CoverageState, int]

    @property
    def correct(self) -> int:
        """Number of operations that were correct at least once, as documented or not."""
        return self.counts[CoverageState.SUCCEEDED] + self.counts[CoverageState.MISMATCH]

    @property
    def total(self) -> int:
        """Number of operations that count towards coverage."""
        return sum(self.counts[state] for state in COUNTED)


@dataclass(frozen=True)
class StateList:
    """The operations in one state other than success, with their reasons."""

    state: CoverageState
    total: int
    rows: tuple[OperationCoverage, ...]


@dataclass(frozen=True)
class CoverageMap:
    """The map of all areas, and the lists by state."""

    areas: tuple[AreaMap, ...]
    states: tuple[tuple[CoverageState, int], ...]
    lists: tuple[StateList, ...]
    drawn: bool


def coverage_map(coverage: Coverage) -> CoverageMap:
    """Return the map of ``coverage``; areas with the most operations that were never correct come first."""
    by_area: dict[str, list[OperationCoverage]] = defaultdict(list)
    whole = [one for one in coverage.operations if one.within is None]
    for one in whole:
        by_area[one.area].append(one)
    drawn = len(whole) <= MOST_SQUARES
    areas = [_area(name, members, drawn) for name, members in by_area.items()]
    areas.sort(key=lambda area: (-(area.total - area.correct), area.name))
    counts = [(state, coverage.count(state)) for state in _ORDER]
    by_state: dict[CoverageState, list[OperationCoverage]] = defaultdict(list)
    for one in whole:
        by_state[one.state].append(one)
    return CoverageMap(
        areas=tuple(areas),
        states=tuple((state, count) for state, count in counts if count),
        lists=tuple(_listed(state, by_state[state]) for state in _LISTED if by_state[state]),
        drawn=drawn,
    )


def _area(name: str, members: list[OperationCoverage], drawn: bool) -> AreaMap:
    return AreaMap(
        name=one_line(name, 80),
        squares=_squares(members) if drawn else (),
        height=SIDE * (-(-len(members) // COLUMNS)),
        counts=dict.fromkeys(CoverageState, 0) | Counter(one.state for one in members),
    )


def _squares(members: list[OperationCoverage]) -> tuple[Square, ...]:
    ordered = sorted(members, key=lambda one: (_ORDER[one.state], one.name))
    return tuple(
        Square(column * SIDE, row * SIDE, one.state, one_line(one.name))
        for (column, row), one in zip(squares(len(ordered), COLUMNS), ordered, strict=True)
    )


def _listed(state: CoverageState, members: list[OperationCoverage]) -> StateList:
    rows = sorted(members, key=lambda one: (one.reason, one.area, one.name))
    return StateList(state, len(rows), tuple(rows[:MOST_NAMES]))
