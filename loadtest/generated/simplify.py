"""Simplification of the schemas of a contract, before a request is drawn from them. Pure.

References are followed, well-known texts become constants with placeholders, and free text is readable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from loadtest.generated.rules import GenerationRules

DEPTH = 5
"""Nesting at which optional structure ends."""
_LARGEST = 50
_WORD = "^[a-z]{3,12}$"
_IDENTIFIER = re.compile(r"(?<=[a-z])Ids?$|(?:^|_)ids?$|^id$")
_UNKNOWN = "lt-unknown"
_KEPT = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


class Extent(Enum):
    """Which optional parts a request has."""

    LEAST = 1
    PLAIN = 2
    """Scalars, without identifiers, addresses and parts of unknown form."""
    MOST = 3
    SOME = 4
    """Chosen by the library."""


class SchemaSimplifier:
    """Simplifies schemas of ``document`` for one ``operation``."""

    def __init__(
        self, document: Mapping[str, Any], rules: GenerationRules, operation: str, extent: Extent
    ) -> None:
        self._document = document
        self._rules = rules
        self._operation = operation
        self._extent = extent

    @property
    def requires(self) -> bool:
        """Whether every part that a request may have is in it."""
        return self._extent in (Extent.PLAIN, Extent.MOST)

    def includes(self, optional: Mapping[str, Any]) -> bool:
        """Return whether requests may have an ``optional`` part with this simplified schema."""
        if self._extent is Extent.PLAIN:
            plain = optional.get("type") in ("integer", "number", "boolean") or "enum" in optional
            return plain or ("const" in optional and "{{" not in str(optional["const"]))
        return self._extent is not Extent.LEAST

    def simplified(
        self,
        schema: Mapping[str, Any],
        name: str,
        depth: int = 0,
        *,
        path: bool = False,
    ) -> dict[str, Any]:
        """Return a schema without references that values of ``schema`` satisfy."""
        schema = self._chosen(schema)
        for key in ("const", "enum"):
            if key in schema:
                return {key: schema[key]}
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return self._number(schema, kind)
        if kind in ("boolean", "null"):
            return {"type": kind}
        return self._text(schema, name, path=path)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        found: dict[str, Any] = {}
        for key, one in schema.get("properties", {}).items():
            needed = key in required and depth <= DEPTH
            if needed or (self._extent is not Extent.LEAST and depth < DEPTH):
                part = self.simplified(one, key, depth + 1)
                if needed or self.includes(part):
                    found[key] = part
        return object_of(found, [key for key in found if key in required or self.requires])

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> dict[str, Any]:
        least = int(schema.get("minItems", 0))
        items = self.simplified(schema.get("items", {}), name, depth + 1)
        identifies = "{{id:" in str(items.get("const", ""))
        return {
            "type": "array",
            "items": items,
            "minItems": least,
            "maxItems": least if identifies or depth >= DEPTH else max(least, 1),
        }

    def _number(self, schema: Mapping[str, Any], kind: str) -> dict[str, Any]:
        if isinstance(schema.get("default"), int | float):
            return {"const": schema["default"]}
        bounds = {key: schema[key] for key in _KEPT if key in schema}
        bounds.setdefault("minimum", bounds.get("exclusiveMinimum", 1))
        bounds.setdefault("maximum", max(bounds["minimum"], _LARGEST))
        return {"type": kind, **bounds}

    def _text(self, schema: Mapping[str, Any], name: str, *, path: bool) -> dict[str, Any]:
        form, pattern = str(schema.get("format", "")), str(schema.get("pattern", ""))
        if path:
            known = self._rules.value_of(self._operation, "", form) if form else None
            if pattern:
                return {"type": "string", "pattern": pattern, "maxLength": 40}
            return {"const": known or _UNKNOWN}
        if name == "id":
            return {"const": "{{name}}"}  # of the new entity, chosen by the client
        if _IDENTIFIER.search(name):
            return {"const": f"{{{{id:{re.sub('s$', '', name)}}}}}"}
        known = self._rules.value_of(self._operation, name, form)
        if known is None and "://" in pattern.replace("\\", ""):
            known = "{{url}}"
        if known is not None:
            return {"const": known}
        default = schema.get("default")
        if isinstance(default, str) and default:
            return {"const": default}
        examples = [one for one in schema.get("examples", ()) if isinstance(one, str)]
        if isinstance(schema.get("example"), str):
            examples.append(schema["example"])
        if examples:
            named = any("://" in one for one in examples)
            return {"const": "{{url}}"} if named else {"enum": examples}
        if pattern:
            lengths = {key: schema[key] for key in ("minLength", "maxLength") if key in schema}
            return {"type": "string", "pattern": pattern, **lengths}
        least = int(schema.get("minLength", 0))
        return {"type": "string", "pattern": _WORD if least <= 12 else f"^[a-z]{{{least}}}$"}

    def _chosen(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return ``schema`` with references followed, and the first alternative that is not null."""
        for _ in range(DEPTH * 2):
            if "$ref" in schema:
                schema = resolved(self._document, schema)
                continue
            options = [one for key in ("anyOf", "oneOf") for one in schema.get(key, ())]
            real = [one for one in options if one.get("type") != "null"]
            if real:
                outer = {key: one for key, one in schema.items() if key in ("default", "example", "examples")}
                schema = {**outer, **real[0]}
            elif schema.get("allOf"):
                merged: dict[str, Any] = {}
                for one in schema["allOf"]:
                    part = self._chosen(one)
                    merged["properties"] = merged.get("properties", {}) | part.get("properties", {})
                    merged["required"] = [*merged.get("required", ()), *part.get("required", ())]
                    merged |= {key: v for key, v in part.items() if key not in ("properties", "required")}
                schema = {key: one for key, one in merged.items() if one or key == "type"}
            else:
                break
        return schema


def resolved(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``part`` of ``document``, or what it refers to."""
    reference = part.get("$ref")
    if reference is None:
        return part
    found: Any = document
    for key in str(reference).removeprefix("#/").split("/"):
        found = found.get(key.replace("~1", "/").replace("~0", "~"), {})
    return dict(found)


def object_of(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """Return the schema of an object with no other ``properties``."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
