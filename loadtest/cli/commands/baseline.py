"""``loadtest baseline``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from loadtest.app.accepting import accept
from loadtest.app.judging import JudgingOptions
from loadtest.cli import options
from loadtest.cli.options import FILE, HELP, examples


@click.group(context_settings=HELP)
def baseline() -> None:
    """Manage known failures."""


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
@options.csv_files
@click.option("--reason", required=True, help="Reason, in a sentence")
@click.option("--owner", required=True, help="Owner (team or @handle)")
@click.option("--expires", required=True, metavar="YYYY-MM-DD", help="Expiry date (inclusive)")
@click.option("--link", help="Issue URL")
@click.option(
    "--file",
    "path",
    type=FILE,
    default=Path("known-failures.toml"),
    show_default=True,
    help="File to add the entries to",
)
def accept_failures(
    fingerprints: tuple[str, ...],
    run_file: Path | None,
    prefix: Path | None,
    gateway_version: str | None,
    encoding: str | None,
    expires: str,
    path: Path,
    **entry: Any,
) -> None:
    """Accept new failures of a run as known failures: all of them, or those with the given fingerprints."""
    added = accept(
        options.the_run(run_file, prefix, gateway_version, encoding=encoding),
        JudgingOptions(),
        path,
        fingerprints=fingerprints,
        expires=options.the_date(expires),
        today=options.today(),
        **entry,
    )
    for known in added:
        words = (known.operation, known.problem.value, str(known.status or ""), known.message or "")
        click.echo(f"{path}: {' '.join(word for word in words if word)}")
    click.echo(f"{len(added)} written" if added else "nothing to accept: the run has no new failures")
