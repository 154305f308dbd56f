"""Lines, colours and tables on a terminal or in a log."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, TextIO

import click

GAP = 2
"""Columns between two cells of a table."""
NARROWEST = 8
"""Width below which the cells of a column are not wrapped."""


class Console:
    """A stream for people to read.

    Colours are used on a terminal, or if ``FORCE_COLOR`` is set, unless ``NO_COLOR`` is set or the terminal has none.
    """

    def __init__(
        self, file: TextIO | None = None, width: int | None = None, *, terminal: bool | None = None
    ) -> None:
        self._file = file or sys.stdout
        self._width = width or shutil.get_terminal_size((80, 24)).columns
        seen = self._file.isatty() if terminal is None else terminal
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self._coloured = not plain and (seen or bool(os.environ.get("FORCE_COLOR")))

    def line(self, text: str, **style: Any) -> None:
        """Write ``text`` as one line, however long it is; ``style`` as in :func:`click.style`."""
        shown = click.style(text, **style) if style and self._coloured else text
        click.echo(shown, file=self._file, color=self._coloured)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table with bold ``heads``; cells are wrapped if it is wider than the terminal."""
        widths = _widths([heads, *rows], self._width)
        for number, row in enumerate((heads, *rows)):
            wrapped = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
            for cells in zip_longest(*wrapped, fillvalue=""):
                padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
                self.line((" " * GAP).join(padded).rstrip(), **({} if number else {"bold": True}))


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return the width of each column; the widest ones are reduced until all fit into ``width``."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    excess = sum(widths) + GAP * (len(widths) - 1) - width
    while excess > 0 and (widest := max(widths)) > NARROWEST:
        widths[widths.index(widest)] -= 1
        excess -= 1
    return widths


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
