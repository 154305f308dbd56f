"""The ``loadtest`` command: the list of its commands, and the one place that turns errors into exit codes."""

from __future__ import annotations

import atexit
import errno
from importlib import import_module
from typing import Any

import click

from loadtest import __version__
from loadtest.cli import output
from loadtest.cli.internal_error import report_internal_error
from loadtest.cli.options import HELP
from loadtest.cli.project_file import read_defaults
from loadtest.core.errors import ExitCode, LoadTestError
from loadtest.core.signals import ignore_signals
from loadtest.reports.text import one_line

COMMANDS = (
    "run",
    "drive",
    "work",
    "report",
    "repro",
    "scenario",
    "coverage",
    "baseline",
    "refusals",
    "boot",
    "services",
    "gateways",
    "adopt",
    "mutate",
    "shapes",
)
"""The commands in the order of the help; each is a module of :mod:`loadtest.cli.commands` and a function in it."""

_EXHAUSTED = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EROFS,
        errno.EPIPE,
    )
)
"""Errors of a machine that has run out of a resource: neither the load test nor the gateway is at fault."""


def load_command(name: str) -> click.Command:
    """Import and return one of :data:`COMMANDS`."""
    command: click.Command = getattr(import_module(f"loadtest.cli.commands.{name}"), name)
    return command


class _Group(click.Group):
    """A group that imports a command when it is used: importing all of them takes several times as long."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A reader that closes the pipe early, such as ``head``, does not make it fail."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would exit with 1, whichever pipe it is.
            if not output.was_closed():
                raise SystemExit(int(report_internal_error(error))) from error
            output.abandon(error)
            return None


@click.group(
    cls=_Group,
    context_settings=HELP,
    epilog="Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive, 70 internal error; 129, 130, 131, 143 interrupted.",
)
@click.version_option(__version__, help="Show the version and exit")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Load test for ContextForge, the MCP gateway."""
    defaults = read_defaults()
    ctx.default_map = dict.fromkeys(COMMANDS, defaults) if defaults else None


def main() -> int:
    """Run the command; return its exit code."""
    # Shutting down Python takes a while, in which a further signal would replace the exit code.
    atexit.register(ignore_signals)
    output.replace_unknown_characters()
    try:
        return _run()
    finally:
        with output.optional():
            pass


def _run() -> int:
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return int(ExitCode.INTERRUPTED)
    except LoadTestError as error:
        click.echo(f"loadtest: {one_line(str(error), 2000)}", err=True)
        for line in getattr(error, "log_tail", ()):
            click.echo(f"  | {line}", err=True)
        return int(error.exit_code)
    except OSError as error:
        if error.errno not in _EXHAUSTED:
            return int(report_internal_error(error))
        if error.errno != errno.EPIPE:
            click.echo(f"loadtest: {error.filename or 'output'}: {error.strerror}", err=True)
        output.abandon(error, quietly=True)
        return int(ExitCode.INCONCLUSIVE)
    except Exception as error:  # noqa: BLE001 - the outermost edge
        return int(report_internal_error(error))
    return int(ExitCode.PASS)
