"""What ``loadtest coverage`` shows: one run, two side by side, or a contract beside the scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from loadtest.app.judging import Options, judge_run
from loadtest.cli import options
from loadtest.core.errors import ExitCode, UsageError
from loadtest.core.files import read_json
from loadtest.core.operations import METHODS, canonical
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.judge.coverage_diff import contract_coverage, diff_coverage
from loadtest.openapi.contracts import closest
from loadtest.reports import coverage_table
from loadtest.results.run import Run
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData


def show_runs(paths: Sequence[Path], *, as_json: bool = False) -> None:
    """Print the coverage of the last run, of the one in ``paths``, or of two side by side.

    Raises:
        UsageError: more than two runs, or one that cannot be read.
    """
    if len(paths) > 2:
        raise UsageError(f"--run: given {len(paths)} times, expected at most two runs")
    runs = [options.the_run(path) for path in paths or (None,)]
    found = [judge_run(run, Options(), options.today()).coverage for run in runs]
    if len(found) == 2:
        names, both = _names(paths, runs), diff_coverage(*found)
        if as_json:
            click.echo(coverage_table.coverage_diff_json(names, both))
        else:
            coverage_table.print_coverage_diff(names, both)
    elif as_json:
        click.echo(coverage_table.coverage_json(found[0]))
    else:
        coverage_table.print_coverage(found[0])


def show_contract(path: Path, version: str | None, *, as_json: bool = False) -> ExitCode:
    """Print which operations of the OpenAPI document in ``path`` have a scenario; fail if one has none.

    Raises:
        UsageError: the file holds no such document, or ``version`` is unknown.
    """
    operations, data = _contract(path, version)
    offered = contract_coverage(operations, discover_scenarios(), data.excluded)
    if as_json:
        click.echo(coverage_table.contract_coverage_json(offered))
    else:
        coverage_table.print_contract_coverage(offered)
    return ExitCode.FAIL if offered.unplanned else ExitCode.PASS


class _Info(msgspec.Struct):
    version: str | None = None


class _Document(msgspec.Struct):
    """As much of an OpenAPI document as its operations need."""

    paths: dict[str, dict[str, Any]]
    info: _Info = msgspec.field(default_factory=_Info)
    components: dict[str, Any] = msgspec.field(default_factory=dict)


def _contract(path: Path, version: str | None) -> tuple[tuple[str, ...], VersionData]:
    """Return the operations of a document, and the data of ``version`` or of the one with the closest contract."""
    document = read_json(path, _Document, "an OpenAPI document")
    names = {canonical(m, path) for path, methods in document.paths.items() for m in METHODS if m in methods}
    if not names:
        raise UsageError(f"{path}: paths: holds no operation, expected those of a gateway")
    version = version or closest(msgspec.to_builtins(document), versions.available())
    return tuple(sorted(names)), versions.load(version)


def _names(paths: Sequence[Path], runs: Sequence[Run]) -> tuple[str, str]:
    """Return what to call two runs: their gateways' versions, or their files where that is the same."""
    first, second = (run.gateway.version if run.gateway else None for run in runs)
    if first and second and first != second:
        return first, second
    return str(paths[0]), str(paths[1])
