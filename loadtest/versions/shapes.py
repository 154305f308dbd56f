"""The recorded shapes of the responses of each gateway version, a file next to its data."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from loadtest.core.files import read_toml
from loadtest.core.record import Record
from loadtest.shapes.expected import CERTAIN
from loadtest.shapes.shape import ANY, Shape
from loadtest.shapes.stored import read_shapes
from loadtest.versions.data import DIRECTORY

VARYING = DIRECTORY / "shared" / "shapes.toml"


class Varying(Record, frozen=True, kw_only=True):
    """Operations whose responses have no fixed shape, and why."""

    operations: str
    """A pattern of :mod:`fnmatch` over ``METHOD /path``."""
    reason: str


class _Shared(Record, frozen=True, kw_only=True):
    varying: tuple[Varying, ...]


def path_of(version: str) -> Path:
    """Return the path of the recorded shapes of ``version``."""
    return DIRECTORY / f"{version}.shapes.json"


def shapes_of(version: str) -> dict[str, dict[str, Shape]]:
    """Return the recorded shapes of ``version`` by operation and status; empty if there are none.

    Raises:
        UsageError: the file is invalid.
    """
    path = path_of(version)
    return read_shapes(path).decoded(path) if path.is_file() else {}


def varying() -> tuple[Varying, ...]:
    """Return the operations, of any version, whose responses have no fixed shape."""
    return read_toml(VARYING, _Shared).varying


def without_varying(shapes: dict[str, dict[str, Shape]]) -> dict[str, dict[str, Shape]]:
    """Return ``shapes`` in which those of varying operations can be anything."""
    patterns = [one.operations for one in varying()]
    return {
        operation: {status: Shape(types={ANY: CERTAIN}) for status in statuses}
        if any(fnmatch.fnmatchcase(operation, pattern) for pattern in patterns)
        else statuses
        for operation, statuses in shapes.items()
    }
