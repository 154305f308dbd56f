"""Nulls that the contract allows, in the shapes that responses have shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from loadtest.openapi.contract import read_contract
from loadtest.openapi.elements import Field
from loadtest.shapes.expected import CERTAIN
from loadtest.shapes.shape import ANY, ARRAY, NULL, OBJECT, Shape

_DEPTH = 12
"""References and alternatives that are followed; a recursive schema has no other limit."""


def with_documented_nulls(
    shapes: Mapping[str, Mapping[str, Shape]], document: Mapping[str, Any]
) -> dict[str, dict[str, Shape]]:
    """Return ``shapes`` by operation and status, with null wherever a creator can leave out a value.

    The OpenAPI ``document`` allows null there, and requests have a property of the same name. Whether such a value is
    null depends on the entity, and another scenario can create one without it. Objects and arrays stay as they are: an
    entity without one usually has an empty one.
    """
    contract = read_contract(document)
    chosen = frozenset(
        name for operation in contract.operations for name in _names(contract.input_of(operation).body)
    )

    def with_nulls(operation: str, status: str, shape: Shape) -> Shape:
        path = contract.path(operation)
        method = operation.partition(" ")[0].lower()
        responses = document["paths"][path][method].get("responses", {}) if path else {}
        schema = responses.get(status, {}).get("content", {}).get("application/json", {}).get("schema", {})
        return _with_nulls(shape, tuple(_alternatives(schema, document)), document, chosen)

    return {
        operation: {status: with_nulls(operation, status, shape) for status, shape in statuses.items()}
        for operation, statuses in shapes.items()
    }


def _names(field: Field) -> Iterator[str]:
    """Yield the names of the properties of a body, in lower case and without underscores."""
    for properties in (field.properties, field.items):
        for name, inner in properties.items():
            yield _plain(name)
            yield from _names(inner)


def _plain(name: str) -> str:
    """Return ``maxmembers`` for ``max_members`` and ``maxMembers``."""
    return name.replace("_", "").lower()


def _with_nulls(
    shape: Shape,
    options: tuple[Mapping[str, Any], ...],
    document: Mapping[str, Any],
    chosen: frozenset[str],
    name: str = "",
) -> Shape:
    if not options or not shape.types:
        return shape

    def below(inner: Shape | None, parts: Iterable[Any], key: str = "") -> Shape | None:
        schemas = [found for one in parts if isinstance(one, dict) for found in _alternatives(one, document)]
        return None if inner is None else _with_nulls(inner, tuple(schemas), document, chosen, key)

    types = shape.types
    single = not {ANY, OBJECT, ARRAY} & types.keys()
    if single and _plain(name) in chosen and any(map(_allows_null, options)):
        types = types | {NULL: types.get(NULL, CERTAIN)}
    fields = {
        key: below(field, [one.get("properties", {}).get(key) for one in options], key) or field
        for key, field in shape.fields.items()
    }
    return replace(
        shape,
        types=types,
        fields=fields,
        items=below(shape.items, (one.get("items") for one in options)),
        values=below(shape.values, (one.get("additionalProperties") for one in options)),
    )


def _alternatives(
    schema: Mapping[str, Any], document: Mapping[str, Any], depth: int = _DEPTH
) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas without a reference of which a value satisfies one or more."""
    if not depth:
        return
    if "$ref" in schema:
        target: Any = document
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target.get(part, {})
        yield from _alternatives(target, document, depth - 1)
    yield schema
    for key in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(key, ()):
            yield from _alternatives(one, document, depth - 1)


def _allows_null(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return NULL in kind if isinstance(kind, list) else kind == NULL
