"""The recorded shapes of the responses of each gateway version, a file next to its data."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from loadtest.core.files import read_toml
from loadtest.core.record import Record
from loadtest.shapes.expected import CERTAIN
from loadtest.shapes.shape import ANY, NULL, Shape
from loadtest.shapes.stored import read_shapes
from loadtest.versions.data import DIRECTORY

VARYING = DIRECTORY / "shared" / "shapes.toml"


class Varying(Record, frozen=True, kw_only=True):
    """Operations whose responses have no fixed shape, and why."""

    operations: str
    """A pattern of :mod:`fnmatch` over ``METHOD /path``."""
    reason: str
    keys: bool = False
    """Whether the keys are the same nevertheless, and their types, except that each value can be null."""


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
    """Return ``shapes`` in which those of varying operations can be anything, or have the same keys only."""
    entries = varying()

    def loosened(operation: str, shape: Shape) -> Shape:
        found = [one for one in entries if fnmatch.fnmatchcase(operation, one.operations)]
        if not found:
            return shape
        return keys_only(shape) if all(one.keys for one in found) else Shape(types={ANY: CERTAIN})

    return {
        operation: {status: loosened(operation, shape) for status, shape in statuses.items()}
        for operation, statuses in shapes.items()
    }


def keys_only(shape: Shape) -> Shape:
    """Return ``shape`` with null or any text or flag in place of each value that was seen."""
    return Shape(
        types=shape.types if shape.anything or not shape.types else shape.types | {NULL: CERTAIN},
        fields={key: keys_only(field) for key, field in shape.fields.items()},
        optional=shape.optional,
        values=keys_only(shape.values) if shape.values is not None else None,
        items=keys_only(shape.items) if shape.items is not None else None,
    )
