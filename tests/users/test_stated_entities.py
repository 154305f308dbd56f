"""Responses show an entity as its creation or its last update stated it."""

import json
from typing import Any

import pytest

from loadtest.client.answer import Answer
from loadtest.users.stated_entities import DEEPEST, SHORTEST_ID, StatedEntities

ID = "f" * 32
TOOL = {
    "id": ID,
    "name": "a-tool",
    "description": "Adds",
    "createdBy": "me@example.com",
    "timeout_ms": 5,
    "isOpen": True,
    "updatedAt": "2026-01-01T00:00:00",
    "executionCount": 1,
    "authValue": "*****",
    "tags": ["a"],
    "inputSchema": {"properties": {"text": {"default": "a"}}},
    "icon": None,
}


def answer(body: Any, operation: str = "GET /tools") -> Answer:
    content = json.dumps(body).encode()
    return Answer(operation, 200, {"content-type": "application/json"}, content)


def found(body: Any, operation: str = "GET /tools") -> str:
    entities = StatedEntities()
    entities.state(ID, TOOL)
    return str(entities.disagreement(answer(body, operation)) or "")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: one,
        lambda one: [one],
        lambda one: {"data": [one], "total": 1},
        lambda one: {"entities": {"tools": [{"id": "0" * 32}, one]}},
    ],
)
@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ({}, ""),
        ({"description": "Subtracts"}, "description of an entity"),
        ({"created_by": "other@example.com"}, "createdBy of an entity"),
        ({"timeoutMs": 6}, "timeout_ms of an entity"),
        ({"is_open": False}, "isOpen of an entity"),
        ({"input_schema": {"properties": {"text": {"default": "b"}}}}, "inputSchema of an entity"),
        ({"inputSchema": {"properties": {"text": {"default": "a", "title": "Text"}}}}, ""),
        ({"description": None}, ""),
        ({"name": "A tool"}, ""),
        ({"updatedAt": "2026-02-02T00:00:00", "executionCount": 2}, ""),
        ({"authValue": "x"}, ""),
        ({"tags": ["b"], "icon": "x"}, ""),
        ({"id": "e" * 32, "description": "Subtracts"}, ""),
    ],
)
def test_an_entity_is_shown_as_it_was_stated(wrap: Any, shown: dict[str, Any], text: str) -> None:
    result = found(wrap({"id": ID} | shown))
    assert text in result
    assert bool(text) is bool(result)


@pytest.mark.parametrize(
    ("operation", "compared"),
    [
        ("GET /admin/tools/search", True),
        ("POST /rpc list_tools", True),
        ("POST /rpc tools/list", False),
        ("PUT /tools/{tool_id}", False),
    ],
)
def test_reads_are_compared(operation: str, compared: bool) -> None:
    assert bool(found({"id": ID, "description": "x"}, operation)) is compared


@pytest.mark.parametrize(
    ("operation", "identity", "compared"),
    [
        ("DELETE /tools/{tool_id}", ID, False),
        ("PUT /tools/{tool_id}", "other", True),
        ("GET /tools/{tool_id}", ID, True),
        ("POST /import", "", False),
        ("POST /admin/import/configuration", "", False),
        ("POST /tools", "", True),
    ],
)
def test_what_may_have_changed_is_not_compared(operation: str, identity: str, compared: bool) -> None:
    entities = StatedEntities()
    entities.state(ID, TOOL)
    entities.call_made(operation, [identity])
    assert (entities.disagreement(answer({"id": ID, "description": "x"})) is not None) is compared


def test_a_short_id_may_be_that_of_another_kind_of_entity() -> None:
    for length, compared in ((SHORTEST_ID, True), (SHORTEST_ID - 1, False)):
        entities = StatedEntities()
        entities.state("7" * length, TOOL)
        body = {"id": "7" * length, "description": "x"}
        assert (entities.disagreement(answer(body)) is not None) is compared


def test_deep_nesting_ends() -> None:
    body: Any = {"id": ID, "description": "x"}
    for _ in range(DEEPEST + 2):
        body = [body]
    assert not found(body)
