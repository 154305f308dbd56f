"""``loadtest work``."""

from __future__ import annotations

import click

from loadtest.app.distributed import WorkerOptions
from loadtest.cli import extras, options
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.errors import UsageError


@click.command(
    context_settings=HELP,
    epilog=examples(
        "LOADTEST_TOKEN=… loadtest work --master-host 10.0.0.5",
        "LOADTEST_JWT_SECRET=… loadtest work --master-host 10.0.0.5 --processes 4",
    ),
)
@setting_options(settings.MASTER_HOST, settings.MASTER_PORT, settings.PROCESSES, settings.SCENARIOS)
@options.locust
def work(
    master_host: str | None,
    master_port: int | None,
    processes: int | None,
    scenarios: tuple[str, ...],
    locust: tuple[str, ...],
) -> None:
    """Run a Locust worker for `run --master` or `drive --master` on another machine.

    The master sends the address under test. Set $LOADTEST_TOKEN or $LOADTEST_JWT_SECRET as on the master.
    """
    extras.require("work", Extra.LOAD, Extra.GATEWAY)
    from loadtest.app.worker import run_worker

    if not master_host:
        raise UsageError("LOADTEST_MASTER_HOST: expected the address of the machine that runs the master")
    worker = WorkerOptions(host=master_host, port=settings.MASTER_PORT.or_default(master_port))
    click.echo(f"worker   connecting to {worker.host}:{worker.port} (timeout 5 minutes)", err=True)
    code = run_worker(
        worker,
        home=settings.home(),
        processes=settings.PROCESSES.or_default(processes),
        arguments=locust,
        custom=options.read_scenarios(scenarios),
    )
    raise SystemExit(code)
