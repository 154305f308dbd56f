"""``loadtest gateways``."""

from __future__ import annotations

import json

import click

from loadtest.cli import extras
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples
from loadtest.core.errors import UsageError
from loadtest.versions import data as versions


@click.command(
    context_settings=HELP,
    epilog=examples("loadtest gateways", "loadtest gateways --json", "loadtest gateways --newer --pre"),
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list")
@click.option("--newer", is_flag=True, help="List releases on the package index that are newer than these")
@click.option("--pre", is_flag=True, help="Include pre-releases; requires --newer")
def gateways(as_json: bool, newer: bool, pre: bool) -> None:
    """List the known gateway versions, newest first.

    With --newer, each release is listed with the Python versions that it requires.
    """
    known = versions.available()
    if pre and not newer:
        raise UsageError("--pre: expected together with --newer")
    if not newer:
        click.echo(json.dumps(known) if as_json else "\n".join(known))
        return
    extras.require("gateways --newer", Extra.GATEWAY)
    from loadtest.adoption import releases as index
    from loadtest.adoption.newer import newer_versions

    names = newer_versions(known, pre=pre)
    if not names:
        click.echo(f"no release on the package index is newer than {known[0]}", err=True)
    if as_json:
        click.echo(json.dumps(names))
    for name in () if as_json else names:
        click.echo(index.release(name))
