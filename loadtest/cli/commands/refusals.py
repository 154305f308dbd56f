"""``loadtest refusals``."""

from __future__ import annotations

from pathlib import Path

import click

from loadtest.cli.options import FILE, HELP, examples
from loadtest.core import settings


@click.group(context_settings=HELP)
def refusals() -> None:
    """Manage the recorded answers to requests that must be refused."""


@refusals.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest refusals record", "loadtest refusals record --run one/run.json --run two/run.json --again"
    ),
)
@click.option(
    "--run", "paths", type=FILE, multiple=True, help="Runs to record [default: REPORTS_DIR/run.json]"
)
@click.option("--again", is_flag=True, help="Remove recorded outcomes that the runs did not observe")
def record(paths: tuple[Path, ...], again: bool) -> None:
    """Record how a gateway version refuses, from complete runs.

    Writes loadtest/versions/VERSION.refusals.json; review the difference before you commit it.
    """
    from loadtest.adoption.refusals import record_refusals
    from loadtest.results.run import read_run

    runs = [read_run(path) for path in paths or (settings.reports_directory() / "run.json",)]
    click.echo(f"recorded in {record_refusals(runs, again=again)}; review the difference")
