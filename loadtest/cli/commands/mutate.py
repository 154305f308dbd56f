"""``loadtest mutate``."""

from __future__ import annotations

import contextlib
from typing import Any

import click

from loadtest.cli import extras, options
from loadtest.cli.extras import Extra
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.errors import ExitCode
from loadtest.core.signals import listening
from loadtest.mutation.faults import FaultKind

DEFAULT_FAULTS = 15
"""Operations for each kind; they take about half an hour on two cores."""


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest mutate",
        "loadtest mutate --faults 5 --seed 3",
        "loadtest mutate --kind deletion --operation 'DELETE /tools/{tool_id}' --tags registry",
    ),
)
@setting_options(settings.GATEWAY, settings.DATABASE, settings.TAGS, settings.REPORTS_DIR)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([str(kind) for kind in FaultKind]),
    help="Kind of fault [may be repeated] [default: all]",
)
@click.option(
    "--operation",
    "operations",
    multiple=True,
    metavar="PATTERN",
    help="Operation to change, such as 'DELETE /tools/*' [may be repeated] [default: all]",
)
@click.option(
    "--faults",
    "most",
    type=click.IntRange(1),
    metavar="N",
    default=DEFAULT_FAULTS,
    help=f"Maximum number of operations for each kind [default: {DEFAULT_FAULTS}]",
)
@click.option("--seed", type=int, default=0, help="Seed of the choice of operations [default: 0]")
def mutate(kinds: tuple[str, ...], operations: tuple[str, ...], most: int, seed: int, **given: Any) -> None:
    """Measure which faults of a gateway the load test detects.

    Injects faults into the responses of the gateway started with `boot --detach`, or of one that it boots. The exit
    code is 1 if a kind of fault is detected less often than its floor.
    """
    extras.require("mutate", *Extra)
    import msgspec

    from loadtest.core.files import write_atomically
    from loadtest.core.progress import progress
    from loadtest.gateway.boot import booted
    from loadtest.gateway.install.source import parse_source
    from loadtest.gateway.process.detached import read_state
    from loadtest.mutation.measure import MutationOptions, measure
    from loadtest.mutation.report import lines

    home = settings.home()
    reports = options.reports_directory(given) / "mutation"
    held = read_state(home) if given["gateway"] is None else None
    with listening(), contextlib.ExitStack() as stack:
        shown = stack.enter_context(progress())
        gateway = held or stack.enter_context(
            booted(parse_source(given["gateway"], home), home=home, database=given["database"])
        )
        wanted = MutationOptions(
            seed=seed,
            most=most,
            kinds=[FaultKind(kind) for kind in kinds] or tuple(FaultKind),
            operations=operations,
            tags=given["tags"],
        )
        for report in measure(gateway, wanted, reports, shown):
            write_atomically(reports / "mutation.json", msgspec.json.encode(report) + b"\n")
    for line in lines(report):
        click.echo(line)
    raise SystemExit(int(ExitCode.PASS if report.met else ExitCode.FAIL))
