"""``loadtest coverage``: one run, two runs side by side, or a contract compared with the scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from loadtest.app.judging import JudgingOptions, judge_run
from loadtest.cli import options
from loadtest.cli.options import FILE, HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.errors import ExitCode, UsageError
from loadtest.core.files import read_json, write_atomically
from loadtest.core.operations import METHODS, canonical
from loadtest.core.units import plural
from loadtest.engine.scenario_plan import check_operations, discover_scenarios
from loadtest.judge.coverage_diff import contract_coverage, diff_coverage
from loadtest.judge.elements import open_elements
from loadtest.openapi.contracts import closest, known_operations
from loadtest.reports import coverage_table, element_table
from loadtest.results.run import Run
from loadtest.scenarios.source import ScenarioSource
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData, not_yet_path


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest coverage",
        "loadtest coverage --parameters",
        "loadtest coverage --parameters --update --run a/run.json --run b/run.json",
        "loadtest coverage --run before/run.json --run reports/run.json",
        "loadtest coverage --contract reports/openapi.json --scenarios tests/load",
    ),
)
@click.option(
    "--run",
    "runs",
    type=FILE,
    multiple=True,
    help="Run to use; give two to compare them [default: REPORTS_DIR/run.json]",
)
@click.option(
    "--contract", type=FILE, help="OpenAPI document of a gateway to compare with the scenarios, without a run"
)
@click.option(
    "--gateway",
    metavar="VERSION",
    help="Gateway version, which determines the exclusions; requires --contract "
    "[default: the version with the closest contract]",
)
@setting_options(settings.SCENARIOS)
@click.option(
    "--parameters",
    is_flag=True,
    help="Show the coverage of documented query parameters, values and body properties, by operation",
)
@click.option(
    "--update",
    is_flag=True,
    help="With --parameters: shorten the version's list of parameters that are not checked yet, or write it",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON")
def coverage(
    runs: tuple[Path, ...],
    contract: Path | None,
    gateway: str | None,
    scenarios: tuple[str, ...],
    parameters: bool,
    update: bool,
    as_json: bool,
) -> None:
    """Show which operations of the contract a run called, by area.

    With --contract no run is needed; the exit code is 1 if an operation has no scenario, neither a built-in one nor one
    of --scenarios.

    With --parameters it shows which documented query parameters, values of enumerations and booleans, and body
    properties were part of a successful call whose effect was checked.
    """
    if update and not parameters:
        raise UsageError("--update: expected together with --parameters")
    if contract is not None:
        if runs:
            raise UsageError("--run and --contract: expected one of them")
        if parameters:
            raise UsageError("--parameters and --contract: expected one of them")
        custom = options.read_scenarios(scenarios)
        raise SystemExit(_show_contract(contract, gateway, custom, as_json=as_json))
    if scenarios:
        raise UsageError("--scenarios: expected together with --contract; a run contains its scenarios")
    if gateway is not None:
        raise UsageError("--gateway: expected together with --contract; a run names its gateway")
    if update:
        _update_elements(runs)
    elif parameters:
        _show_elements(runs, as_json=as_json)
    else:
        _show_runs(runs, as_json=as_json)


def _update_elements(paths: Sequence[Path]) -> None:
    """Write the list of the elements that one of the runs did not check; an existing list only gets shorter.

    Raises:
        UsageError: a run cannot be read, was limited, or they are not of one known version.
    """
    runs = [options.the_run(path) for path in paths or (None,)]
    gateways = {run.gateway.data if run.gateway else None for run in runs}
    version = gateways.pop()
    if gateways or version is None:
        raise UsageError("--update: expected runs of one known gateway version")
    found = [judge_run(run, JudgingOptions(), options.today()).coverage for run in runs]
    limits = {one.partial or ("" if one.elements.measured else element_table.NOT_MEASURED) for one in found}
    if any(limits):
        raise UsageError(f"--update: expected complete runs: {', '.join(sorted(filter(None, limits)))}")
    listed = open_elements([one.elements for one in found])
    path = not_yet_path(version)
    write_atomically(path, element_table.stored_list(listed))
    click.echo(f"{path}: {plural(sum(map(len, listed.values())), 'parameter')} not checked yet")


def _show_elements(paths: Sequence[Path], *, as_json: bool) -> None:
    """Print the coverage of the documented input in the last run, or in the one in ``paths``.

    Raises:
        UsageError: there is more than one run, or it cannot be read.
    """
    if len(paths) > 1:
        raise UsageError(f"--run: given {len(paths)} times, expected one run with --parameters")
    run = options.the_run(paths[0] if paths else None)
    verdict = judge_run(run, JudgingOptions(), options.today())
    if as_json:
        click.echo(element_table.elements_json(verdict.coverage.elements, verdict.level))
    else:
        element_table.print_elements(verdict.coverage.elements, verdict.level)


def _show_runs(paths: Sequence[Path], *, as_json: bool = False) -> None:
    """Print the coverage of the last run, of the one in ``paths``, or of two side by side.

    Raises:
        UsageError: there are more than two runs, or one cannot be read.
    """
    if len(paths) > 2:
        raise UsageError(f"--run: given {len(paths)} times, expected at most two runs")
    runs = [options.the_run(path) for path in paths or (None,)]
    found = [judge_run(run, JudgingOptions(), options.today()).coverage for run in runs]
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


def _show_contract(
    path: Path, version: str | None, custom: Sequence[ScenarioSource], *, as_json: bool = False
) -> ExitCode:
    """Print which operations of the OpenAPI document in ``path`` have a scenario; fail if one has none.

    Raises:
        UsageError: the file is not such a document, ``version`` is unknown, or a ``custom`` scenario is not valid.
    """
    operations, data = _contract(path, version)
    check_operations(custom, known_operations() | set(operations))
    offered = contract_coverage(operations, discover_scenarios(custom=custom), data.excluded)
    if as_json:
        click.echo(coverage_table.contract_coverage_json(offered))
    else:
        coverage_table.print_contract_coverage(offered)
    return ExitCode.FAIL if offered.unplanned else ExitCode.PASS


class _Info(msgspec.Struct):
    version: str | None = None


class _Document(msgspec.Struct):
    """The parts of an OpenAPI document that define its operations."""

    paths: dict[str, dict[str, Any]]
    info: _Info = msgspec.field(default_factory=_Info)
    components: dict[str, Any] = msgspec.field(default_factory=dict)


def _contract(path: Path, version: str | None) -> tuple[tuple[str, ...], VersionData]:
    """Return the operations of a document, and the data of ``version`` or of the one with the closest contract."""
    document = read_json(path, _Document, "an OpenAPI document")
    names = {canonical(m, path) for path, methods in document.paths.items() for m in METHODS if m in methods}
    if not names:
        raise UsageError(f"{path}: paths: has no operations, expected those of a gateway")
    version = version or closest(msgspec.to_builtins(document), versions.available())
    return tuple(sorted(names)), versions.load(version)


def _names(paths: Sequence[Path], runs: Sequence[Run]) -> tuple[str, str]:
    """Return labels for two runs: the versions of their gateways, or their files if the versions are equal."""
    first, second = (run.gateway.version if run.gateway else None for run in runs)
    if first and second and first != second:
        return first, second
    return str(paths[0]), str(paths[1])
