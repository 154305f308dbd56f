"""Documented elements of an operation: what a request can contain, and what a response can be.

An element has a name: ``query limit``, ``query order=asc`` for a value of an enumeration or a boolean,
``body tool.name`` and ``body tool.visibility=team`` for a property of a JSON or form body and its values,
``body tags[].label`` for a property of the objects in a list. Of responses: ``status 200``, ``returns text/html`` for
the media type of a success, ``response id`` for a property of its body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

QUERY = "query "
"""Starts the name of a query parameter."""
BODY = "body "
"""Starts the name of a property of the body."""
RESPONSE = "response "
"""Starts the name of a property of the response."""


class Field(NamedTuple):
    """A query parameter, a property of a body, or a body."""

    values: frozenset[str] = frozenset()
    """All values, as in a query, if they are finite: those of an enumeration or a boolean."""
    properties: Mapping[str, Field] = {}
    """The properties of an object."""
    items: Mapping[str, Field] = {}
    """The properties of the objects in a list."""


class DocumentedInput(NamedTuple):
    """The input that an operation documents."""

    query: Mapping[str, Field] = {}
    body: Field = Field()

    @property
    def names(self) -> frozenset[str]:
        """The names of all elements."""
        return frozenset((*_names(self.query, QUERY), *_names_within(self.body, BODY, f"{BODY}[].")))

    def sent(self, params: Mapping[str, Any] | None, body: Any) -> frozenset[str]:
        """Return the names of the elements that a request with these query parameters and this body contains."""
        found: set[str] = set()
        if params and self.query:
            _add_sent(found, self.query, params, QUERY)
        if body:
            _add_content(found, self.body, body, BODY, f"{BODY}[].")
        return frozenset(found)


NO_INPUT = DocumentedInput()


def documented_input(document: Mapping[str, Any], path: str, method: str) -> DocumentedInput:
    """Return the documented input of the operation ``method`` (lower case) of the served ``path``."""
    item = document["paths"][path]
    operation = item[method]
    query: dict[str, Field] = {}
    for reference in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = _resolved(document, reference)
        if parameter.get("in") == "query":
            query[parameter["name"]] = _field(document, parameter.get("schema", {}), ())
    contents = _resolved(document, operation.get("requestBody", {})).get("content", {}).values()
    schemas = [content.get("schema", {}) for content in contents]
    return DocumentedInput(query, _field(document, {"anyOf": schemas}, ()))


def documented_output(document: Mapping[str, Any], path: str, method: str) -> frozenset[str]:
    """Return the names of the documented elements of the responses of an operation."""
    found: set[str] = set()
    for status, reference in document["paths"][path][method].get("responses", {}).items():
        if not status.isdigit():
            continue
        found.add(f"status {status}")
        contents = _resolved(document, reference).get("content", {}) if int(status) < 400 else {}
        for media_type, content in contents.items():
            found.add(f"returns {media_type}")
            if media_type.endswith("json"):
                body = _field(document, content.get("schema", {}), ())
                found.update(
                    name for name in _names_within(body, RESPONSE, f"{RESPONSE}[].") if "=" not in name
                )
    return frozenset(found)


def _field(document: Mapping[str, Any], schema: Mapping[str, Any], seen: tuple[str, ...]) -> Field:
    values: set[str] = set()
    properties: dict[str, Field] = {}
    items: dict[str, Field] = {}
    for one, inside in _alternatives(document, schema, seen):
        values |= _values(one)
        properties |= _properties(document, one, inside)
        for element, within in _alternatives(document, one.get("items", {}), inside):
            values |= _values(element)
            items |= _properties(document, element, within)
    return Field(frozenset(values), properties, items)


def _properties(
    document: Mapping[str, Any], schema: Mapping[str, Any], seen: tuple[str, ...]
) -> dict[str, Field]:
    return {name: _field(document, one, seen) for name, one in schema.get("properties", {}).items()}


def _values(schema: Mapping[str, Any]) -> set[str]:
    stated = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    if not stated and schema.get("type") == "boolean":
        stated = [True, False]
    return {_text(value) for value in stated if value is not None}


def _alternatives(
    document: Mapping[str, Any], schema: Mapping[str, Any], seen: tuple[str, ...]
) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Yield ``schema`` and the schemas that it combines, with the references followed; each one only once."""
    reference = schema.get("$ref")
    if reference is not None:
        if reference not in seen:
            yield from _alternatives(document, _resolved(document, schema), (*seen, reference))
        return
    yield schema, seen
    for key in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(key, ()):
            yield from _alternatives(document, one, seen)


def _resolved(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    if reference is None:
        return part
    found: Any = document
    for key in reference.removeprefix("#/").split("/"):
        found = found[key.replace("~1", "/").replace("~0", "~")]
    return dict(found)


def _names(fields: Mapping[str, Field], prefix: str) -> Iterator[str]:
    for key, field in fields.items():
        name = prefix + key
        yield name
        yield from (f"{name}={value}" for value in field.values)
        yield from _names_within(field, f"{name}.", f"{name}[].")


def _names_within(field: Field, dot: str, brackets: str) -> Iterator[str]:
    yield from _names(field.properties, dot)
    yield from _names(field.items, brackets)


def _add_sent(found: set[str], fields: Mapping[str, Field], sent: Mapping[str, Any], prefix: str) -> None:
    for key, value in sent.items():
        field = fields.get(key)
        if field is not None:
            name = prefix + key
            found.add(name)
            _add_value(found, field, value, name)


def _add_value(found: set[str], field: Field, value: Any, name: str) -> None:
    if isinstance(value, dict | list):
        if isinstance(value, list) and field.values:
            for one in value:
                _add_value(found, field, one, name)
        _add_content(found, field, value, f"{name}.", f"{name}[].")
    elif field.values and (text := _text(value)) in field.values:
        found.add(f"{name}={text}")


def _add_content(found: set[str], field: Field, value: Any, dot: str, brackets: str) -> None:
    if isinstance(value, dict):
        if field.properties:
            _add_sent(found, field.properties, value, dot)
    elif isinstance(value, list) and field.items:
        for one in value:
            if isinstance(one, dict):
                _add_sent(found, field.items, one, brackets)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
