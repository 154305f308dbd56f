"""Options that several commands share, and what they are turned into."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec.structs import replace

from loadtest.app.judging import Options
from loadtest.core import env as settings
from loadtest.core.errors import UsageError
from loadtest.judge.failures import FailOn
from loadtest.results.locust_csv import read_csv_run
from loadtest.results.run import Run, read_run
from loadtest.results.target import Gateway
from loadtest.versions.data import load

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Context settings of every command, so that a command's help is the same below any parent."""

F = TypeVar("F", bound=Callable[..., Any])


class _File(click.Path):
    """A path of a file. What it is when it is no such file is told where it is read, in one line."""

    name = "file"

    def __init__(self) -> None:
        super().__init__(path_type=Path)
        self.name = _File.name


FILE = _File()

reports_dir = click.option(
    "--reports-dir",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Where reports are written. [default: $LOADTEST_REPORTS_DIR or reports]",
)
run_file = click.option(
    "--run", "run_file", type=FILE, help="A run. [default: run.json in the directory of reports]"
)
gateway = click.option(
    "--gateway",
    metavar="VERSION|path:DIR|URL",
    envvar="GATEWAY",
    help="What to boot. [default: $GATEWAY or the newest known version]",
)
port = click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the gateway. [default: a free one]"
)
master_port = click.option(
    "--master-port",
    type=click.IntRange(1, 65535),
    help="Port of the master. [default: $LOADTEST_MASTER_PORT or 5557]",
)
overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the booted gateway, as its environment variable; may be repeated.",
)
database = click.option(
    "--database",
    type=click.Choice(["sqlite", "postgres"]),
    envvar="DATABASE",
    help="What to boot it on: a file, or the services of `services up`. [default: $DATABASE or sqlite]",
)
locust_arguments = click.argument(
    "locust", nargs=-1, type=click.UNPROCESSED, metavar="[-- LOCUST_ARGUMENTS...]"
)


def examples(*lines: str) -> str:
    """Return the end of a command's help, with a line for each example."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def judging(command: F) -> F:
    """Give ``command`` the options that :func:`read_options` reads."""
    for option in (
        click.option(
            "--baseline",
            type=FILE,
            metavar="RUN",
            help="An earlier run.json; report.html shows what changed.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice([one.value for one in FailOn]),
            default=FailOn.NEW.value,
            show_default=True,
            help="Which failures fail the run: new ones, any, or none at all.",
        ),
        click.option(
            "--criteria",
            multiple=True,
            metavar="EXPR|FILE",
            help="'p95 < 500ms', 'GET /tools: error-rate < 1%', or a TOML file of them; may be repeated.",
        ),
        click.option(
            "--categories",
            type=FILE,
            multiple=True,
            help="Categories of your own, which go before ours; may be repeated.",
        ),
        click.option(
            "--known-failures",
            type=FILE,
            multiple=True,
            help="Entries that excuse failures, beside the gateway version's own; may be repeated.",
        ),
    ):
        command = option(command)
    return command


def mastering(command: F) -> F:
    """Give ``command`` the options that :func:`loadtest.app.distributed.master` reads, and ``master``."""
    for option in (
        click.option(
            "--master-bind",
            metavar="ADDRESS",
            help="Address of this machine on which workers find the master. "
            "[default: $LOADTEST_MASTER_BIND or every one]",
        ),
        master_port,
        click.option(
            "--workers-within",
            metavar="TIME",
            help="How long the master waits for them. [default: $LOADTEST_WORKERS_WITHIN or 120s]",
        ),
        click.option(
            "--expect-workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="Workers without which the load does not begin. [default: $LOADTEST_EXPECT_WORKERS or 1]",
        ),
        click.option(
            "--master", "is_master", is_flag=True, help="Let workers on other machines make the load."
        ),
    ):
        command = option(command)
    return command


def sizing(command: F) -> F:
    """Give ``command`` the options that :func:`loadtest.workload.profiles.size` reads, and ``tags``."""
    for option in (
        click.option(
            "-T",
            "--tags",
            multiple=True,
            metavar="TAG",
            help="Only scenarios with this tag; may be repeated.",
        ),
        click.option("--processes", type=click.IntRange(min=1), help="Locust processes on this machine."),
        click.option("-t", "--run-time", metavar="TIME", help="How long: 60s, 10m, 1h30m."),
        click.option(
            "-r",
            "--spawn-rate",
            type=click.FloatRange(min=0, min_open=True),
            help="Users started per second.",
        ),
        click.option("-u", "--users", type=click.IntRange(min=1), help="Users at the peak."),
        click.option(
            "--rate",
            type=click.FloatRange(min=0, min_open=True),
            help="Of a soak: scenarios begun per second on the plateau.",
        ),
        click.option("--profile", metavar="NAME", help="A named size of run: pr, light, soak."),
    ):
        command = option(command)
    return command


def read_options(
    *,
    known_failures: tuple[Path, ...],
    categories: tuple[Path, ...],
    criteria: tuple[str, ...],
    fail_on: str,
    baseline: Path | None = None,
) -> Options:
    """Return how to judge; a criterion that ends in ``.toml`` is a file of criteria."""
    return Options(
        known_failures=known_failures,
        categories=categories,
        criteria=tuple(text for text in criteria if not text.endswith(".toml")),
        criteria_files=tuple(Path(text) for text in criteria if text.endswith(".toml")),
        fail_on=FailOn(fail_on),
        baseline=baseline,
    )


def the_run(
    path: Path | None,
    prefix: Path | None = None,
    version: str | None = None,
    reports: Path | None = None,
    encoding: str | None = None,
) -> Run:
    """Return the run that ``--run`` or ``--csv`` names, or the one in the directory ``reports``.

    CSV files do not say which gateway was driven; ``version`` does, so that its known failures apply. ``encoding``
    is that of CSV files that are not UTF-8.

    Raises:
        UsageError: both are given, the file cannot be read, or the version is not known.
    """
    if path is not None and prefix is not None:
        raise UsageError("--run and --csv: expected one of them")
    if version is not None and prefix is None:
        raise UsageError("--gateway-version: goes with --csv; a run knows its gateway")
    if encoding is not None and prefix is None:
        raise UsageError("--encoding: goes with --csv; a run is UTF-8")
    if prefix is not None:
        run = read_csv_run(prefix, encoding)
        if version is None:
            return run
        known = load(version).version
        return replace(run, gateway=Gateway(version=known, source=known, data=known))
    return read_run(path or (reports or settings.reports_directory()) / "run.json")


def the_date(text: str) -> dt.date:
    """Return the date that ``text`` says.

    Raises:
        UsageError: it says none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no date, expected one such as 2027-01-31") from error


def today() -> dt.date:
    """Return the day it is, in UTC."""
    return dt.datetime.now(dt.UTC).date()


def with_tags(tags: tuple[str, ...], locust: tuple[str, ...]) -> tuple[str, ...]:
    """Return Locust's arguments with the tags that were asked for in front."""
    return (*(("--tags", *tags) if tags else ()), *locust)
