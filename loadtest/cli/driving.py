"""The commands that make load: Locust alone, a worker for a master elsewhere, the whole job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from loadtest.app import distributed as role
from loadtest.app.distributed import Master
from loadtest.app.judging import ReportError
from loadtest.cli import options
from loadtest.cli.judging import conclude
from loadtest.cli.options import HELP, examples
from loadtest.core import env as settings
from loadtest.core.address import given_address
from loadtest.core.errors import UsageError
from loadtest.core.signals import listening
from loadtest.reports.terminal import print_verdict
from loadtest.workload import profiles


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest drive -u 5 -t 30s",
        "loadtest drive --ui",
        "loadtest drive -- --list",
        "loadtest drive -- TeamsCRUDUser RBACCRUDUser",
    ),
)
@options.sizing
@options.reports_dir
@click.option("--ui", is_flag=True, help="With Locust's web page, where the load is started by hand.")
@options.mastering
@options.locust_arguments
def drive(
    reports_dir: Path | None, ui: bool, tags: tuple[str, ...], locust: tuple[str, ...], **rest: Any
) -> None:
    """Run Locust alone, against $LOADTEST_HOST, $GATEWAY or the gateway that `boot --detach` left.

    Writes run.json beside Locust's own files; `loadtest report` judges it.
    """
    from loadtest.app.drive import drive_alone, explicit_settings

    master, size = _master(rest), rest
    code = drive_alone(
        profiles.size(**size),
        home=settings.home(),
        reports=reports_dir or settings.reports_directory(),
        ui=ui,
        master=master,
        explicit=explicit_settings(size),
        arguments=options.with_tags(tags, locust),
    )
    raise SystemExit(code)


@click.command(
    context_settings=HELP,
    epilog=examples(
        "LOADTEST_TOKEN=… loadtest work --master-host 10.0.0.5",
        "LOADTEST_JWT_SECRET=… loadtest work --master-host 10.0.0.5 --processes 4",
    ),
)
@click.option(
    "--master-host", metavar="ADDRESS", help="Where the master is. [default: $LOADTEST_MASTER_HOST]"
)
@options.master_port
@click.option("--processes", type=click.IntRange(min=1), help="Workers on this machine, one for each core.")
@options.locust_arguments
def work(
    master_host: str | None, master_port: int | None, processes: int | None, locust: tuple[str, ...]
) -> None:
    """Make load for the master of `run --master` or `drive --master` on another machine.

    The master tells what to drive; $LOADTEST_TOKEN or $LOADTEST_JWT_SECRET, as on the master, opens the gateway.
    """
    from loadtest.app.worker import work as work_for

    who = role.servant(master_host=master_host, master_port=master_port)
    click.echo(f"worker   for the master at {who.host}:{who.port}, which has 5 minutes to answer", err=True)
    size = profiles.size(processes=processes)
    raise SystemExit(work_for(who, home=settings.home(), processes=size.processes, arguments=locust))


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest run",
        "loadtest run --gateway path:../mcp-context-forge --criteria 'p95 < 800ms'",
        "loadtest run --set PLUGINS_ENABLED=false --set TOOL_TIMEOUT=5",
        "loadtest run -u 50 -t 5m --processes 2 -- --tags tokens",
        "loadtest run --master --expect-workers 3 --gateway http://10.0.0.5:4444 -u 600",
    ),
)
@options.gateway
@options.database
@options.overrides
@options.sizing
@options.port
@options.mastering
@options.judging
@options.reports_dir
@options.locust_arguments
def run(
    gateway: str | None,
    database: str | None,
    overrides: tuple[str, ...],
    port: int | None,
    reports_dir: Path | None,
    tags: tuple[str, ...],
    locust: tuple[str, ...],
    **rest: Any,
) -> None:
    """Do the whole job: boot, drive, judge, report, stop. Exits with the verdict's code.

    With $LOADTEST_HOST, or an address as --gateway, nothing is booted: the gateway at that address is tested.
    """
    from loadtest.app.drive import explicit_settings
    from loadtest.app.job import Job, reachable, run_job
    from loadtest.core.progress import progress
    from loadtest.gateway.install.source import parse_source
    from loadtest.gateway.overrides import parse_overrides

    size = {
        name: rest.pop(name) for name in ("profile", "users", "spawn_rate", "run_time", "processes", "rate")
    }
    reports = reports_dir or settings.reports_directory()
    master = _master(rest)
    gateway = given_address(gateway, os.environ)
    gateway, held = reachable(gateway, settings.home()) if master else (gateway, None)
    job = Job(
        source=parse_source(gateway, settings.home()),
        held=held,
        master=master,
        size=profiles.size(**size),
        home=settings.home(),
        reports=reports,
        options=options.read_options(**rest),
        explicit=explicit_settings(size),
        locust=options.with_tags(tags, locust),
        port=port,
        database=database,
        set_up_seconds=settings.SETUP_SECONDS.read(os.environ) or 0.0,
        overrides=parse_overrides(overrides),
    )
    with listening():
        try:
            with progress() as shown:
                measured, verdict = run_job(job, shown)
        except ReportError as error:
            print_verdict(error.run, error.verdict)
            raise
        conclude(measured, verdict)


def _master(rest: dict[str, Any]) -> Master | None:
    """Take the options of a master out of ``rest``; return what they ask for, None without ``--master``."""
    names = ("expect_workers", "workers_within", "master_bind", "master_port")
    given = {name: rest.pop(name) for name in names}
    if rest.pop("is_master"):
        return role.master(**given)
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')}: expected together with --master")
    return None
