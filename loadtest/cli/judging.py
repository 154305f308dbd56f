"""The commands that look at a run: judge it, show its coverage, accept its failures as known."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import click

from loadtest.app.judging import Options, ReportError, accept, judge_and_report
from loadtest.cli import options, output
from loadtest.cli.coverage import show_contract, show_runs
from loadtest.cli.options import HELP, examples
from loadtest.core import env as settings
from loadtest.core.errors import UsageError
from loadtest.judge.verdict import Verdict
from loadtest.reports.terminal import print_verdict
from loadtest.results.run import Run


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest report",
        "loadtest report --csv reports/locust --reports-dir out",
        "loadtest report --run old/run.json --known-failures ci/known-failures.toml",
    ),
)
@options.run_file
@click.option(
    "--csv",
    "prefix",
    type=click.Path(path_type=Path),
    metavar="PREFIX",
    help="The CSV files of any Locust, instead of a run: PREFIX_stats.csv and the others.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    help="With --csv: that of files that are neither UTF-8 nor UTF-16, such as cp1252.",
)
@click.option("--gateway-version", metavar="VERSION", help="With --csv: whose known failures apply.")
@options.judging
@options.reports_dir
def report(
    run_file: Path | None,
    prefix: Path | None,
    encoding: str | None,
    gateway_version: str | None,
    reports_dir: Path | None,
    **judging: Any,
) -> None:
    """Judge a run and write its reports. Exits with the verdict's code.

    Without --run and --csv it is run.json in the directory of reports, the one that --reports-dir names if it is given.
    """
    reports = reports_dir or settings.reports_directory()
    measured = options.the_run(run_file, prefix, gateway_version, reports, encoding)
    try:
        verdict = judge_and_report(measured, options.read_options(**judging), reports, options.today())
    except ReportError as error:
        print_verdict(error.run, error.verdict)
        raise UsageError(str(error)) from error
    conclude(measured, verdict)


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest coverage",
        "loadtest coverage --run before/run.json --run reports/run.json",
        "loadtest coverage --contract reports/openapi.json",
    ),
)
@click.option(
    "--run",
    "runs",
    type=options.FILE,
    multiple=True,
    help="A run; two are shown side by side. [default: run.json in the directory of reports]",
)
@click.option(
    "--contract",
    type=options.FILE,
    help="The OpenAPI document of a gateway, instead of a run: what has a scenario?",
)
@click.option(
    "--gateway",
    metavar="VERSION",
    help="With --contract: whose exclusions apply. [default: the version nearest to the document's]",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def coverage(runs: tuple[Path, ...], contract: Path | None, gateway: str | None, as_json: bool) -> None:
    """Show which operations of the contract a run reached, by area.

    With --contract no run is needed; the exit code is 1 if an operation has no scenario.
    """
    if contract is not None:
        if runs:
            raise UsageError("--run and --contract: expected one of them")
        raise SystemExit(show_contract(contract, gateway, as_json=as_json))
    if gateway is not None:
        raise UsageError(
            "--gateway: expected together with --contract; a run says itself what it was made on"
        )
    show_runs(runs, as_json=as_json)


@click.group(context_settings=HELP)
def baseline() -> None:
    """Work with known failures."""


@baseline.command(
    "accept",
    context_settings=HELP,
    epilog=examples(
        "loadtest baseline accept --reason 'fixed by #123' --owner @team --expires 2027-01-31",
        "loadtest baseline accept 3f2a9c01b7de --reason '…' --owner @me --expires 2027-01-31",
    ),
)
@click.argument("fingerprints", nargs=-1, metavar="[FINGERPRINT]...")
@options.run_file
@click.option("--reason", required=True, help="Why these failures are excused, in a sentence.")
@click.option("--owner", required=True, help="Who sees to it.")
@click.option("--expires", required=True, metavar="YYYY-MM-DD", help="The last day that excuses.")
@click.option("--link", help="Where it is being worked on.")
@click.option(
    "--file",
    "path",
    type=options.FILE,
    default=Path("known-failures.toml"),
    show_default=True,
    help="Where the entries are written.",
)
def accept_failures(
    fingerprints: tuple[str, ...], run_file: Path | None, expires: str, path: Path, **entry: Any
) -> None:
    """Write known-failure entries for what a run shows: every new failure, or those named."""
    added = accept(
        options.the_run(run_file),
        Options(),
        path,
        fingerprints=fingerprints,
        expires=options.the_date(expires),
        today=options.today(),
        **entry,
    )
    for known in added:
        words = (known.operation, known.problem.value, str(known.status or ""), known.message or "")
        click.echo(f"{path}: {' '.join(word for word in words if word)}")
    click.echo(f"{len(added)} written" if added else "nothing to accept: this run shows no new failure")


def conclude(measured: Run, verdict: Verdict) -> NoReturn:
    """Print the verdict and exit with its code."""
    with output.optional():
        print_verdict(measured, verdict)
    raise SystemExit(verdict.exit_code)
