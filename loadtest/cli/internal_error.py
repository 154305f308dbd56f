"""The message for an unexpected exception."""

from __future__ import annotations

import tempfile
import traceback

import click

from loadtest.core.errors import ExitCode
from loadtest.core.redact import redact
from loadtest.reports.text import one_line


def report_internal_error(error: Exception) -> ExitCode:
    """Print one line about ``error`` to stderr, with the path of a file with its traceback; return the exit code.

    If the file cannot be written, the traceback is printed to stderr.
    """
    text = redact("".join(traceback.format_exception(error)))
    words = one_line(redact(f"{type(error).__name__}: {error}"))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="loadtest-", suffix=".traceback", encoding="utf-8", errors="replace", delete=False
        ) as file:
            file.write(text)
    except OSError:
        click.echo(text, err=True)
        click.echo(f"loadtest: internal error: {words}; please report it with the traceback above", err=True)
    else:
        click.echo(
            f"loadtest: internal error: {words}; please report it with the traceback in {file.name}", err=True
        )
    return ExitCode.INTERNAL
