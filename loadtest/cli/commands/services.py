"""``loadtest services``."""

from __future__ import annotations

import click

from loadtest.cli import extras
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP
from loadtest.core import settings
from loadtest.core.signals import listening


@click.group(context_settings=HELP)
def services() -> None:
    """Run PostgreSQL and Redis on this machine, for --database postgres."""


@services.command("up", context_settings=HELP)
def services_up() -> None:
    """Start both and leave them running."""
    extras.require("services up", Extra.GATEWAY)
    from loadtest.gateway.services import status, up

    with listening():
        up(settings.home())
    click.echo(status(settings.home()))


@services.command("down", context_settings=HELP)
def services_down() -> None:
    """Stop both and delete their data."""
    extras.require("services down", Extra.GATEWAY)
    from loadtest.gateway.services import down

    click.echo("stopped" if down(settings.home()) else "no services are running")


@services.command("status", context_settings=HELP)
def services_status() -> None:
    """Show the running services."""
    extras.require("services status", Extra.GATEWAY)
    from loadtest.gateway.services import status

    click.echo(status(settings.home()))
