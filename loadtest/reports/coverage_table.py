"""Coverage by area on a terminal or as JSON: of a run, of two runs, or of a contract without a run."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from loadtest.core.console import Console
from loadtest.judge.coverage import Coverage, CoverageState, counts_text
from loadtest.judge.coverage_diff import ContractCoverage, CoverageDiff
from loadtest.reports.terminal import plain


def print_coverage(coverage: Coverage, console: Console | None = None) -> None:
    """Print the number of operations in each state by area, and list those that are failing or not called."""
    console = console or Console()
    shown = [state for state in CoverageState if coverage.count(state)]
    rows = [
        [plain(area), *(str(row[state] or "") for state in shown)] for area, row in coverage.areas().items()
    ]
    console.table(["area", *(state.label for state in shown)], rows)
    for one in coverage.operations:
        if one.state in (CoverageState.FAILING, CoverageState.NOT_CALLED, CoverageState.NOT_UNDERSTOOD):
            console.line(plain(f"{one.state.label}: {one.name}: {one.reason}"))
    console.line(coverage.line)
    if not coverage.known:
        console.line("total unknown: the run has no contract")
    if coverage.pace_line:
        console.line(coverage.pace_line)


def print_coverage_diff(names: tuple[str, str], both: CoverageDiff, console: Console | None = None) -> None:
    """Print two coverages by area, operations offered by only one gateway, and changes of state."""
    console = console or Console()
    rows = [(plain(area), _cell(left), _cell(right)) for area, left, right in both.areas]
    console.table(("area", *map(plain, names)), [row for row in rows if any(row[1:])])
    for name, only in zip(names, (both.only_left, both.only_right), strict=True):
        for operation in only:
            console.line(plain(f"only {name}: {operation}"))
    for change in both.changes:
        words = f"{change.left.state.label} -> {change.right.state.label}"
        why = change.right.reason or change.left.reason
        console.line(plain(f"{words}: {change.name}: {why}"))


def print_contract_coverage(offer: ContractCoverage, console: Console | None = None) -> None:
    """Print the number of operations with a scenario by area, and list those without one."""
    console = console or Console()
    rows = [[plain(area), *(str(number or "") for number in row)] for area, row in offer.areas().items()]
    console.table(("area", "scenario", "no scenario", "excluded", "not in this version"), rows)
    for one in offer.not_offered:
        callers = ", ".join(offer.scenarios[one.name])
        console.line(plain(f"not in this version: {one.name}: called by {callers}"))
    for one in offer.unplanned:
        console.line(plain(f"no scenario: {one.name}"))
    console.line(offer.line)


def coverage_json(coverage: Coverage) -> str:
    """Return a coverage as JSON."""
    rows = [
        {
            "operation": one.name,
            "area": one.area,
            "state": one.state.value,
            "reason": one.reason,
            "requests": one.requests,
            "first_success": one.first_success,
            "within": one.within,
        }
        for one in coverage.operations
    ]
    seconds = {str(share): at for share, at in coverage.pace}
    total = coverage.total if coverage.known else None
    return _json({"succeeded": coverage.succeeded, "total": total, "seconds": seconds, "operations": rows})


def coverage_diff_json(names: tuple[str, str], both: CoverageDiff) -> str:
    """Return the differences between two coverages as JSON."""
    return _json(
        {
            "runs": names,
            "areas": {area: (_counts(left), _counts(right)) for area, left, right in both.areas},
            "only": (both.only_left, both.only_right),
            "changes": {one.name: (one.left.state.value, one.right.state.value) for one in both.changes},
        }
    )


def contract_coverage_json(offer: ContractCoverage) -> str:
    """Return the coverage of a contract by scenarios as JSON."""
    return _json(
        {
            "planned": {one.name: offer.scenarios.get(one.name, ()) for one in offer.planned},
            "unplanned": [one.name for one in offer.unplanned],
            "excluded": {one.name: one.reason for one in offer.excluded},
            "not_offered": {one.name: offer.scenarios[one.name] for one in offer.not_offered},
        }
    )


def _cell(counts: Mapping[CoverageState, int] | None) -> str:
    """Return the counts of an area as text; empty if none of its operations count."""
    words = counts_text(counts) if counts else ""
    return "" if words == "0/0" else words


def _counts(counts: Mapping[CoverageState, int] | None) -> dict[str, int]:
    return {state.value: number for state, number in (counts or {}).items() if number}


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
