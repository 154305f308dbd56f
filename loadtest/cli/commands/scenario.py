"""``loadtest scenario``: write a new scenario, and try one out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from loadtest.cli import extras, options, output
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.errors import ExitCode, UsageError
from loadtest.core.signals import listening


@click.group(context_settings=HELP)
def scenario() -> None:
    """Write and try scenarios of your own."""


@scenario.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest scenario new 'POST /teams/' --out tests/load",
        "loadtest scenario new 'POST /widgets' --gateway path:. --out tests/load",
    ),
)
@click.argument("operation")
@setting_options(settings.GATEWAY)
@click.option("--out", type=options.FILE, default=Path(), help="Directory for the file [default: .]")
def new(operation: str, out: Path, **given: Any) -> None:
    """Write a scenario that calls OPERATION, such as 'POST /widgets', from the contract.

    It has the required fields, and reads back and deletes what it creates. What the contract does not say is marked
    with TODO. The contract is the stored one of a known version; a checkout is booted, and a URL is asked.
    """
    extras.require("scenario new", *Extra)
    from loadtest.app.scenarios.trying import contract_for
    from loadtest.core.files import prepare_directory, write_atomically
    from loadtest.core.progress import progress
    from loadtest.gateway.install.source import parse_source
    from loadtest.scenarios.scaffold import new_scenario

    home = settings.home()
    source = parse_source(given["gateway"], home)
    with listening(), progress() as shown:
        made = new_scenario(contract_for(source, home, shown), operation)
    path = prepare_directory(out) / made.filename
    if path.exists():
        raise UsageError(f"{path}: exists already, expected another --out or to edit it")
    write_atomically(path, made.text)
    given_gateway = f" --gateway {shlex.quote(given['gateway'])}" if given["gateway"] else ""
    click.echo(
        f"wrote {path} with {made.user_class}; try it with: loadtest scenario try {path}{given_gateway}"
    )


@scenario.command(
    "try",
    context_settings=HELP,
    epilog=examples(
        "loadtest scenario try tests/load/post_widgets.py --gateway path:.",
        "loadtest scenario try tests/load/*.py",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@setting_options(settings.GATEWAY, settings.DATABASE)
def try_(files: tuple[str, ...], **given: Any) -> None:
    """Run only the scenarios in the files once against a gateway, and print every exchange.

    The gateway is booted for it and stopped afterwards. The exit code is 1 if a call failed.
    """
    extras.require("scenario try", *Extra)
    from loadtest.app.scenarios.trying import try_scenarios
    from loadtest.core.progress import progress
    from loadtest.gateway.install.source import parse_source
    from loadtest.reports.call_trace import exchange_lines
    from loadtest.scenarios.source import read_sources

    home = settings.home()
    custom = tuple(one for one in read_sources(files) if not one.installed)
    with listening(), progress() as shown:
        chosen, calls = try_scenarios(
            custom,
            parse_source(given["gateway"], home),
            home=home,
            database=given["database"],
            progress=shown,
        )
    with output.optional():
        for line in exchange_lines(calls):
            click.echo(line)
        failed = sum(bool(one.fingerprint) for one in calls)
        names = ", ".join(one.name for one in chosen)
        click.echo("")
        click.echo(f"{names}: {len(calls)} calls, {failed} failed")
    raise SystemExit(int(ExitCode.FAIL if failed else ExitCode.PASS))
