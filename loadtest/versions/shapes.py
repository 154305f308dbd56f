"""The recorded shapes of the responses of each gateway version, a file next to its data."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from loadtest.core.files import read_toml
from loadtest.core.record import Record
from loadtest.shapes.expected import CERTAIN, LITERAL_RUNS
from loadtest.shapes.shape import (
    ANY,
    LITERALS,
    MOST_LITERALS,
    NULL,
    NUMBER,
    OBJECT,
    Shape,
    without_literals,
)
from loadtest.shapes.stored import converted, read_shapes
from loadtest.versions.data import DIRECTORY

_ONE = re.compile(r"GET (?P<list>.*?)/*/\{[^/]+\}")
_MANY = re.compile(r"GET (?P<list>.*?)/*")

VARYING = DIRECTORY / "shared" / "shapes.toml"


class Varying(Record, frozen=True, kw_only=True):
    """Operations whose responses have no fixed shape, and why."""

    operations: str
    """A pattern of :mod:`fnmatch` over ``METHOD /path``."""
    reason: str
    keys: bool = False
    """Whether the keys are the same nevertheless, and their types, except that each value can be null."""


class Free(Record, frozen=True, kw_only=True):
    """Properties of entities whose keys their creators choose, and why."""

    properties: tuple[str, ...]
    reason: str


class Measured(Record, frozen=True, kw_only=True):
    """Numbers that differ from run to run, or from machine to machine, and why."""

    reason: str
    operations: str = "*"
    """A pattern of :mod:`fnmatch` over ``METHOD /path``."""
    places: tuple[str, ...] = ("*",)
    """Patterns over the places of numbers: ``*.latencyMs``."""
    unless: tuple[str, ...] = ()
    """Patterns over the places of other numbers there: limits and settings."""


class Shared(Record, frozen=True, kw_only=True):
    """What the responses of all versions have no fixed shape of."""

    varying: tuple[Varying, ...]
    free: tuple[Free, ...]
    measured: tuple[Measured, ...]


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


def without_varying(shapes: dict[str, dict[str, Shape]]) -> dict[str, dict[str, Shape]]:
    """Return ``shapes`` in which those of varying operations can be anything, or have the same keys only.

    In the items of lists, which can contain what other callers created, the free properties can have any keys.
    Measured numbers can be any.
    """
    shared = read_toml(VARYING, Shared)
    free = frozenset(name for one in shared.free for name in one.properties)

    def loosened(operation: str, shape: Shape) -> Shape:
        found = [one for one in shared.varying if fnmatch.fnmatchcase(operation, one.operations)]
        if not found:
            return with_any_keys(_with_any_measured(shape, operation, shared.measured), free)
        return keys_only(shape) if all(one.keys for one in found) else Shape(types={ANY: CERTAIN})

    return {
        operation: {status: loosened(operation, shape) for status, shape in statuses.items()}
        for operation, statuses in shapes.items()
    }


def _with_any_measured(shape: Shape, operation: str, measured: Iterable[Measured]) -> Shape:
    here = [one for one in measured if fnmatch.fnmatchcase(operation, one.operations)]

    def is_measured(place: str, at: Shape) -> bool:
        return NUMBER in at.types and any(
            _matches(place, one.places) and not _matches(place, one.unless) for one in here
        )

    return without_literals(shape, is_measured)


def _matches(place: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(place, one) for one in patterns)


def with_items_of_others(shapes: dict[str, dict[str, Shape]]) -> dict[str, dict[str, Shape]]:
    """Return ``shapes`` in which the items of a list can have any text, flag and number that the entity alone had.

    What a list contains depends on what other scenarios create at the same time: servers with OAuth can be the only
    ones in it for once. The entity is that of ``GET /servers/{server_id}`` for ``GET /servers``, ``GET /servers/`` and
    ``GET /tools/{tool_id}/servers``.
    """
    entities: dict[str, Shape] = {}
    for operation, statuses in shapes.items():
        if (one := _ONE.fullmatch(operation)) and statuses.get("200", Shape()).fields:
            entities[one["list"]] = statuses["200"]

    def widened(operation: str, shape: Shape) -> Shape:
        if not (found := _MANY.fullmatch(operation)):
            return shape
        path = found["list"]
        entity = entities.get(path) or entities.get(f"/{path.rpartition('/')[2]}")
        return shape if entity is None else _with_items(shape, entity)

    return {
        operation: {
            status: widened(operation, one) if status == "200" else one for status, one in statuses.items()
        }
        for operation, statuses in shapes.items()
    }


def _with_items(shape: Shape, entity: Shape) -> Shape:
    """Return the list ``shape``, an array or an object with arrays, whose items can be as ``entity``."""
    lists = {
        key: _with_items(field, entity) for key, field in shape.fields.items() if field.items is not None
    }
    items = shape.items
    if items is not None and len(items.fields.keys() & entity.fields.keys()) > len(items.fields) / 2:
        items = _with_literals_of(items, entity)
    return replace(shape, fields=shape.fields | lists, items=items)


def _with_literals_of(shape: Shape, other: Shape) -> Shape:
    """Return ``shape``, where it has literals, with those of ``other`` as well; with any where the other has any."""
    literals = shape.literals
    if literals and LITERALS & other.types.keys():
        added = {one: max(runs, LITERAL_RUNS) for one, runs in other.literals.items() if one not in literals}
        literals = literals | added if other.literals else {}
    return replace(
        shape,
        literals=literals if len(literals) <= MOST_LITERALS else {},
        fields=shape.fields | dict(_below(shape, other)),
        items=shape.items
        if other.items is None
        else shape.items and _with_literals_of(shape.items, other.items),
    )


def _below(shape: Shape, other: Shape) -> Iterator[tuple[str, Shape]]:
    for key in shape.fields.keys() & other.fields.keys():
        yield key, _with_literals_of(shape.fields[key], other.fields[key])


def without_random(shapes: dict[str, dict[str, Shape]]) -> dict[str, dict[str, Shape]]:
    """Return ``shapes`` with any text or number where each run saw others: cursors, tokens and the like."""

    def is_random(_place: str, at: Shape) -> bool:
        return len(at.literals) > 1 and max(at.literals.values()) == 1

    return converted(shapes, lambda shape: without_literals(shape, is_random))


def keys_only(shape: Shape) -> Shape:
    """Return ``shape`` with null or any text, flag or number in place of each value that was seen."""
    return Shape(
        types=shape.types if shape.anything or not shape.types else shape.types | {NULL: CERTAIN},
        fields={key: keys_only(field) for key, field in shape.fields.items()},
        optional=shape.optional,
        values=keys_only(shape.values) if shape.values is not None else None,
        items=keys_only(shape.items) if shape.items is not None else None,
    )


def with_any_keys(shape: Shape, free: frozenset[str], *, in_item: bool = False) -> Shape:
    """Return ``shape`` in which the properties ``free`` of the items of arrays are objects with any keys."""
    below = {
        key: _any_object(field) if in_item and key in free else with_any_keys(field, free, in_item=in_item)
        for key, field in shape.fields.items()
    }
    return replace(
        shape,
        fields=below,
        values=None if shape.values is None else with_any_keys(shape.values, free, in_item=in_item),
        items=None if shape.items is None else with_any_keys(shape.items, free, in_item=True),
    )


def _any_object(shape: Shape) -> Shape:
    is_map = OBJECT in shape.types
    return replace(shape, fields={}, optional=set(), values=Shape() if is_map else None)
