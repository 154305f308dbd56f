"""What the registry's scenarios compare in a response: each check must be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.checks import (
    answers,
    both,
    carries,
    completes,
    continues_list,
    counted,
    enabled,
    exports,
    finishes_list,
    has,
    has_at_least,
    imports,
    in_scope_of,
    is_page,
    is_ready,
    lacks,
    lacks_kinds,
    listed,
    lists,
    lists_number,
    lists_one_of,
    lists_only,
    mentions,
    of_no_other_team,
    refuses_service,
    repeats_tool_result,
    requests_counted,
    starts_list,
    without_tag,
)

if TYPE_CHECKING:
    from loadtest.client.caller import Check


def answer(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


DONE = {"errors": [], "progress": {"created": 1, "failed": 0}}
TAGS = [{"name": "a", "stats": {"total": 1}}, {"name": "b", "stats": {"total": 2}}]
FIRST = answer({"tools": [{"id": "a"}], "nextCursor": "x"})
MADE = Answer(
    "POST /tools",
    201,
    {"content-type": "application/json"},
    msgspec.json.encode({"id": "a", "size": 1, "updated_at": "now"}),
)
PAGE_OF_ONE = "expected a page of one entity that was not on another page, got ['a']"
NO_CURSOR = "expected the next page to be named, got {'tools': [{'id': 'a'}], 'nextCursor': None}"
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
        (exports("servers", "s"), {"entities": {"servers": [{"name": "s"}, {"name": "t"}], "tools": [{}]}}),
        (exports("servers", "s", among={"servers"}), {"entities": {"servers": [{"name": "s"}], "tools": []}}),
        (lacks_kinds("tools"), {"entities": {"servers": [{}]}}),
        (lists("7", key="import_id"), [{"import_id": "7"}]),
        (lists_only(), []),
        (lists_only("a", "b"), [{"id": "b"}, {"id": "a"}]),
        (lists_only("a"), {"tools": [{"id": "a"}], "nextCursor": None}),
        (lists_only("a", at="items"), {"items": [{"id": "a"}]}),
        (lists_only("a", at="items"), {"items": [{"id": "a"}], "total": 1}),
        (lists(MADE), [{"id": "b", "size": 2}, {"id": "a", "size": 1, "updated_at": "later", "more": 1}]),
        (lists_only(MADE, "b"), [{"id": "b", "size": 2}, {"id": "a", "size": 1}]),
        (of_no_other_team, []),
        (lists_number(2), [{"id": "b"}, {"id": "a"}]),
        (lists_one_of({"a", "b"}), [{"id": "b"}]),
        (lists_one_of(()), [{"id": "b"}]),
        (starts_list({"a", "b"}), {"tools": [{"id": "a"}], "nextCursor": "x"}),
        (finishes_list({"a", "b"}, FIRST), {"tools": [{"id": "b"}], "nextCursor": None}),
        (continues_list({"a", "b", "c"}, 2), {"tools": [{"id": "b"}, {"id": "a"}], "nextCursor": "x"}),
        (continues_list({"c"}, 2), {"tools": [{"id": "c"}], "nextCursor": None}),
        (has_at_least("total", 2), {"total": 3}),
        (mentions("b", at="a"), {"a": "abc"}),
        (both(has("a", 1), has("b", 2)), {"a": 1, "b": 2}),
        (lambda a: without_tag(a, "c"), TAGS),
        (carries("a", "7"), [{"name": "a", "entities": [{"id": 7}]}, {"name": "b", "entities": [{"id": 8}]}]),
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
        (lists_only("a"), [], "expected the entity in the list, got [], without {'a'}"),
        (lists_only(), [{"id": "a"}], "expected no other entity in the list, got ['a']"),
        (
            lists_only("a", at="b"),
            {"b": [{"id": "a"}], "total": 2},
            "expected a total that is the number of entities, got 2",
        ),
        (lists_only("a"), [{"id": "a"}, {"id": "a"}], "expected no other entity in the list, got ['a', 'a']"),
        *(
            (
                check,
                [{"id": "b"}, {"id": "a", "size": 2}],
                "expected size in the list to be as in the response of POST /tools, got size: 2 instead of 1",
            )
            for check in (lists(MADE), lists_only(MADE, "b"), lists_only("b", MADE))
        ),
        (lists(MADE), [{"id": "b", "size": 1}], "expected the entity in the list, got ['b']"),
        (lists_number(1), [], "expected a list of 1, got []"),
        (of_no_other_team, [{"id": "a"}], "expected no entity of another team in the list, got ['a']"),
        (lists_one_of({"b"}), [{"id": "a"}], PAGE_OF_ONE),
        (
            lists_one_of(()),
            [{"id": "a"}, {"id": "b"}],
            "expected a page of one entity that was not on another page, got ['a', 'b']",
        ),
        (
            starts_list({"a", "b"}),
            {"tools": [{"id": "a"}, {"id": "b"}]},
            "expected a page with one of the entities, got ['a', 'b']",
        ),
        (starts_list({"a", "b"}), {"tools": [{"id": "a"}], "nextCursor": None}, NO_CURSOR),
        (
            finishes_list({"a", "b"}, FIRST),
            {"tools": [{"id": "a"}]},
            "expected the rest of the list on the next page, got ['a']",
        ),
        (
            finishes_list({"a", "b"}, FIRST),
            {"tools": [{"id": "b"}], "nextCursor": "x"},
            "expected no further page, got {'tools': [{'id': 'b'}], 'nextCursor': 'x'}",
        ),
        (
            continues_list({"a", "b"}, 1),
            {"tools": [{"id": "c"}], "nextCursor": "x"},
            "expected the next page of the list, got ['c']",
        ),
        (
            continues_list({"a"}, 1),
            {"tools": [{"id": "a"}], "nextCursor": "x"},
            "expected the last page, got {'tools': [{'id': 'a'}], 'nextCursor': 'x'}",
        ),
        (has_at_least("total", 2), {"total": 1}, "expected total to be at least 2, got 1"),
        (has_at_least("total", 2), {"total": None}, "expected total to be at least 2, got None"),
        (mentions("x", at="a"), {"a": "abc"}, "expected a to contain 'x', got abc"),
        (both(has("a", 1), has("b", 2)), {"a": 1, "b": 3}, "expected b to be 2, got 3"),
        (lambda a: without_tag(a, "a"), TAGS, "expected the tag not to be in the list, got ['a', 'b']"),
        (
            carries("a", "7"),
            [{"name": "a", "entities": [{"id": 7}, {"id": 8}]}],
            "expected the entities under their tag, got [['7', '8']]",
        ),
        (
            lacks_kinds("tools"),
            {"entities": {"tools": [{}]}},
            "expected no entity of the other kinds in the file, got ['tools']",
        ),
        (
            exports("tools", "t", among={"tools"}),
            {"entities": {"tools": [{"name": "t"}, {"name": "u"}]}},
            "expected no other entity in the file, got {'tools': [{'name': 't'}, {'name': 'u'}]}",
        ),
        (
            exports("tools", "t", among={"tools"}),
            {"entities": {"tools": [{"name": "t"}], "roots": [{}]}},
            "expected no other entity in the file, got {'tools': [{'name': 't'}], 'roots': [{}]}",
        ),
        (
            exports("servers", "s"),
            {"entities": {"servers": [{"name": "t"}]}},
            "expected the servers in the file, got ['t'], without {'s'}",
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


OWNER = {"visibility": "team", "teamId": "t", "ownerEmail": "a@example.com"}


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ([OWNER | {"id": "1"}, OWNER | {"id": "2"}], ""),
        ([OWNER | {"id": "1"}, OWNER | {"id": "2", "visibility": "public"}], "visibility of what"),
        ([OWNER | {"teamId": None}], "teamId of what"),
        ([OWNER | {"ownerEmail": "b@example.com"}], "ownerEmail of what"),
        ([], "what the gateway creates"),
    ],
)
def test_what_the_gateway_creates_for_an_entity_is_in_its_scope(
    parts: list[dict[str, Any]], wrong: str
) -> None:
    found = in_scope_of(answer(OWNER))(answer(parts))
    assert (found is not None) == bool(wrong)
    assert found is None or found.text.startswith(f"expected {wrong}")


DATABASE = {"name": "Database", "status_code": 200}


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"status": "ready"}, True),
        ({"status": "ready", "status_items": [DATABASE]}, True),
        ({"status": "unready", "status_items": [DATABASE]}, False),
        ({"status": "ready", "status_items": []}, False),
        ({"status": "ready", "status_items": [DATABASE, {"name": "Cache", "status_code": 503}]}, False),
    ],
)
def test_a_gateway_is_ready_if_its_components_are(body: dict[str, Any], right: bool) -> None:
    assert (is_ready(answer(body)) is None) is right
