"""Generation of requests from an OpenAPI document, by Schemathesis.

A schema is simplified before a request is drawn from it: references are followed, well-known texts are constants with
placeholders, and free text is readable. The requests of an operation depend on the seed and its name only.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis.errors import HypothesisException
from schemathesis import openapi
from schemathesis.errors import SchemathesisError

from loadtest.core.operations import METHODS, canonical
from loadtest.generated.requests import Candidate, GeneratedOperation
from loadtest.generated.rules import GenerationRules
from loadtest.generated.simplify import Extent, SchemaSimplifier, object_of, resolved

DRAWS = 4
"""Requests drawn at random; the last one is used."""
_ADDRESS = re.compile(r"^\w+://")


class RequestGenerator:
    """Generates requests for the operations of one ``document``."""

    def __init__(self, document: Mapping[str, Any], rules: GenerationRules, seed: int) -> None:
        self._document = document
        self._rules = rules
        self._seed = seed
        self._places = {
            canonical(method, path): (path, method)
            for path, item in document.get("paths", {}).items()
            for method in METHODS
            if method in item
        }

    def operations(self, names: Iterable[str]) -> Iterator[GeneratedOperation]:
        """Yield requests for each operation of ``names`` that the document has."""
        for name in names:
            if name in self._places:
                yield self._operation(name)

    def _operation(self, name: str) -> GeneratedOperation:
        path, method = self._places[name]
        item = self._document["paths"][path]
        documented = item[method]
        parameters = [
            resolved(self._document, one)
            for one in (*item.get("parameters", ()), *documented.get("parameters", ()))
        ]
        content = resolved(self._document, documented.get("requestBody", {})).get("content", {})
        media_type = next((one for one in content if one.endswith("json")), next(iter(content), ""))
        body = content.get(media_type, {})
        form = bool(media_type) and not media_type.endswith("json")
        found: list[Candidate] = []
        schemas: list[Any] = []
        for extent in Extent:
            simplifier = SchemaSimplifier(self._document, self._rules, name, extent)
            schema = _request(simplifier, parameters, body.get("schema"))
            if schema in schemas:
                continue  # there is nothing optional
            schemas.append(schema)
            drawn = _constant(schema)
            if drawn is None:
                drawn = self._drawn(name, schema, extent)
            if drawn is not None:
                found.append(Candidate(**drawn, form=form))
        if found:
            found[1:1] = [
                Candidate(path=found[0].path, params=found[0].params, body=_without_addresses(one), form=form)
                for one in _examples(body)
            ]
        if not content and method in ("post", "put", "patch"):
            # A body that the contract does not document is JSON, usually.
            found += [Candidate(path=one.path, params=one.params, body={}) for one in found[:1]]
        unique = list({repr(one): one for one in found}.values())
        return GeneratedOperation(
            operation=name,
            parameters=tuple(re.findall(r"\{(\w+)\}", name)),
            candidates=tuple(unique),
            withheld=self._rules.why_withheld(name),
            backend=self._rules.backend_of(name),
        )

    def _drawn(self, name: str, schema: Mapping[str, Any], extent: Extent) -> Any:
        """Return a value of ``schema``; None if the library finds none."""
        values: list[Any] = []

        @hypothesis.seed(zlib.crc32(f"{self._seed} {name} {extent.name}".encode()))
        @hypothesis.settings(
            max_examples=DRAWS if extent is Extent.SOME else 1,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(_strategy(schema))
        def collect(value: Any) -> None:
            values.append(value.body)

        try:
            collect()
        except (HypothesisException, SchemathesisError):
            return None  # the schema has no value, or the library does not support it
        return _without_addresses(values[-1]) if values else None


def _request(
    simplifier: SchemaSimplifier, parameters: Iterable[Mapping[str, Any]], body: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the schema of a whole request."""
    groups: dict[str, dict[str, Any]] = {"path": {}, "query": {}}
    required: dict[str, list[str]] = {"path": [], "query": []}
    for one in parameters:
        place, name = str(one.get("in")), str(one["name"])
        if place not in groups:
            continue
        needed = place == "path" or bool(one.get("required"))
        schema = simplifier.simplified(one.get("schema", {}), name, path=place == "path")
        if needed or simplifier.includes(schema):
            groups[place][name] = schema
            if needed or simplifier.requires:
                required[place].append(name)
    properties = {
        "path": object_of(groups["path"], required["path"]),
        "params": object_of(groups["query"], required["query"]),
    }
    if body is not None:
        properties["body"] = simplifier.simplified(body, "")
    return object_of(properties, list(properties))


def _constant(schema: Mapping[str, Any]) -> Any:
    """Return the only value of ``schema``; None if there is more than one, or it is not certain."""
    if "const" in schema:
        return schema["const"]
    if schema.get("type") != "object" or set(schema["properties"]) != set(schema["required"]):
        return None
    found = {key: _constant(one) for key, one in schema["properties"].items()}
    return None if None in found.values() else found


def _strategy(schema: Mapping[str, Any]) -> Any:
    """Return the strategy of requests whose body has ``schema``."""
    body = {"required": True, "content": {"application/json": {"schema": dict(schema)}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "Done"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Generated", "version": "1"},
        "paths": {"/request": {"post": operation}},
    }
    return openapi.from_dict(document)["/request"]["POST"].as_strategy()


def _examples(body: Mapping[str, Any]) -> list[Any]:
    """Return the examples of a request body."""
    found = [body["example"]] if "example" in body else []
    found += [one["value"] for one in body.get("examples", {}).values() if "value" in one]
    found += [one for one in body.get("schema", {}).get("examples", ()) if isinstance(one, dict)]
    return found


def _without_addresses(value: Any) -> Any:
    """Return ``value`` with every address replaced by that of a backend, as the gateway might call it.

    Integers may have been drawn as ``20.0``, which a query does not allow.
    """
    if isinstance(value, str):
        return "{{url}}" if _ADDRESS.match(value) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _without_addresses(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_addresses(one) for one in value]
    return value
