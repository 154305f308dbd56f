"""``loadtest run``."""

from __future__ import annotations

import os
from typing import Any

import click

from loadtest.cli import extras, options, output
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.address import given_address
from loadtest.core.signals import listening


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest run",
        "loadtest run --gateway path:../mcp-context-forge --criteria 'p95 < 800ms'",
        "loadtest run --gateway path:. --base path:../main",
        "loadtest run --set PLUGINS_ENABLED=false --set TOOL_TIMEOUT=5",
        "loadtest run --gateway path:. --scenarios tests/load",
        "loadtest run -u 50 -t 5m --processes 2 -T tokens",
        "loadtest run --list-scenarios",
        "loadtest run --master --expect-workers 3 --gateway http://10.0.0.5:4444 -u 600",
    ),
)
@setting_options(
    *(settings.GATEWAY, settings.DATABASE, settings.OVERRIDES, settings.PORT, settings.REPLICAS),
    *(settings.BASE, settings.BASE_OVERRIDES, settings.PAIRS_FOR),
    *settings.SIZE,
)
@options.master
@setting_options(*settings.MASTER, *settings.JUDGING, settings.REPORTS_DIR)
@options.generated_only
@options.as_json
@options.listing
@options.locust
def run(as_json: bool, **given: Any) -> None:
    """Boot a gateway, run the load test, evaluate, write reports, stop.

    With $LOADTEST_HOST or an address as --gateway, that gateway is tested and nothing is booted. The exit code is
    that of the verdict.
    """
    custom = options.read_scenarios(given["scenarios"])
    options.check_selection(given, custom)
    if any(one.installed for one in custom):  # an environment of its own would not have their packages
        extras.require("run", *Extra)
    extras.install_missing(base=bool(given["base"]))
    from loadtest.app.job import Job, master_target, run_job
    from loadtest.app.judging import ReportError
    from loadtest.core.progress import progress
    from loadtest.gateway.install.source import parse_source
    from loadtest.gateway.overrides import parse_overrides

    home = settings.home()
    master = options.read_master(given)
    gateway = given_address(given["gateway"], os.environ)
    gateway, held = master_target(gateway, home) if master else (gateway, None)
    job = Job(
        source=parse_source(gateway, home),
        held=held,
        master=master,
        size=options.read_size(given),
        home=home,
        reports=options.reports_directory(given),
        options=options.read_judging(given, custom),
        custom=custom,
        generated_only=given["generated_only"],
        explicit=options.explicit(given),
        locust=options.locust_arguments(given),
        port=given["port"],
        database=given["database"],
        replicas=given["replicas"],
        set_up_seconds=settings.SETUP_SECONDS.get(os.environ),
        overrides=parse_overrides(given["settings"]),
        base=parse_source(given["base"], home) if given["base"] else None,
        base_overrides=parse_overrides(given["base_settings"], "--base-set"),
        pairs_for=settings.PAIRS_FOR.or_default(given["pairs_for"]),
    )
    with listening():
        try:
            with progress() as shown:
                measured, verdict = run_job(job, shown)
        except ReportError as error:
            output.show(error.run, error.verdict, job.reports, as_json=as_json)
            raise
        output.conclude(measured, verdict, job.reports, as_json=as_json)
