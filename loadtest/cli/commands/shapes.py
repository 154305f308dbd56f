"""``loadtest shapes``: record the shapes of responses of a gateway version."""

from __future__ import annotations

from pathlib import Path

import click

from loadtest.cli.options import FILE, HELP, examples
from loadtest.core.errors import UsageError
from loadtest.core.units import plural
from loadtest.shapes.expected import LITERAL_RUNS
from loadtest.shapes.shape import Shape
from loadtest.shapes.stored import merge_run, read_shapes, write_shapes
from loadtest.versions import data as versions
from loadtest.versions.shapes import path_of, with_items_of_others, without_random, without_varying


@click.group(context_settings=HELP)
def shapes() -> None:
    """Record the keys, types and few values of responses, with which every run is compared."""


@shapes.command(
    context_settings=HELP,
    epilog=examples(
        "loadtest shapes record reports/shapes.json",
        "loadtest shapes record --replace a/shapes.json b/shapes.json c/shapes.json",
    ),
)
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--replace", is_flag=True, help="Discard what was recorded before")
def record(files: tuple[Path, ...], replace: bool) -> None:
    """Merge the responses of complete runs into the data of their gateway version.

    Each run writes its FILE, shapes.json, into its reports directory. A key or a type is expected after it was seen
    in 3 responses of 2 runs; a value is expected not to be null after 10 responses of 3 runs. A text, flag or
    number is expected to be one of at most 8 after each of them was seen in 4 runs. A run is merged only once.
    """
    read = [read_shapes(path) for path in files]
    gateways = {one.gateway for one in read}
    if len(gateways) > 1:
        raise UsageError(f"expected runs of one gateway version, got {', '.join(sorted(gateways))}")
    version = gateways.pop()
    if version not in versions.available():
        raise UsageError(f"{files[0]}: gateway: unknown version {version!r}")
    target = path_of(version)
    merged: dict[str, dict[str, Shape]] = {}
    runs: tuple[str, ...] = ()
    if target.is_file() and not replace:
        known = read_shapes(target)
        merged, runs = known.decoded(target), known.runs
    added = 0
    for path, one in zip(files, read, strict=True):
        if not set(one.runs) <= set(runs):
            merge_run(merged, one.decoded(path))
            runs += one.runs
            added += 1
    found = without_varying(merged)
    if len(runs) >= LITERAL_RUNS:
        found = without_random(found)
    write_shapes(target, version, runs, with_items_of_others(found))
    click.echo(f"{target}: {plural(len(merged), 'operation')} from {plural(len(runs), 'run')}, {added} new")
