"""The shape of JSON values: keys, types and the few distinct literals at each place, with the evidence for them.

A shape is made of one response and merged with those of others, of the same run and of further runs. Merging only
widens it: a value whose shape was merged conforms to the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from enum import IntEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from loadtest.shapes.literal import SENT, as_sent, literal

DEEPEST = 12
"""Nesting below which a value can be anything."""
MOST_FIELDS = 200
"""Keys above which an object is a map."""
FEWEST_VARYING = 8
"""Keys of an object without any constant key above which it is a map."""
MOST_TYPES = 3
"""Types other than null above which a value can be anything."""
MOST_LITERALS = 8
"""Distinct literals above which a value can be any."""

ANY, NULL, OBJECT, ARRAY, NUMBER = "any", "null", "object", "array", "number"
_TYPES: dict[type, str] = {
    dict: OBJECT,
    list: ARRAY,
    str: "string",
    bool: "boolean",
    int: NUMBER,
    float: NUMBER,
    type(None): NULL,
}
LITERALS = frozenset(("string", "boolean", NUMBER))
"""Types whose values are literals."""
_PART = re.compile(r"\[\]|[^.\[\]]+")
_NAME = re.compile(r"[A-Za-z_$@][A-Za-z0-9_$]*")


class Sightings(msgspec.Struct, array_like=True, frozen=True):
    """How often something was seen."""

    samples: int = 1
    """In how many responses."""
    runs: int = 1
    """In how many runs."""


class Within(IntEnum):
    """What two merged shapes have in common, which decides how their evidence adds up."""

    RESPONSE = 0
    RUN = 1
    VERSION = 2


class Shape(msgspec.Struct, omit_defaults=True):
    """What was seen at one place."""

    types: dict[str, Sightings] = {}
    """By type of JSON, or ``any``."""
    fields: dict[str, Shape] = {}
    """Values of the keys of an object that is not a map."""
    optional: set[str] = set()
    """The keys among ``fields`` that some objects lack."""
    values: Shape | None = None
    """Of a map: an object whose keys are data."""
    items: Shape | None = None
    """Of an array; None if all were empty."""
    literals: dict[str, int] = {}
    """The distinct texts, flags and numbers (:mod:`loadtest.shapes.literal`), with the number of runs in which each was
    seen; empty if they can be any, as in maps."""

    @property
    def anything(self) -> bool:
        """Whether the value can be anything."""
        return ANY in self.types


def type_of(value: Any) -> str:
    """Return the JSON type of a decoded value."""
    return _TYPES[type(value)]


def shape_of(
    value: Any, depth: int = 0, *, literals: bool = True, sent: Container[str] = frozenset()
) -> Shape:
    """Return the shape of the decoded JSON ``value`` of one response, with its ``literals``.

    All texts that a request has ``sent`` are one literal.
    """
    kind = _TYPES[type(value)]
    if kind is OBJECT:
        if depth >= DEEPEST or describes_data(value):
            return Shape(types={ANY: Sightings()})
        if len(value) > MOST_FIELDS or not all(map(_NAME.fullmatch, value)):
            values = _merged(value.values(), depth, literals=False, sent=sent)
            return Shape(types={OBJECT: Sightings()}, values=values)
        fields = {key: shape_of(one, depth + 1, literals=literals, sent=sent) for key, one in value.items()}
        return Shape(types={OBJECT: Sightings()}, fields=fields)
    if kind is ARRAY:
        items = _merged(value, depth, literals=literals, sent=sent) if value else None
        return Shape(types={ARRAY: Sightings()}, items=items)
    if literals and kind in LITERALS:
        found = literal(value, sent)
        return Shape(types={kind: Sightings()}, literals={} if found is None else {found: 1})
    return Shape(types={kind: Sightings()})


def describes_data(value: dict[str, Any]) -> bool:
    """Return whether an object is a JSON Schema: its keys are chosen by the author of the schema."""
    return "$schema" in value or (
        isinstance(value.get("properties"), dict) and value.get("type", OBJECT) == OBJECT
    )


def _merged(values: Iterable[Any], depth: int, *, literals: bool, sent: Container[str]) -> Shape:
    merged = Shape()
    for value in values:
        shape = shape_of(value, depth + 1, literals=literals, sent=sent)
        if shape != merged:  # most values in a list are alike
            merged = merge(merged, shape, Within.RESPONSE)
    return merged


def merge(one: Shape, other: Shape, within: Within) -> Shape:
    """Return the shape of everything that ``one`` or ``other`` is the shape of."""
    if not one.types or not other.types:
        return one if one.types else other
    types = _add(one.types, other.types, within)
    if one.anything or other.anything or len(types.keys() - {NULL}) > MOST_TYPES:
        return Shape(types={ANY: _combined(types.values(), within)})
    merged = Shape(
        types=types,
        items=_both(one.items, other.items, within),
        literals=_literals(one, other, within),
    )
    objects = [shape for shape in (one, other) if OBJECT in shape.types]
    if any(_is_map(shape) for shape in objects):
        for shape in objects:
            for values in _values(shape):
                merged.values = _both(merged.values, without_literals(values), within)
        merged.values = merged.values or Shape()
    elif len(objects) == 2:
        merged.fields = {
            key: _both(one.fields.get(key), other.fields.get(key), within) or Shape()
            for key in sorted(one.fields.keys() | other.fields.keys())
        }
        merged.optional = one.optional | other.optional | (one.fields.keys() ^ other.fields.keys())
        if len(merged.fields) > MOST_FIELDS or (
            len(merged.fields) > FEWEST_VARYING and len(merged.optional) == len(merged.fields)
        ):
            return _as_map(merged)
    elif objects:
        merged.fields, merged.optional = objects[0].fields, objects[0].optional
    return merged


def properties(shape: Shape, dot: str = "", brackets: str = "[].") -> Iterator[str]:
    """Yield the place of each key of an object that is not a map: ``tools``, ``tools[].name``.

    ``dot`` and ``brackets`` start the places in an object and in the items of an array.
    """
    for key, field in shape.fields.items():
        yield dot + key
        yield from properties(field, f"{dot}{key}.", f"{dot}{key}[].")
    if shape.items is not None:
        for key, field in shape.items.fields.items():
            yield brackets + key
            yield from properties(field, f"{brackets}{key}.", f"{brackets}{key}[].")


def literals_at(shape: Shape, path: str) -> frozenset[str]:
    """Return the literals of the place ``tools[].name``; none if there is no such place."""
    found: Shape | None = shape
    for part in _PART.findall(path):
        if found is None:
            break
        found = found.items if part == "[]" else found.fields.get(part)
    return frozenset(found.literals) if found is not None else frozenset()


def without_literals(shape: Shape, where: Callable[[str, Shape], bool] = lambda *_: True) -> Shape:
    """Return ``shape`` with any text, flag and number where some were seen; if given, ``where`` is true only.

    ``where`` is called with the place, as of :func:`properties`, and the shape there.
    """
    return _with_literals(shape, lambda place, part: {} if where(place, part) else part.literals)


def with_sent(shape: Shape, sent: Container[str]) -> Shape:
    """Return ``shape`` with one literal for all texts that requests have ``sent``, before or after they were seen."""

    def united(_place: str, part: Shape) -> dict[str, int]:
        literals: dict[str, int] = {}
        for one, runs in part.literals.items():
            (found,) = as_sent((one,), sent)
            literals[found] = max(literals.get(found, 0), runs)
        return literals

    return _with_literals(shape, united)


def _with_literals(shape: Shape, literals: Callable[[str, Shape], dict[str, int]], at: str = "") -> Shape:
    """Return ``shape`` with other ``literals`` at each place, given the place and the shape there."""

    def converted(part: Shape, place: str) -> Shape:
        return _with_literals(part, literals, place)

    return replace(
        shape,
        fields={key: converted(field, f"{at}.{key}" if at else key) for key, field in shape.fields.items()},
        values=None if shape.values is None else converted(shape.values, f"{at}.*" if at else "*"),
        items=None if shape.items is None else converted(shape.items, f"{at}[]"),
        literals=literals(at, shape),
    )


def depends_on_scenarios(_place: str, shape: Shape) -> bool:
    """Return whether the literals of ``shape`` depend on which scenarios run: texts that they send, and numbers."""
    return SENT in shape.literals or NUMBER in shape.types


def _literals(one: Shape, other: Shape, within: Within) -> dict[str, int]:
    """Return the literals of both; none if those of one can be any, or if they are too many."""
    if any(not shape.literals and LITERALS & shape.types.keys() for shape in (one, other)):
        return {}
    combine = sum if within is Within.VERSION else max
    every = {
        found: combine((one.literals.get(found, 0), other.literals.get(found, 0)))
        for found in sorted(one.literals.keys() | other.literals.keys())
    }
    return every if len(every) <= MOST_LITERALS else {}


def _is_map(shape: Shape) -> bool:
    return shape.values is not None


def _values(shape: Shape) -> Iterator[Shape]:
    """Yield the shapes of the values of an object."""
    if shape.values is not None:
        yield shape.values
    yield from shape.fields.values()


def _as_map(shape: Shape) -> Shape:
    values = Shape()
    for one in _values(shape):
        values = merge(values, one, Within.RESPONSE)
    return Shape(types=shape.types, values=without_literals(values), items=shape.items)


def _both(one: Shape | None, other: Shape | None, within: Within) -> Shape | None:
    if one is None or other is None:
        return one if other is None else other
    return merge(one, other, within)


def _add(one: dict[str, Sightings], other: dict[str, Sightings], within: Within) -> dict[str, Sightings]:
    return {
        kind: _combined((seen[kind] for seen in (one, other) if kind in seen), within)
        for kind in sorted(one.keys() | other.keys())
    }


def _combined(parts: Iterable[Sightings], within: Within) -> Sightings:
    every = tuple(parts)
    samples, runs = [one.samples for one in every], [one.runs for one in every]
    return Sightings(
        max(samples) if within is Within.RESPONSE else sum(samples),
        sum(runs) if within is Within.VERSION else max(runs),
    )
