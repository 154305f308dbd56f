"""``loadtest boot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loadtest.cli import extras, options
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.errors import InconclusiveError
from loadtest.core.signals import listening

if TYPE_CHECKING:
    from loadtest.gateway.running import RunningGateway

POLL = 0.2
"""Seconds between checks whether the gateway still runs."""


@click.command(
    context_settings=HELP,
    epilog=examples("loadtest boot", "loadtest boot --gateway 1.0.0rc1 --detach", "loadtest boot --stop"),
)
@setting_options(settings.GATEWAY, settings.DATABASE, settings.OVERRIDES, settings.PORT, settings.SCENARIOS)
@click.option("--detach", "action", flag_value="detach", help="Return when it is up, and leave it running")
@click.option("--stop", "action", flag_value="stop", help="Stop the gateway started with --detach")
@click.option("--status", "action", flag_value="status", help="Show the gateway started with --detach")
def boot(action: str | None, **given: Any) -> None:
    """Boot a gateway and its backends, and run them until Ctrl-C.

    With --scenarios, the backends beside these scenarios run as well.
    """
    extras.require("boot", Extra.BACKENDS, Extra.GATEWAY)
    from loadtest.gateway.boot import booted
    from loadtest.gateway.install.source import parse_source
    from loadtest.gateway.overrides import parse_overrides
    from loadtest.gateway.process import detached

    home = settings.home()
    overrides = parse_overrides(given["settings"])
    port, database = given["port"], given["database"]
    custom = options.read_scenarios(given["scenarios"])
    if action == "stop":
        click.echo("stopped" if detached.stop_detached(home) else "no gateway is running")
    elif action == "status":
        click.echo(detached.status(home))
    elif action == "detach":
        with listening():
            source = parse_source(given["gateway"], home)
            _show_notes(
                detached.boot_detached(
                    source, home=home, port=port, database=database, overrides=overrides, custom=custom
                )
            )
        click.echo(detached.status(home))
    else:
        with (
            listening() as stop,
            booted(
                parse_source(given["gateway"], home),
                home=home,
                port=port,
                database=database,
                overrides=overrides,
                custom=custom,
            ) as running,
        ):
            _show_notes(running)
            click.echo(f"{running.source} runs at {running.host}; press Ctrl-C to stop it")
            while running.death() is None:
                stop.pause(POLL)
            raise InconclusiveError(f"{running.source} ended on its own")


def _show_notes(gateway: RunningGateway) -> None:
    for note in gateway.notes:
        click.echo(f"note: {note}", err=True)
