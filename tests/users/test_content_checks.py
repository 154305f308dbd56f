"""What the registry's scenarios hold against an answer: each check must be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.checks import (
    answers,
    counted,
    enabled,
    exports,
    has,
    holds_one_tool,
    imports,
    is_page,
    listed,
    lists,
    retells,
)

if TYPE_CHECKING:
    from loadtest.client.caller import Check


def answer(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


DONE = {"errors": [], "progress": {"created": 1, "failed": 0}}
TAGS = [{"name": "a", "stats": {"total": 1}}, {"name": "b", "stats": {"total": 2}}]
SAID = {"parts": [{"text": "hi"}]}


@pytest.mark.parametrize(
    ("check", "body"),
    [
        (has("a.0.b", 1), {"a": [{"b": 1}]}),
        (lists("7"), [{"id": 7}]),
        (lists("x", at="items"), {"items": [{"id": "y"}, {"id": "x"}]}),
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
        (answers("hi"), {"result": {"message": SAID}}),
        (answers("hi"), {"result": SAID}),
        (retells("fish", "You said: Hello"), ["The tool said: fish", "You said: Hello"]),
    ],
)
def test_the_right_answer_passes(check: Check, body: Any) -> None:
    assert check(answer(body)) is None


@pytest.mark.parametrize(
    ("check", "body", "complaint"),
    [
        (has("a", "new"), {"a": "old"}, "a is 'old', expected 'new'"),
        (lists("x"), [{"id": "y"}], "the entity is not listed"),
        (lists("x"), [], "the entity is not listed"),
        (enabled(False), {"enabled": True}, "the entity says enabled=True, expected False"),
        (enabled(True), {}, "the entity says enabled=None, expected True"),
        (is_page, [], "expected a page, got a whole list"),
        (lambda a: listed(a, "file:///x"), [{"uri": "file:///y"}], "the root is not listed"),
        (lambda a: counted(a, "b"), TAGS, "the tag is carried by [2], expected one entity"),
        (lambda a: counted(a, "c"), TAGS, "the tag is carried by [], expected one entity"),
        (imports(0), DONE, "1 created and 0 failed"),
        (imports(1), {"errors": [], "progress": {"created": 1, "failed": 1}}, "1 created and 1 failed"),
        (imports(1), DONE | {"errors": ["not a tool [type=x]"]}, "not a tool"),
        (holds_one_tool, {"entities": {"tools": []}}, "the file holds 0 tools, expected 1"),
        (exports("s"), {"entities": {"servers": [{"name": "t"}]}}, "the server is not in the file"),
        (answers("hi"), {"result": {"parts": []}}, "the agent did not answer with the text"),
        (answers("hi"), {"result": {"message": {}}}, "the agent did not answer with the text"),
        (retells("fish"), [], "the agent did not call the tool"),
        (retells("fish"), ['You said: call echo {"text": "fish"}'], "the agent did not call the tool"),
        (retells("fish"), ["The tool said: no"], "the agent did not call the tool"),
        (retells("fish", "Hi"), ["The tool said: fish"], "the agent answered something else"),
    ],
)
def test_a_wrong_answer_is_told(check: Check, body: Any, complaint: str) -> None:
    assert check(answer(body)) == complaint
