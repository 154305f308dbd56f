"""The commands around a gateway: which versions are known, a new one, one that is booted, services for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loadtest.cli import options
from loadtest.cli.options import HELP, examples
from loadtest.core import env as settings
from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.signals import listening
from loadtest.versions import data as versions

if TYPE_CHECKING:
    from loadtest.gateway.running import RunningGateway


@click.command(
    context_settings=HELP,
    epilog=examples("loadtest gateways", "loadtest gateways --json", "loadtest gateways --newer --pre"),
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON list, for the matrix of a workflow.")
@click.option(
    "--newer", is_flag=True, help="The releases on the package index that are newer than all of these."
)
@click.option("--pre", is_flag=True, help="With --newer: pre-releases, too.")
def gateways(as_json: bool, newer: bool, pre: bool) -> None:
    """List the gateway versions known by name, newest first.

    With --newer, each release is listed with the versions of Python that it needs, whichever of them are here.
    """
    from loadtest.adoption import releases as index
    from loadtest.adoption.newer import newer_versions

    known = versions.available()
    if pre and not newer:
        raise UsageError("--pre: expected together with --newer")
    if not newer:
        click.echo(json.dumps(known) if as_json else "\n".join(known))
        return
    names = newer_versions(known, pre=pre)
    if not names:
        click.echo(f"no release on the package index is newer than {known[0]}", err=True)
    if as_json:
        click.echo(json.dumps(names))
    for name in () if as_json else names:
        click.echo(index.release(name))


@click.command(
    context_settings=HELP, epilog=examples("loadtest adopt 1.0.8", "loadtest adopt 1.0.8 --summary new.md")
)
@click.argument("version")
@click.option(
    "--summary",
    type=options.FILE,
    help="A file for all that is new, in Markdown. [default: gateway-VERSION.md beside the reports]",
)
def adopt(version: str, summary: Path | None) -> None:
    """Make a release of the gateway a known version, and print what is new in it.

    Resolves its lock, boots it, and drafts its data file from that of the known version whose contract is closest.
    """
    from loadtest.adoption.adopt import adopt as adopted
    from loadtest.adoption.releases import check_release
    from loadtest.adoption.report import in_markdown, in_plain_text
    from loadtest.core.files import prepare_directory, write_atomically

    check_release(version)
    summary = summary or settings.reports_directory() / f"gateway-{version}.md"
    prepare_directory(summary.parent)
    with listening():
        found = adopted(version, settings.home(), lambda step: click.echo(f"{step} …", err=True))
    write_atomically(summary, in_markdown(found))
    click.echo(in_plain_text(found, summary), nl=False)


@click.command(
    context_settings=HELP,
    epilog=examples("loadtest boot", "loadtest boot --gateway 1.0.0rc1 --detach", "loadtest boot --stop"),
)
@options.gateway
@options.database
@options.overrides
@options.port
@click.option("--detach", "action", flag_value="detach", help="Return when it is up; leave it running.")
@click.option("--stop", "action", flag_value="stop", help="Stop what --detach left running.")
@click.option("--status", "action", flag_value="status", help="Say what --detach left running.")
def boot(
    gateway: str | None,
    database: str | None,
    overrides: tuple[str, ...],
    port: int | None,
    action: str | None,
) -> None:
    """Boot a gateway with its backends, until Ctrl-C."""
    from loadtest.gateway.boot import booted
    from loadtest.gateway.install.source import parse_source
    from loadtest.gateway.overrides import parse_overrides
    from loadtest.gateway.process import detached as state

    home = settings.home()
    changed = parse_overrides(overrides)
    if action == "stop":
        click.echo("stopped" if state.stop_detached(home) else "no gateway runs")
    elif action == "status":
        click.echo(state.status(home))
    elif action == "detach":
        with listening():
            _tell(
                state.boot_detached(
                    parse_source(gateway, home), home=home, port=port, database=database, overrides=changed
                )
            )
        click.echo(state.status(home))
    else:
        with (
            listening() as stop,
            booted(
                parse_source(gateway, home), home=home, port=port, database=database, overrides=changed
            ) as running,
        ):
            _tell(running)
            click.echo(f"{running.source} runs at {running.host}; Ctrl-C stops it")
            while running.death() is None:
                stop.pause(0.2)
            raise InconclusiveError(f"{running.source} ended on its own")


def _tell(gateway: RunningGateway) -> None:
    for note in gateway.notes:
        click.echo(f"note: {note}", err=True)


@click.group(context_settings=HELP)
def services() -> None:
    """Run PostgreSQL and Redis on this machine, for gateways booted with --database postgres."""


@services.command("up", context_settings=HELP)
def services_up() -> None:
    """Start both and leave them running."""
    from loadtest.gateway.services import status, up

    with listening():
        up(settings.home())
    click.echo(status(settings.home()))


@services.command("down", context_settings=HELP)
def services_down() -> None:
    """Stop both and remove their data."""
    from loadtest.gateway.services import down

    click.echo("stopped" if down(settings.home()) else "no services run")


@services.command("status", context_settings=HELP)
def services_status() -> None:
    """Say what `services up` left running."""
    from loadtest.gateway.services import status

    click.echo(status(settings.home()))
