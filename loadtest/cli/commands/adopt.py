"""``loadtest adopt``."""

from __future__ import annotations

from pathlib import Path

import click

from loadtest.cli import extras
from loadtest.cli.extras import Extra
from loadtest.cli.options import FILE, HELP, examples
from loadtest.core import settings
from loadtest.core.signals import listening


@click.command(
    context_settings=HELP, epilog=examples("loadtest adopt 1.0.8", "loadtest adopt 1.0.8 --summary new.md")
)
@click.argument("version")
@click.option(
    "--summary",
    type=FILE,
    help="Markdown file for the differences [default: REPORTS_DIR/gateway-VERSION.md]",
)
def adopt(version: str, summary: Path | None) -> None:
    """Add support for a gateway release, and print its differences.

    Resolves its lock, boots it, and drafts its data file from the known version with the closest contract.
    """
    extras.require("adopt", *Extra)
    from loadtest.adoption.adopt import adopt as adopted
    from loadtest.adoption.releases import check_release
    from loadtest.adoption.report import in_markdown, in_plain_text
    from loadtest.core.files import prepare_directory, write_atomically

    check_release(version)
    summary = summary or settings.reports_directory() / f"gateway-{version}.md"
    prepare_directory(summary.parent)
    with listening():
        found = adopted(version, settings.home(), lambda step: click.echo(f"{step} …", err=True))
    write_atomically(summary, in_markdown(found))
    click.echo(in_plain_text(found, summary), nl=False)
