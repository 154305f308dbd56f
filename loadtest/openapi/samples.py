"""Sample values for the schemas of a contract: a minimal valid one, and invalid ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_DEPTH = 6
"""Nesting at which optional structure ends; a recursive schema has no other limit."""

_FORMATS = {
    "email": "lt-unknown@example.com",
    "uri": "http://127.0.0.1:9/lt-unknown",
    "date-time": "2030-01-01T00:00:00Z",
    "date": "2030-01-01",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_BY_NAME = (("email", "email"), ("uri", "uri"), ("url", "uri"), ("issuer", "uri"))
"""Parts of property names that state a format which the schema omits."""
_CHOICE = re.compile(r"^\^\((\w+)(?:\|\w+)*\)\$$")
"""A pattern that lists the allowed values."""
_TEXT = "lt-unknown"
_NUMBER = 999_999_999
"""An integer id that no entity has."""
_MISTYPED: Mapping[str, Any] = {
    "string": {"lt": "object"},
    "integer": "lt-text",
    "number": "lt-text",
    "boolean": "lt-text",
    "array": "lt-text",
    "object": "lt-text",
}
"""By type: a value that no conversion turns into it."""


class Samples:
    """Sample values for the schemas of one OpenAPI ``document``."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return ``schema`` without a reference, and without a null alternative."""
        for _ in range(_DEPTH):
            if "$ref" in schema:
                target: Any = self._document
                for part in str(schema["$ref"]).removeprefix("#/").split("/"):
                    target = target.get(part, {})
                schema = target
                continue
            options = [
                one for key in ("anyOf", "oneOf") for one in schema.get(key, ()) if one.get("type") != "null"
            ]
            if options:
                schema = options[0]
            elif len(schema.get("allOf", ())) == 1:
                schema = schema["allOf"][0]
            else:
                break
        return schema

    def valid(self, schema: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        """Return the smallest valid value: only required properties, the first of each enum.

        ``name`` is that of the property or parameter; it tells an email address or a URL from other text.
        """
        if "default" in schema and depth and schema["default"] is not None:
            return schema["default"]
        schema = self.resolved(schema)
        for key in ("const", "enum"):
            if key in schema:
                return schema[key] if key == "const" else schema[key][0]
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            if depth > _DEPTH:
                return {}
            properties = schema.get("properties", {})
            return {
                key: self.valid(properties.get(key, {}), key, depth + 1) for key in schema.get("required", ())
            }
        if kind == "array":
            least = schema.get("minItems", 0)
            return [self.valid(schema.get("items", {}), name, depth + 1)] * least
        if kind == "integer":
            return max(1, int(schema.get("minimum", 1)))
        if kind == "number":
            return max(1.0, float(schema.get("minimum", 1)))
        if kind == "boolean":
            return False
        return _text(schema, name)

    def unknown(self, schema: Mapping[str, Any], name: str) -> str:
        """Return a valid path parameter that identifies nothing."""
        kind = self.resolved(schema).get("type")
        if kind in ("integer", "number"):
            return str(_NUMBER)
        return str(self.valid(schema, name))

    def mistyped(self, schema: Mapping[str, Any]) -> Any:
        """Return a body in which one property, or else the whole, has a wrong type; None if every value is valid."""
        whole = schema
        schema = self.resolved(schema)
        properties = schema.get("properties", {})
        required = schema.get("required", ())
        for name in sorted(properties, key=lambda one: (one not in required, one)):
            wrong = self._wrong(properties[name])
            if wrong is not None:
                body = self.valid(schema)
                return {**(body if isinstance(body, dict) else {}), name: wrong}
        return self._wrong(whole)

    def _wrong(self, schema: Mapping[str, Any]) -> Any:
        """Return a value of a type that ``schema`` does not allow, or None if it is not certain."""
        kinds = set(self._kinds(schema, 0))
        if None in kinds:
            return None
        if len(kinds) > 1:
            return {"lt": "object"} if "object" not in kinds else None
        return _MISTYPED.get(str(next(iter(kinds), None)))

    def _kinds(self, schema: Mapping[str, Any], depth: int) -> Iterator[str | None]:
        """Yield the types that ``schema`` allows, without null; None for one that is not stated."""
        options = [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
        if "$ref" in schema and depth < _DEPTH:
            yield from self._kinds(self.resolved(schema), depth + 1)
        elif options and depth < _DEPTH:
            for one in options:
                yield from self._kinds(one, depth + 1)
        elif schema.get("type") != "null":
            yield schema.get("type") or ("object" if "properties" in schema else _enum_kind(schema))


def _enum_kind(schema: Mapping[str, Any]) -> str | None:
    values = schema.get("enum", ())
    return "string" if values and all(isinstance(one, str) for one in values) else None


def _text(schema: Mapping[str, Any], name: str) -> str:
    form = str(schema.get("format", ""))
    if form not in _FORMATS:
        form = next((known for part, known in _BY_NAME if part in name.lower()), "")
    text = _FORMATS.get(form, _TEXT)
    choice = _CHOICE.match(str(schema.get("pattern", "")))
    return (choice[1] if choice else text).ljust(int(schema.get("minLength", 0)), "x")
