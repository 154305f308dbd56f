"""Writes ``docs/cli.md`` from the commands themselves; ``make docs`` calls it and a test holds it fresh."""

from collections.abc import Iterator
from pathlib import Path

import click

from loadtest.cli import cli

TARGET = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
WIDTH = 100
HEAD = """\
# Commands

<!-- Made by `make docs` from the commands' own help. -->

`.venv/bin/loadtest` in a checkout, `loadtest` where the wheel is installed, `python -m loadtest` in both. The
environment says what options do not: `GATEWAY`, `LOADTEST_HOST`, `LOADTEST_USERS`, `LOADTEST_SPAWN_RATE`,
`LOADTEST_RUN_TIME`, `LOADTEST_PROCESSES`, `LOADTEST_PROFILE`, `LOADTEST_REPORTS_DIR`, and `LOADTEST_HOME` for the
directory of installed gateways (`.loadtest`).
"""


def commands(command: click.Command, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield the context of ``command`` and of everything below it, in the order of the help."""
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
    return "\n".join([HEAD, *sections])


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
