"""Comparison of a value with a shape: which of its statements are certain, and how a value differs from them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any, NamedTuple

from loadtest.shapes.literal import SENT, literal, schema_of
from loadtest.shapes.shape import ANY, ARRAY, LITERALS, NULL, OBJECT, Shape, Sightings, type_of

CERTAIN = Sightings(3, 2)
"""Fewest samples and runs after which a key or a type is expected."""
NEVER_NULL = Sightings(10, 3)
"""Fewest samples and runs after which a value is expected not to be null."""
SENT_KEYWORD = "sentText"
"""Keyword of the schemas of shapes."""
LITERAL_RUNS = 4
"""Runs in which each literal of a place must have been seen for others to be unexpected."""


class Difference(NamedTuple):
    """A difference between a value and a shape."""

    path: str
    """The place: ``tools[].name``, ``stats.*`` for the values of a map; empty for the whole body."""
    expected: str
    """``string``, ``string or null``."""
    actual: str
    """The type; empty if the key is missing. For an unexpected literal its text."""
    in_empty: bool = False
    """The object without the key has no key at all, and is not itself an item of an array."""
    literals: frozenset[str] = frozenset()
    """The expected literals, if the type is as expected and the text or the flag is not."""

    @property
    def of_literal(self) -> bool:
        """Whether only the text or the flag is another one."""
        return bool(self.literals)

    def __str__(self) -> str:
        if not self.actual:
            return f"expected key {self.path} ({self.expected}), missing"
        return f"expected {self.path or 'the body'} to be {self.expected}, got {self.actual}"


class ShapeComparison(NamedTuple):
    """The result of comparing one value with a shape."""

    differences: tuple[Difference, ...]
    """Removed keys, other types and unexpected nulls, by path."""
    added: tuple[str, ...]
    """Paths of keys that were never seen."""


def compare(shape: Shape, value: Any, sent: Container[str] = frozenset()) -> ShapeComparison:
    """Return how ``value`` differs from what is certain about ``shape``.

    A text that a request has ``sent`` is no difference.

    A key that is missing, or a value that is null, in some items of an array only is not a difference: a list can
    contain entities of other callers, which were made with other properties. For the same reason, an object in an item
    (``gateways[].capabilities``) can be empty in all of them, and a value in the only item can be null. A text,
    flag or number is a difference if it is unexpected in every item.
    """
    differences: set[Difference] = set()
    added: set[str] = set()
    for found in _differences(shape, value, "", sent):
        if isinstance(found, Difference):
            differences.add(found)
        else:
            added.add(found)
    return ShapeComparison(tuple(sorted(differences)), tuple(sorted(added)))


def _differences(shape: Shape, value: Any, path: str, sent: Container[str]) -> Iterator[Difference | str]:
    if shape.anything or not shape.types:
        return
    kind = type_of(value)
    if kind not in shape.types:
        if _is_certain(shape, NEVER_NULL if kind == NULL else CERTAIN):
            yield Difference(path, type_text(shape), kind)
        return
    if kind in LITERALS:
        yield from _literal_difference(shape, value, path, sent)
    elif kind == OBJECT:
        yield from _object_differences(shape, value, path, sent)
    elif kind == ARRAY and shape.items is not None:
        yield from _item_differences(shape.items, value, f"{path}[]", sent)


def _literal_difference(shape: Shape, value: Any, path: str, sent: Container[str]) -> Iterator[Difference]:
    few = expected_literals(shape)
    if not few:
        return
    found = literal(value, sent)
    if found != SENT and found not in few:
        shown = "a long text" if found is None else shortened(found)
        texts = map(shortened, sorted(few - {SENT}))
        yield Difference(
            path, " or ".join((*texts, *(["a text that was sent"] * (SENT in few)))), shown, literals=few
        )


def expected_literals(shape: Shape) -> frozenset[str]:
    """Return the literals of which a value must be one, unless it was sent; empty if it can be any."""
    others = shape.literals.keys() - {SENT}
    certain = all(shape.literals[one] >= LITERAL_RUNS for one in others or shape.literals)
    return frozenset(shape.literals) if certain else frozenset()


def shortened(text: str) -> str:
    """Return at most 60 characters of ``text``."""
    return text if len(text) <= 60 else text[:59] + "…"


def _item_differences(
    shape: Shape, items: list[Any], path: str, sent: Container[str]
) -> Iterator[Difference | str]:
    found = [set(_differences(shape, one, path, sent)) for one in items]
    of_objects = [differences for one, differences in zip(items, found, strict=True) if isinstance(one, dict)]
    comparable = of_objects or found
    every = set[Difference | str]().union(*found)
    everywhere = every.intersection(*comparable)
    texts = [
        {one.path: one for one in map(_literal, differences) if one is not None} for differences in comparable
    ]
    for one in every:
        if (
            not isinstance(one, Difference)
            or (one.actual not in ("", NULL) and not one.of_literal)
            or (one in everywhere and not one.in_empty and not (one.actual == NULL and len(items) == 1))
        ):
            yield one
    for place in set(texts[0] if texts else ()).intersection(*texts):
        yield texts[0][place]


def _literal(found: Difference | str) -> Difference | None:
    return found if isinstance(found, Difference) and found.of_literal else None


def _object_differences(
    shape: Shape, value: dict[str, Any], path: str, sent: Container[str]
) -> Iterator[Difference | str]:
    if shape.values is not None:
        for one in () if _is_text(shape.values) else value.values():
            yield from _differences(shape.values, one, _below(path, "*"), sent)
        return
    certain = reaches(shape.types[OBJECT], CERTAIN)
    for key, field in shape.fields.items():
        if key in value:
            yield from _differences(field, value[key], _below(path, key), sent)
        elif certain and key not in shape.optional:
            yield Difference(_below(path, key), type_text(field), "", not value and not path.endswith("[]"))
    if certain:
        yield from (_below(path, key) for key in value if key not in shape.fields)


def certain_schema(shape: Shape) -> dict[str, Any]:
    """Return a JSON Schema of values without a difference from ``shape`` (see :func:`compare`).

    A value that does not conform can be without one, too: each item of an array must have every certain key.
    ``SENT_KEYWORD`` is valid for a text that a request has sent.
    """
    if shape.anything or not shape.types:
        return {}
    schema: dict[str, Any] = {}
    if _is_certain(shape, NEVER_NULL):
        schema["type"] = list(shape.types)
    elif _is_certain(shape, CERTAIN):
        schema["type"] = sorted({*shape.types, NULL})
    if few := expected_literals(shape):
        schema |= _literal_keywords(few | {SENT}, schema.get("type", (*shape.types, NULL)))
    if shape.items is not None:
        schema["items"] = certain_schema(shape.items)
    if shape.values is not None and not _is_text(shape.values):
        schema["additionalProperties"] = certain_schema(shape.values)
    if shape.fields:
        schema["properties"] = {key: certain_schema(field) for key, field in shape.fields.items()}
        if reaches(shape.types[OBJECT], CERTAIN):
            schema["required"] = [key for key in shape.fields if key not in shape.optional]
    return schema


def _literal_keywords(literals: frozenset[str], kinds: Iterable[str]) -> dict[str, Any]:
    """Return keywords for values of ``kinds`` of which those that can be literals must be one of ``literals``."""
    schema = dict(schema_of(literals - {SENT}))
    others = [{"type": one} for one in sorted({*kinds} - LITERALS)]
    sent = [{SENT_KEYWORD: True}] if SENT in literals else []
    # The alternatives of one place take most of the time of a validation, so only those that can occur are written.
    return {"anyOf": [schema, *others, *sent]} if others or sent else schema


def _is_text(values: Shape) -> bool:
    """Return whether the values of a map are texts, such as headers or attributes: others may be numbers."""
    return "string" in values.types and not {OBJECT, ARRAY} & values.types.keys()


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_certain(shape: Shape, least: Sightings) -> bool:
    """Return whether enough values other than null were seen."""
    seen = [one for kind, one in shape.types.items() if kind != NULL]
    if not seen:
        return False
    return reaches(Sightings(sum(one.samples for one in seen), max(one.runs for one in seen)), least)


def reaches(seen: Sightings, least: Sightings) -> bool:
    """Return whether the evidence is at least that of ``least``."""
    return seen.samples >= least.samples and seen.runs >= least.runs


def type_text(shape: Shape) -> str:
    """Return the types in words: ``string``, ``number or null``."""
    return " or ".join(sorted(shape.types, key=lambda kind: (kind == NULL, kind))) or ANY


def exact_schema(shape: Shape) -> dict[str, Any]:
    """Return a JSON Schema of the values that add nothing to ``shape``: no key, type, null, missing key or literal.

    ``SENT_KEYWORD`` is valid for a text that a request has sent.
    """
    if shape.anything:
        return {}
    schema: dict[str, Any] = {"type": list(shape.types)}
    if shape.literals:
        schema |= _literal_keywords(frozenset(shape.literals), shape.types)
    if ARRAY in shape.types:
        schema["items"] = False if shape.items is None else exact_schema(shape.items)
    if OBJECT not in shape.types:
        return schema
    if shape.values is not None:
        return schema | {"additionalProperties": exact_schema(shape.values) if shape.values.types else False}
    return schema | {
        "properties": {key: exact_schema(field) for key, field in shape.fields.items()},
        "required": [key for key in shape.fields if key not in shape.optional],
        "additionalProperties": False,
    }
