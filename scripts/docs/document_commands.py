"""The content of ``docs/cli.md``, from the commands and settings."""

from collections.abc import Iterator
from pathlib import Path

import click
from document_settings import variable_table

from loadtest.cli import cli

TARGET = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
WIDTH = 100
HEAD = """\
# Commands

<!-- Written by `make docs`. -->

`.venv/bin/loadtest` in a checkout, `loadtest` where the wheel is installed, `python -m loadtest` in both. An option
overrides its environment variable; a variable overrides the profile. An empty variable is not set.
"""


def commands(command: click.Command, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield the context of ``command`` and of its subcommands, in the order of the help."""
    name = command.name if parent else "loadtest"
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from commands(found, context)


def page() -> str:
    """Return the whole page."""
    sections = (
        f"## {context.command_path}\n\n```text\n{context.get_help().rstrip()}\n```\n"
        for context in commands(cli)
    )
    variables = "\n".join(["## Environment variables", "", *variable_table(), ""])
    return "\n".join([HEAD, *sections, variables])
