"""Requests are drawn from the contract, never name a host, and depend on the seed only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from supported import NEWEST

from loadtest.generated.generate import RequestGenerator
from loadtest.generated.requests import Candidate, GeneratedOperation, GenerationJob
from loadtest.generated.rules import load_generation_rules
from loadtest.openapi.contracts import contract_of

WIDGET = {
    "type": "object",
    "required": ["name", "size"],
    "properties": {
        "name": {"type": "string", "minLength": 3},
        "size": {"type": "integer", "minimum": 5, "maximum": 9},
        "kind": {"enum": ["round", "square"]},
        "callback_url": {"anyOf": [{"type": "string", "pattern": "^https://"}, {"type": "null"}]},
        "link": {"type": "string", "example": "https://example.org/x"},
        "tool_id": {"type": "string"},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Widget"}},
        "note": {"type": "string"},
    },
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/widgets": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 50}},
                    {"name": "kind", "in": "query", "required": True, "schema": {"enum": ["round"]}},
                ]
            },
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Widget"},
                            "example": {"name": "wheel", "size": 7},
                        }
                    }
                }
            },
        },
        "/metrics/reset": {"post": {}},
    },
    "components": {"schemas": {"Widget": WIDGET}},
}


def generated(*names: str, seed: int = 0) -> list[GeneratedOperation]:
    return list(RequestGenerator(DOCUMENT, load_generation_rules(), seed).operations(names))


def test_requests_are_valid_and_begin_with_the_least() -> None:
    (one,) = generated("POST /widgets")
    least, example, plain, most, _ = one.candidates
    assert set(least.body) == {"name", "size"}
    assert least.body["name"] == "{{name}}"
    assert example.body == {"name": "wheel", "size": 7}
    assert set(plain.body) == {"name", "size", "kind"}
    assert set(most.body) == set(WIDGET["properties"])
    assert (most.body["callback_url"], most.body["link"]) == ("{{url}}", "{{url}}")
    assert most.body["tool_id"] == "{{id:tool_id}}"
    schema = WIDGET["properties"]["size"]  # type: ignore[index]
    assert all(jsonschema_rs.is_valid(schema, candidate.body["size"]) for candidate in one.candidates)


def test_required_parameters_are_always_sent_and_defaults_are_used() -> None:
    (one,) = generated("GET /widgets")
    assert one.candidates[0] == Candidate(params={"kind": "round"})
    assert one.candidates[1] == Candidate(params={"kind": "round", "limit": 50})


def test_a_body_that_is_not_documented_is_empty_or_an_object() -> None:
    (one,) = generated("POST /metrics/reset")
    assert one.candidates == (Candidate(), Candidate(body={}))
    assert one.withheld == "deletes data of the whole gateway"


def test_requests_depend_on_the_seed_only() -> None:
    assert generated("POST /widgets", seed=1) == generated("POST /widgets", seed=1)
    assert generated("POST /widgets", seed=1) != generated("POST /widgets", seed=2)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


def test_no_request_for_a_known_version_names_a_host() -> None:
    contract = contract_of(NEWEST)
    names = [
        name for name in contract.operations if name.startswith(("POST", "PUT", "PATCH")) and "a" in name
    ][::9]
    job = GenerationJob(document=dict(contract.document), operations=tuple(names), seed=0)
    done = subprocess.run(
        [sys.executable, "-m", "loadtest.generated"],
        input=msgspec.json.encode(job),
        capture_output=True,
        check=True,
    )
    made = msgspec.json.decode(done.stdout, type=list[GeneratedOperation])
    assert [one.operation for one in made] == names
    assert not [
        text
        for one in made
        for text in texts(json.loads(msgspec.json.encode(one.candidates)))
        if "://" in text
    ]
    assert all(one.candidates for one in made)


@pytest.mark.parametrize(
    "operation",
    [
        "POST /auth/logout",
        "GET /admin/logout",
        "POST /auth/email/change-password",
        "POST /metrics/reset",
        "DELETE /observability/traces/cleanup",
        "PUT /admin/config/passthrough-headers",
        "PUT /admin/plugins",
        "POST /admin/cache/a2a-stats/invalidate",
        "POST /import",
        "POST /admin/import/configuration",
        "POST /admin/mcp-registry/bulk-register",
        "POST /logging/setLevel",
        "DELETE /tools/plugin_bindings/",
    ],
)
def test_operations_beyond_own_entities_are_withheld(operation: str) -> None:
    assert load_generation_rules().why_withheld(operation)


@pytest.mark.parametrize(
    "operation",
    [
        "GET /admin/plugins",
        "GET /admin/config/export",
        "POST /tools",
        "DELETE /tools/{tool_id}",
        "POST /teams/",
    ],
)
def test_others_are_not(operation: str) -> None:
    assert not load_generation_rules().why_withheld(operation)
