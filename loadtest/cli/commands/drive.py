"""``loadtest drive``."""

from __future__ import annotations

from typing import Any

import click

from loadtest.cli import extras, options
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest drive -u 5 -t 30s",
        "loadtest drive --ui",
        "loadtest drive -- --list",
        "loadtest drive -- TeamsCRUDUser RBACCRUDUser",
    ),
)
@setting_options(*settings.SIZE, settings.REPORTS_DIR)
@click.option("--ui", is_flag=True, help="Start Locust's web page, and the load from there")
@options.master
@setting_options(*settings.MASTER)
@options.generated_only
@options.listing
@options.locust
def drive(ui: bool, **given: Any) -> None:
    """Run Locust only.

    Tests the gateway at $LOADTEST_HOST or $GATEWAY, or the one started with `boot --detach`. Writes run.json and
    Locust's own reports; `loadtest report` evaluates them.
    """
    custom = options.read_scenarios(given["scenarios"])
    options.check_selection(given, custom)
    extras.require("drive", Extra.LOAD, Extra.GATEWAY)
    from loadtest.app.drive import drive_alone

    master = options.read_master(given)
    code = drive_alone(
        options.read_size(given),
        home=settings.home(),
        reports=options.reports_directory(given),
        ui=ui,
        master=master,
        explicit=options.explicit(given),
        arguments=options.locust_arguments(given),
        custom=custom,
        generated_only=given["generated_only"],
    )
    raise SystemExit(code)
