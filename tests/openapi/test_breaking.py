"""Which changes of a contract break clients."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from loadtest.openapi.breaking import breaking_changes

Document = dict[str, Any]


def document() -> Document:
    schema = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
    }
    content = {"application/json": {"schema": schema}}
    body = {"application/json": {"schema": {"type": "object", "properties": {"name": {"type": "string"}}}}}
    parameter = {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer"}}
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "gateway", "version": "1"},
        "paths": {
            "/tools": {
                "get": {
                    "parameters": [parameter],
                    "responses": {
                        "200": {"description": "ok", "content": content},
                        "422": {"description": "invalid"},
                    },
                },
                "post": {
                    "requestBody": {"content": body},
                    "responses": {
                        "200": {"description": "ok", "content": content},
                        "201": {"description": "made", "content": content},
                    },
                },
            },
            "/_internal/x": {"get": {"responses": {"200": {"description": "ok"}}}},
        },
    }
    # Without shared parts.
    copied: Document = json.loads(json.dumps(whole))
    return copied


def answer(changed: Document) -> Document:
    found: Document = changed["paths"]["/tools"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    return found


def body(changed: Document) -> Document:
    found: Document = changed["paths"]["/tools"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    return found


def limit(changed: Document) -> Document:
    found: Document = changed["paths"]["/tools"]["get"]["parameters"][0]
    return found


def required_parameter(changed: Document) -> None:
    changed["paths"]["/tools"]["get"]["parameters"].append(
        {"name": "team", "in": "query", "required": True, "schema": {"type": "string"}}
    )


BREAKING: tuple[tuple[Callable[[Document], object], str, str], ...] = (
    (lambda d: d["paths"]["/tools"].pop("post"), "POST /tools", "removed"),
    (required_parameter, "GET /tools", "query team: added, required"),
    (lambda d: limit(d).update(required=True), "GET /tools", "query limit: now required"),
    (lambda d: body(d).update(required=["name"]), "POST /tools", "body: name now required"),
    (lambda d: answer(d)["properties"].pop("tags"), "GET /tools", "200: tags removed"),
    (
        lambda d: answer(d)["properties"]["id"].update(type="integer"),
        "GET /tools",
        "200: id type integer, before string",
    ),
    (lambda d: d["paths"]["/tools"]["post"]["responses"].pop("201"), "POST /tools", "201: removed"),
)
HARMLESS: tuple[Callable[[Document], object], ...] = (
    lambda d: None,
    lambda d: d["paths"].update({"/new": {"get": {"responses": {"200": {"description": "ok"}}}}}),
    lambda d: d["paths"].pop("/_internal/x"),
    lambda d: d["paths"]["/tools"]["get"]["responses"].pop("422"),
    lambda d: answer(d)["properties"].update(more={"type": "string"}),
    lambda d: d["paths"]["/tools"]["get"].update(parameters=[]),
    lambda d: d["info"].update(version="2"),
    lambda d: answer(d).update(description="a tool"),
)


@pytest.mark.parametrize(("change", "operation", "what"), BREAKING, ids=[row[2] for row in BREAKING])
def test_what_breaks_clients(change: Callable[[Document], object], operation: str, what: str) -> None:
    head = copy.deepcopy(document())
    change(head)
    found = [(one.operation, one.what) for one in breaking_changes(document(), head)]
    assert (operation, what) in found
    assert {name for name, _ in found} == {operation}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_does_not(change: Callable[[Document], object]) -> None:
    head = copy.deepcopy(document())
    change(head)
    assert breaking_changes(document(), head) == ()


def test_removed_operations_come_first_and_are_marked() -> None:
    head = copy.deepcopy(document())
    required_parameter(head)
    head["paths"]["/tools"].pop("post")
    first, second = breaking_changes(document(), head)
    assert (first.removal, second.removal) == (True, False)
