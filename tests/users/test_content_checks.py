"""What the registry's scenarios hold against an answer: each check must be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.checks import (
    answers,
    completes,
    counted,
    enabled,
    exports,
    has,
    holds_one_tool,
    imports,
    is_page,
    lacks,
    listed,
    lists,
    refuses_service,
    repeats_tool_result,
    requests_counted,
)

if TYPE_CHECKING:
    from loadtest.client.caller import Check


def answer(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


DONE = {"errors": [], "progress": {"created": 1, "failed": 0}}
TAGS = [{"name": "a", "stats": {"total": 1}}, {"name": "b", "stats": {"total": 2}}]
REPLIES = {"parts": [{"text": "hi"}]}


@pytest.mark.parametrize(
    ("check", "body"),
    [
        (has("a.0.b", 1), {"a": [{"b": 1}]}),
        (lists("7"), [{"id": 7}]),
        (lists("x", at="items"), {"items": [{"id": "y"}, {"id": "x"}]}),
        (lacks("x"), [{"id": "y"}]),
        (lacks("x", at="items"), {"items": []}),
        (completes("result.completion.values"), {"result": {"completion": {"values": ["helen"]}}}),
        (enabled(False), {"enabled": False}),
        (enabled(True, under="tool"), {"tool": {"enabled": True}}),
        (enabled(True, under="gateway"), {"gateway": {"isActive": True}}),
        (is_page, {"tools": []}),
        (lambda a: listed(a, "file:///x"), [{"uri": "file:///x"}]),
        (lambda a: counted(a, "a"), TAGS),
        (imports(1), DONE),
        (imports(0), {"errors": [], "progress": {"created": 0, "failed": 0}}),
        (holds_one_tool, {"entities": {"tools": [{}]}}),
        (exports("s"), {"entities": {"servers": [{"name": "s"}]}}),
        (answers("hi"), {"result": {"message": REPLIES}}),
        (answers("hi"), {"result": REPLIES}),
        (repeats_tool_result("fish", "You said: Hello"), ["The tool said: fish", "You said: Hello"]),
    ],
)
def test_the_right_answer_passes(check: Check, body: Any) -> None:
    assert check(answer(body)) is None


@pytest.mark.parametrize(
    ("check", "body", "complaint"),
    [
        (has("a", "new"), {"a": "old"}, "expected a to be 'new', got old"),
        (lists("x"), [{"id": "y"}], "expected the entity in the list, got ['y']"),
        (lists("x"), [], "expected the entity in the list, got []"),
        (
            lacks("x", at="items"),
            {"items": [{"id": "x"}]},
            "expected the entity not to be in the list, got ['x']",
        ),
        (completes("values"), {"values": []}, "expected completions of 'hel' and nothing else, got []"),
        (
            completes("values"),
            {"values": ["helen", "ada"]},
            "expected completions of 'hel' and nothing else, got ['helen', 'ada']",
        ),
        (enabled(False), {"enabled": True}, "expected the entity to be off, got True"),
        (enabled(True), {}, "expected the entity to be on, got None"),
        (is_page, [], "expected a page of a list, got []"),
        (
            lambda a: listed(a, "file:///x"),
            [{"uri": "file:///y"}],
            "expected the root in the list, got ['file:///y']",
        ),
        (lambda a: counted(a, "b"), TAGS, "expected the tag on one entity, got [2]"),
        (lambda a: counted(a, "c"), TAGS, "expected the tag on one entity, got []"),
        (imports(0), DONE, "expected 0 created and none failed, got (1, 0)"),
        (
            imports(1),
            {"errors": [], "progress": {"created": 1, "failed": 1}},
            "expected 1 created and none failed, got (1, 1)",
        ),
        (
            imports(1),
            DONE | {"errors": ["not a tool [type=x]"]},
            "expected an import without errors: not a tool",
        ),
        (holds_one_tool, {"entities": {"tools": []}}, "expected one tool in the file, got 0"),
        (
            exports("s"),
            {"entities": {"servers": [{"name": "t"}]}},
            "expected the server in the file, got ['t']",
        ),
        (answers("hi"), {"result": {"parts": []}}, "expected the agent's answer to contain the text"),
        (answers("hi"), {"result": {"message": {}}}, "expected the agent's answer to contain the text"),
        (repeats_tool_result("fish"), [], "expected the agent to call the tool"),
        (
            repeats_tool_result("fish"),
            ['You said: call echo {"text": "fish"}'],
            'expected the agent to call the tool, got You said: call echo {"text": "fish"}',
        ),
        (
            repeats_tool_result("fish"),
            ["The tool said: no"],
            "expected the agent to call the tool, got The tool said: no",
        ),
        (
            repeats_tool_result("fish", "Hi"),
            ["The tool said: fish"],
            "expected the agent's second answer, got []",
        ),
    ],
)
def test_a_wrong_answer_is_reported(check: Check, body: Any, complaint: str) -> None:
    assert str(check(answer(body))) == complaint


@pytest.mark.parametrize("found", ["protocol", "invalid_response"])
def test_a_service_that_speaks_no_mcp_is_refused_as_such(found: str) -> None:
    assert refuses_service(answer({"failureClass": found})) is None


@pytest.mark.parametrize("found", ["transport", "auth", None])
def test_a_service_that_speaks_no_mcp_is_refused_as_nothing_else(found: str | None) -> None:
    assert refuses_service(answer({"failureClass": found})) is not None


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"values": [2, 3], "success_count": [1, 3], "error_count": [1, 0]}, True),
        ({"values": [2, 3], "success_count": [1, 0], "error_count": [0, 0]}, True),
        ({"values": [2, 3], "success_count": [0, 0], "error_count": [0, 0]}, False),
        ({"values": [2, 3], "success_count": [4, 3], "error_count": [0, 0]}, False),
        ({"values": [2, 3]}, True),
        ({"values": [0, 0]}, False),
    ],
)
def test_requests_are_counted(body: dict[str, list[int]], right: bool) -> None:
    assert (requests_counted(answer(body)) is None) is right
