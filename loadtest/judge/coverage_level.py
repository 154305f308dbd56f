"""The test coverage level that a run reaches.

The criteria and levels are those of A. Martin-Lopez, S. Segura and A. Ruiz-Cortés, "Test Coverage Criteria for RESTful
Web APIs", A-TEST 2019, https://doi.org/10.1145/3340433.3342822. A level is reached if its criteria and those of all
lower levels are met completely. Excluded operations and elements do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from loadtest.core.operations import base
from loadtest.judge.coverage import Coverage, CoverageState
from loadtest.results.elements import ElementKind, kind_of
from loadtest.results.run import Run

HIGHEST = 7


class Covered(NamedTuple):
    """How far one criterion is met."""

    level: int
    criterion: str
    covered: int
    total: int

    def __str__(self) -> str:
        return f"{self.criterion} {self.covered}/{self.total}"


class CoverageLevel(NamedTuple):
    """The level reached, from 0 to 7, and every criterion in the order of the levels."""

    reached: int
    criteria: tuple[Covered, ...]

    @property
    def line(self) -> str:
        """``test coverage level 3 of 7; for level 4: parameters 560/578``."""
        text = f"test coverage level {self.reached} of {HIGHEST}"
        lacking = [
            str(one) for one in self.criteria if one.level == self.reached + 1 and one.covered < one.total
        ]
        return f"{text}; for level {self.reached + 1}: {', '.join(lacking)}" if lacking else text


def coverage_level(run: Run, coverage: Coverage) -> CoverageLevel | None:
    """Return the level that ``run`` reaches; None if it does not record the documented elements."""
    if run.elements is None or not coverage.known:
        return None
    criteria = tuple(sorted(_criteria(run, coverage), key=lambda one: one.level))
    reached = HIGHEST
    for one in criteria:
        if one.covered < one.total:
            reached = min(reached, one.level - 1)
    return CoverageLevel(reached, criteria)


def _criteria(run: Run, coverage: Coverage) -> Iterator[Covered]:
    counted = [one for one in coverage.operations if one.counted]
    called = {one.name for one in counted if one.state is not CoverageState.NOT_CALLED}
    paths = {one.name.partition(" ")[2] for one in counted}
    yield Covered(1, "paths", len(paths & {name.partition(" ")[2] for name in called}), len(paths))
    yield Covered(2, "operations", len(called), len(counted))
    seen, total = Counter[ElementKind](), Counter[ElementKind]()
    classes: set[tuple[str, str]] = set()
    reached: set[tuple[str, str]] = set()
    names = {one.name for one in counted}
    for operation, elements in (run.elements or {}).items():
        if operation not in names:
            continue
        for element, count in elements.items():
            kind = kind_of(element)
            total[kind] += 1
            seen[kind] += bool(count)
            if kind is ElementKind.STATUS:
                status_class = operation, element.removeprefix("status ")[0]
                classes.add(status_class)
                if count:
                    reached.add(status_class)
    # Whether elements of requests are checked depends on the version's exclusions.
    for kind, (checked, of) in coverage.elements.counts().items():
        seen[kind], total[kind] = checked, of
    yield Covered(3, "media types", seen[ElementKind.MEDIA_TYPE], total[ElementKind.MEDIA_TYPE])
    inputs = (ElementKind.PARAMETER, ElementKind.PROPERTY)
    yield Covered(4, "parameters", sum(seen[kind] for kind in inputs), sum(total[kind] for kind in inputs))
    yield Covered(4, "status code classes", len(reached), len(classes))
    yield Covered(5, "values", seen[ElementKind.VALUE], total[ElementKind.VALUE])
    yield Covered(5, "status codes", seen[ElementKind.STATUS], total[ElementKind.STATUS])
    kind = ElementKind.RESPONSE_PROPERTY
    yield Covered(6, "response properties", seen[kind], total[kind])
    flows = {one.name for one in run.plan if len({base(call.operation) for call in one.calls}) > 1}
    ended = {one.name for one in run.scenarios or () if one.completed}
    yield Covered(7, "flows", len(flows & ended), len(flows))
