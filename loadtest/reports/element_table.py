"""Coverage of the documented input on a terminal or as JSON, by operation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from loadtest.core.console import Console
from loadtest.judge.coverage_level import CoverageLevel
from loadtest.judge.elements import ElementCoverage, InputCoverage, total
from loadtest.reports.terminal import plain
from loadtest.results.elements import INPUT

NOT_MEASURED = "not measured: the run does not record which parameters were sent"


def print_elements(
    coverage: ElementCoverage, level: CoverageLevel | None, console: Console | None = None
) -> None:
    """Print the checked and documented elements by area and operation, those not checked, and the level reached."""
    console = console or Console()
    if not coverage.measured:
        console.line(NOT_MEASURED)
        return
    rows = []
    areas: dict[str, list[InputCoverage]] = {}
    for one in coverage.operations:
        areas.setdefault(one.area, []).append(one)
    for area, members in sorted(areas.items()):
        sums = total(one.counts() for one in members)
        rows.append([plain(area), *(f"{checked}/{of}" if of else "" for checked, of in sums.values())])
    console.table(["area", *(kind.value for kind in INPUT)], rows)
    for one in coverage.operations:
        if one.open:
            console.line(plain(f"{one.operation}: {_counts(one)}; not checked: {', '.join(one.open)}"))
    console.line(coverage.line)
    if level is not None:
        for criterion in level.criteria:
            console.line(f"level {criterion.level}: {criterion}")
        console.line(level.line)


def elements_json(coverage: ElementCoverage, level: CoverageLevel | None) -> str:
    """Return the coverage of the documented input as JSON; ``operations`` is null if it was not measured."""
    rows = {
        one.operation: {
            "checked": one.checked,
            "missing": one.missing,
            "not_yet": one.not_yet,
            "excluded": one.excluded,
            "stale": one.stale,
        }
        for one in coverage.operations
    }
    totals = {kind.value: counts for kind, counts in coverage.counts().items()}
    found = {
        "totals": totals,
        "level": level.reached if level else None,
        "criteria": {one.criterion: (one.covered, one.total) for one in level.criteria} if level else {},
        "operations": rows if coverage.measured else None,
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def stored_list(elements: Mapping[str, Sequence[str]]) -> str:
    """Return a list of elements as JSON with one line per operation."""
    rows = (f"{json.dumps(operation)}: {json.dumps(names)}" for operation, names in elements.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _counts(one: InputCoverage) -> str:
    return ", ".join(f"{kind} {checked}/{of}" for kind, (checked, of) in one.counts().items() if of)
