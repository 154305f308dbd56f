"""``loadtest report``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from loadtest.app.judging import ReportError, judge_and_report
from loadtest.cli import options, output
from loadtest.cli.options import HELP, examples, setting_options
from loadtest.core import settings
from loadtest.core.errors import UsageError


@click.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest report",
        "loadtest report --csv reports/locust --reports-dir out",
        "loadtest report --run old/run.json --known-failures ci/known-failures.toml",
    ),
)
@options.run_file
@options.csv_files
@setting_options(*settings.JUDGING, settings.REPORTS_DIR)
@options.as_json
def report(
    run_file: Path | None,
    prefix: Path | None,
    encoding: str | None,
    gateway_version: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Evaluate a run and write its reports.

    The exit code is that of the verdict.
    """
    reports = options.reports_directory(given)
    source = options.source_of(run_file, prefix, gateway_version, encoding)
    measured = options.the_run(run_file, prefix, gateway_version, reports, encoding)
    try:
        custom = options.recorded_scenarios(measured)
        verdict = judge_and_report(measured, options.read_judging(given, custom), reports, options.today())
    except ReportError as error:
        output.show(error.run, error.verdict, reports, as_json=as_json, source=source)
        raise UsageError(str(error)) from error
    output.conclude(measured, verdict, reports, as_json=as_json, source=source)
