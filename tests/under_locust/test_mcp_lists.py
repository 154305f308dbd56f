"""Lists over MCP: every page is read, and what is missing, altered or must not be there is found."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.fixtures.fixture import Fixture
from loadtest.users.mcp.lists import (
    Offer,
    continues,
    offered_prompts,
    offered_resources,
    offered_templates,
    offered_tools,
    own_resource,
    own_template,
)

FIXTURE = Fixture(tools={"echo": "x-echo", "fail": "x-fail"}, prompts={"greet": "x-greet"})
ECHO = {
    "name": "x-echo",
    "description": "Answer with the same text.",
    "inputSchema": {
        "type": "object",
        "properties": {"text": {"type": "string", "title": "T"}},
        "required": ["text"],
    },
    "annotations": {"readOnlyHint": True, "title": None},
}
FAIL = {
    "name": "x-fail",
    "description": "Fail with the given message.",
    "inputSchema": {
        "type": "object",
        "properties": {"message": {"type": "string", "default": "failed on purpose"}},
    },
}
GREET = {
    "name": "x-greet",
    "description": "Ask for a greeting.",
    "arguments": [{"name": "name", "required": True}],
}


def page(member: str, *entities: Any, cursor: str | None = None) -> Answer:
    result = {member: entities} | ({"nextCursor": cursor} if cursor else {})
    return Answer(
        "POST /rpc", 200, {"content-type": "application/json"}, msgspec.json.encode({"result": result})
    )


@pytest.mark.parametrize(
    ("offer", "entities"),
    [
        (offered_tools(FIXTURE, only=True), [ECHO, FAIL]),
        (offered_tools(FIXTURE), [ECHO, FAIL, {"name": "other"}]),
        (offered_prompts(FIXTURE, only=True), [GREET]),
        (offered_templates(), [{"uriTemplate": "greeting://{name}", "mimeType": "text/plain"}]),
    ],
)
def test_a_complete_list(offer: Offer, entities: list[Any]) -> None:
    assert continues(offer, {})(page(offer.member, *entities)) is None


@pytest.mark.parametrize(
    ("offer", "entities", "complaint"),
    [
        (offered_tools(FIXTURE), [], "expected every one of the backend's tools"),
        (offered_tools(FIXTURE), [ECHO], "expected every one of the backend's tools"),
        (
            offered_tools(FIXTURE),
            [ECHO | {"description": ""}, FAIL],
            "expected the description of the backend's tools",
        ),
        (
            offered_tools(FIXTURE),
            [ECHO | {"annotations": {}}, FAIL],
            "expected the annotations of the backend's tools",
        ),
        (
            offered_tools(FIXTURE),
            [ECHO | {"inputSchema": {"type": "object", "properties": {}}}, FAIL],
            "expected the inputSchema of the backend's tools",
        ),
        (
            offered_tools(FIXTURE, only=True),
            [ECHO, FAIL, {"name": "other"}],
            "expected only the server's tools",
        ),
        (
            offered_prompts(FIXTURE),
            [GREET | {"arguments": []}],
            "expected the arguments of the backend's prompts",
        ),
        (offered_resources(), [], "expected every one of the backend's resources"),
        (
            own_resource("x://a", "x://{part}"),
            [{"uri": "x://a"}, {"uri": "x://{part}"}],
            "expected no entity of another kind among the resources",
        ),
        (
            own_template("x://{part}", "x://a"),
            [{"uriTemplate": "x://{part}"}, {"uriTemplate": "x://a"}],
            "expected no entity of another kind among the resourceTemplates",
        ),
    ],
)
def test_a_wrong_list(offer: Offer, entities: list[Any], complaint: str) -> None:
    mismatch = continues(offer, {})(page(offer.member, *entities))
    assert mismatch is not None
    assert mismatch.text == complaint


def test_pages() -> None:
    offer = offered_tools(FIXTURE, only=True)
    assert continues(offer, {})(page("tools", ECHO, cursor="x")) is None
    assert continues(offer, {"x-echo": ECHO})(page("tools", FAIL)) is None
    repeated = continues(offer, {"x-echo": ECHO})(page("tools", ECHO, cursor="x"))
    assert str(repeated) == "expected no entity on two pages, got ['x-echo']"
    empty = continues(offer, {})(page("tools", cursor="x"))
    assert empty is not None
    assert empty.text == "expected a page that is not empty"
