"""Files of shapes: those of a gateway version, and those that one run observed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from loadtest.core.errors import UsageError
from loadtest.core.files import read_json, write_atomically
from loadtest.core.record import Record
from loadtest.shapes.notation import from_stored, to_stored
from loadtest.shapes.shape import Shape, Within, merge

Shapes = Mapping[str, Mapping[str, Shape]]
"""Shapes by operation and status: ``shapes["GET /tools"]["200"]``."""

WIDTH = 110
"""Characters of a line in the stored file."""


class RecordedShapes(Record, frozen=True, kw_only=True):
    """The file format of shapes."""

    gateway: str
    """The gateway version whose data applied."""
    runs: tuple[str, ...]
    """Starts of the runs that were merged, so that none is counted twice."""
    shapes: dict[str, dict[str, Any]]
    """Stored form by operation and status."""

    def decoded(self, path: Path) -> dict[str, dict[str, Shape]]:
        """Return the shapes; ``path`` is named in messages.

        Raises:
            UsageError: a shape is invalid.
        """
        found: dict[str, dict[str, Shape]] = {}
        for operation, statuses in self.shapes.items():
            try:
                found[operation] = {status: from_stored(one) for status, one in statuses.items()}
            except ValueError as error:
                raise UsageError(f"{path}: shapes: {operation}: {error}") from error
        return found


def read_shapes(path: Path) -> RecordedShapes:
    """Read a file of shapes.

    Raises:
        UsageError: it cannot be read, or is not such a file.
    """
    return read_json(path, RecordedShapes, "recorded shapes")


def write_shapes(path: Path, gateway: str, runs: Iterable[str], shapes: Shapes) -> None:
    """Write ``shapes`` to ``path``, one key per line where it would be too long otherwise.

    Raises:
        UsageError: the path cannot be written to.
    """
    stored = {
        operation: {status: to_stored(shape) for status, shape in sorted(statuses.items())}
        for operation, statuses in sorted(shapes.items())
    }
    document = {"gateway": gateway, "runs": sorted(runs), "shapes": stored}
    write_atomically(path, _text(document, 0) + "\n")


def converted(shapes: Shapes, convert: Callable[[Shape], Shape]) -> dict[str, dict[str, Shape]]:
    """Return ``shapes`` with each of them converted."""
    return {
        operation: {status: convert(shape) for status, shape in statuses.items()}
        for operation, statuses in shapes.items()
    }


def merge_run(into: dict[str, dict[str, Shape]], run: Shapes, within: Within = Within.VERSION) -> None:
    """Merge the shapes of a further run into those of a version."""
    for operation, statuses in run.items():
        known = into.setdefault(operation, {})
        for status, shape in statuses.items():
            known[status] = merge(known.get(status, Shape()), shape, within)


def _text(value: Any, indent: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (indent and len(line) + indent <= WIDTH):
        return line
    inner, end = "\n" + " " * (indent + 1), "\n" + " " * indent
    if isinstance(value, list):
        return f"[{inner}{f',{inner}'.join(_text(one, indent + 1) for one in value)}{end}]"
    rows = (f"{json.dumps(key, ensure_ascii=False)}: {_text(one, indent + 1)}" for key, one in value.items())
    return f"{{{inner}{f',{inner}'.join(rows)}{end}}}"
