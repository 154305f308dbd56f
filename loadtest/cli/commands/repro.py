"""``loadtest repro``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from loadtest.cli import extras, options, output
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.errors import ExitCode
from loadtest.core.signals import listening


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest repro 3f2a9c01b7de",
        "loadtest repro 3f2a9c01b7de --keep",
        "loadtest repro 3f2a9c01b7de --run old/run.json --gateway path:../mcp-context-forge",
    ),
)
@click.argument("fingerprint")
@options.run_file
@setting_options(settings.GATEWAY, settings.DATABASE, settings.PORT)
@click.option(
    "--keep", is_flag=True, help="Stop at the failing call, leave the gateway running, and print a token"
)
def repro(fingerprint: str, run_file: Path | None, keep: bool, **given: Any) -> None:
    """Reproduce a failure of a run: boot its gateway and perform the scenario up to the failing call.

    Prints the calls, and the request, the response and the gateway's log lines of the failing one. The gateway is that
    of the run, with its database, settings and port if that is free, unless --gateway names another. The exit code is 0
    if the call failed again, and 1 if not. After --keep, the curl commands work; stop the gateway with
    `loadtest boot --stop`.
    """
    extras.require("repro", *Extra)
    from loadtest.app import repro as app
    from loadtest.core.progress import progress
    from loadtest.gateway.install.source import parse_source
    from loadtest.reports.call_trace import trace_lines
    from loadtest.scenarios.source import read_sources

    run = options.the_run(run_file)
    failure = app.failure_of(run, fingerprint)
    home = settings.home()
    source = parse_source(given["gateway"] or (run.gateway.source if run.gateway else None), home)
    with listening(), progress() as shown:
        done = app.reproduce(
            failure,
            source,
            home=home,
            keep=keep,
            port=given["port"] or app.port_of(run, failure),
            database=given["database"] or app.database_of(run),
            overrides=app.overrides_of(run),
            custom=read_sources(run.settings.scenarios),
            progress=shown,
        )
    with output.optional():
        for line in trace_lines(done.calls, failure.fingerprint, done.log):
            click.echo(line)
        click.echo("")
        if keep:
            click.echo(f"The gateway runs at {done.gateway.host}; stop it with `loadtest boot --stop`")
            click.echo(f"export TOKEN={shlex.quote(done.gateway.credentials.bearer())}")
        word = "reproduced" if done.found else "not reproduced"
        click.echo(f"{word}: {failure.fingerprint} {failure.operation} in {failure.scenario}")
    raise SystemExit(int(ExitCode.PASS if done.found else ExitCode.FAIL))
