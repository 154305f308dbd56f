"""Standard output that is no UTF-8, full, or closed does not change how a command ends."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

import click


def replace_unknown_characters() -> None:
    """Let characters that the terminal's encoding does not have be replaced instead of raising.

    A stream that was closed before this process started discards what is written to it.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


@contextlib.contextmanager
def optional() -> Iterator[None]:
    """Go on behind the block where standard output takes no more; what it says is in the reports as well."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        abandon(error)
    except SystemExit:  # what rich raises, with exit code 1, when the reader has gone
        abandon(BrokenPipeError(errno.EPIPE, "Broken pipe"))


def abandon(error: OSError, *, quietly: bool = False) -> None:
    """Discard what standard output still holds; say why, unless ``quietly`` or its reader has only gone."""
    _discard(sys.stdout)
    if error.errno != errno.EPIPE and not quietly:
        try:
            click.echo(f"loadtest: standard output cannot be written: {error.strerror}", err=True)
        except OSError:
            # What it holds would fail again when Python ends, and replace the exit code.
            _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
