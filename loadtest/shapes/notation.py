"""The stored form of shapes: JSON that shows a key and its type on one line.

``"string"`` is a type, ``"null|string"`` one of several, ``["string"]`` an array, ``{"id": "string", "note?": "any"}``
an object with an optional key, ``{"*": "number"}`` a map. Few samples are stated with the type: ``"string 2/1"`` was
seen in 2 responses of 1 run. Where an object or array is one of several types or was seen only a few times, ``"|"`` has
the types and ``"[]"`` the items. ``"="`` has the literals where they are few, as a list, or with the number of runs if
some were seen only in a few: ``{"|": "string", "=": ["enabled", "disabled"]}``.
"""

from __future__ import annotations

import json
from typing import Any

from loadtest.shapes.expected import LITERAL_RUNS, NEVER_NULL, reaches
from loadtest.shapes.shape import ARRAY, DEEPEST, OBJECT, Shape, Sightings

_ENOUGH = NEVER_NULL
"""Evidence above which the number of samples does not matter."""
TYPES, ITEMS, VALUES, EQUALS = "|", "[]", "*", "="


def to_stored(shape: Shape) -> Any:
    """Return the stored form of ``shape``."""
    types = "|".join(_type_text(kind, seen) for kind, seen in sorted(shape.types.items()))
    if OBJECT not in shape.types and ARRAY not in shape.types:
        return {TYPES: types, EQUALS: _stored_literals(shape.literals)} if shape.literals else types
    if types == ARRAY:
        return [] if shape.items is None else [to_stored(shape.items)]
    stored: dict[str, Any] = {} if types == OBJECT else {TYPES: types}
    if shape.literals:
        stored[EQUALS] = _stored_literals(shape.literals)
    if shape.items is not None:
        stored[ITEMS] = to_stored(shape.items)
    if shape.values is not None:
        stored[VALUES] = to_stored(shape.values)
    for key, field in sorted(shape.fields.items()):
        stored[f"{key}?" if key in shape.optional else key] = to_stored(field)
    return stored


def from_stored(stored: Any, depth: int = 0) -> Shape:
    """Return the shape of its stored form.

    Raises:
        ValueError: it is not such a form.
    """
    if depth > 2 * DEEPEST:
        raise ValueError("the shape is nested too deeply")
    if isinstance(stored, str):
        return Shape(types=_types(stored))
    if isinstance(stored, list):
        if len(stored) > 1:
            raise ValueError("expected one shape in a list")
        return Shape(types={ARRAY: _ENOUGH}, items=from_stored(stored[0], depth + 1) if stored else None)
    if not isinstance(stored, dict):
        raise ValueError(f"expected a shape, got {stored!r:.40}")  # noqa: TRY004 - a value of a file
    types = stored.get(TYPES, OBJECT)
    if not isinstance(types, str):
        raise ValueError(f"expected types, got {types!r:.40}")  # noqa: TRY004 - a value of a file
    shape = Shape(types=_types(types), fields={}, optional=set())
    for key, one in stored.items():
        if key == ITEMS:
            shape.items = from_stored(one, depth + 1)
        elif key == VALUES:
            shape.values = from_stored(one, depth + 1)
        elif key == EQUALS:
            shape.literals = _literals(one)
        elif key != TYPES:
            name = key.removesuffix("?")
            shape.fields[name] = from_stored(one, depth + 1)
            if name != key:
                shape.optional.add(name)
    return shape


def _type_text(kind: str, seen: Sightings) -> str:
    if reaches(seen, _ENOUGH):
        return kind
    return f"{kind} {min(seen.samples, _ENOUGH.samples)}/{min(seen.runs, _ENOUGH.runs)}"


def _stored_literals(literals: dict[str, int]) -> Any:
    if all(runs >= LITERAL_RUNS for runs in literals.values()):
        return [json.loads(one) for one in sorted(literals)]
    return {one: min(runs, LITERAL_RUNS) for one, runs in sorted(literals.items())}


def _literals(stored: Any) -> dict[str, int]:
    if isinstance(stored, list):
        return {json.dumps(one, ensure_ascii=False): LITERAL_RUNS for one in stored}
    if isinstance(stored, dict) and all(isinstance(runs, int) for runs in stored.values()):
        return dict(stored)
    raise ValueError(f"expected literals, got {stored!r:.40}")


def _types(text: str) -> dict[str, Sightings]:
    types = {}
    for part in filter(None, text.split("|")):
        kind, _, counts = part.partition(" ")
        samples, _, runs = counts.partition("/")
        types[kind] = Sightings(int(samples), int(runs)) if counts else _ENOUGH
    return types
