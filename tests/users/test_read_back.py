"""Comparison of what was sent with what is shown."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import msgspec
import pytest

import loadtest.client.answer
from loadtest.core.operations import deletes
from loadtest.openapi.contract import read_contract
from loadtest.users.read_back import (
    contradiction,
    item_of,
    keeps,
    properties_of,
    same,
    sent_values,
    shows,
    untouched,
)

NOT_YET = ("access/",)
"""Packages whose scenarios still delete without reading back."""
NO_ENTITY = "DELETE /observability/traces/cleanup"
"""It deletes what is older than a year, which is nothing."""


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ({"name": "a", "size": None}, {"name": "a"}),
        ({"tool": {"name": "a", "url": "u"}, "visibility": "public"}, {"name": "a", "visibility": "public"}),
        ({"name": "a", "config": {"deep": 1}}, {"name": "a", "config": {"deep": 1}}),
        (None, {}),
        ([1], {}),
    ],
)
def test_sent_values(body: Any, values: dict[str, Any]) -> None:
    assert sent_values(body, without=("url",)) == values


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a", "a"),
        (0, 0),
        (False, False),
        ("secret", "*****"),
        (["x", "y"], [{"id": "y", "label": "y"}, {"id": "x", "label": "x"}]),
        ({"input_schema": {"type": "object"}}, {"inputSchema": {"type": "object", "title": "T"}}),
        ([{"name": "a"}], [{"name": "a", "required": True}]),
        ({"a": None}, {}),
    ],
)
def test_the_same(sent: Any, shown: Any) -> None:
    assert same(sent, shown)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a", "b"),
        ("a", None),
        ("a", ""),
        (True, False),
        (["x"], []),
        (["x"], ["x", "y"]),
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 2}),
        ([{"name": "a"}], [{"name": "b"}]),
        ([{"name": "a"}], [{"name": "a"}, {"name": "b"}]),
    ],
)
def test_not_the_same(sent: Any, shown: Any) -> None:
    assert not same(sent, shown)


BEFORE = properties_of(
    {
        "visibility": "team",
        "teamId": "t",
        "tags": [{"label": "x"}, {"label": "y"}],
        "url": "u",
        "ownerEmail": None,
    }
)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"description": "new"}, {"visibility", "teamid", "tags"}),
        ({"team_id": None, "visibility": "public"}, {"tags"}),
        ({"server": {"name": "a", "tags": []}}, {"visibility", "teamid"}),
        (None, {"visibility", "teamid", "tags"}),
    ],
)
def test_what_an_update_does_not_send_it_must_keep(body: Any, kept: set[str]) -> None:
    assert untouched(BEFORE, body, {}).keys() == kept
    assert untouched(BEFORE, body, {"tags": ["z"]}).keys() == kept - {"tags"}


@pytest.mark.parametrize(
    ("shown", "changed"),
    [
        ({"visibility": "team", "team_id": "t", "tags": ["y", "x"]}, ""),
        ({"name": "a"}, ""),
        (None, ""),
        ({"visibility": "public"}, "visibility"),
        ({"teamId": None}, "teamid"),
        ({"tags": []}, "tags"),
    ],
)
def test_a_property_that_was_not_sent_and_changed_is_named(shown: Any, changed: str) -> None:
    found = keeps(untouched(BEFORE, None, {}), shown, "GET /x")
    wanted = f"expected {changed} in the response of GET /x to be kept by this call"
    assert (found.text if found else "") == (wanted if changed else "")


def test_only_what_is_shown_is_compared() -> None:
    assert shows({"name": "a", "password": "b"}, {"name": "a"}, "GET /x") is None
    assert (
        str(shows({"max_size": 1}, {"maxSize": 2}, "GET /x"))
        == "expected max_size to be 1 in the response of GET /x, got 2"
    )
    assert shows({"name": "a"}, [], "GET /x") is None


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ({"name": "a"}, {"name": "b"}),
        ({"name": "a"}, {"name": ""}),
        ({"isActive": True}, {"is_active": False}),
        ({"size": 1}, {"size": 2}),
        ({"config": {"deep": {"x": 1}}}, {"config": {"deep": {"x": 2}}}),
        ({"arguments": [{"name": "a"}, {"name": "b"}]}, {"arguments": [{"name": "a"}, {"name": "c"}]}),
        ({"size": 1}, {"size": "1"}),
    ],
)
def test_two_responses_that_contradict_each_other(stated: Any, shown: Any) -> None:
    found = contradiction(stated, shown, "in the list to be as created")
    member = next(iter(stated))
    assert found is not None
    assert found.text == f"expected {member} in the list to be as created"
    assert " instead of " in str(found.actual)


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ({"name": "a", "only_here": 1}, {"name": "a", "onlyThere": 2}),
        ({"name": "a"}, {"name": None}),
        ({"name": None}, {"name": "a"}),
        ({"secret": "*****"}, {"secret": "plain"}),
        ({"secret": "plain"}, {"secret": "*****"}),
        # What changes by itself, or has another meaning in a response that reports the result of a call.
        ({"updated_at": "2026-01-01T00:00:00Z"}, {"updatedAt": "2026-01-01T00:00:00"}),
        ({"last_reflection": "2026-01-01T00:00:00Z"}, {"lastReflection": "2026-01-01T00:00:01"}),
        ({"toolCount": 0}, {"toolCount": 2}),
        ({"metrics": {"total": 1}}, {"metrics": {"total": 2}}),
        ({"status": "success", "message": "done"}, {"status": "active", "message": "hello"}),
        (
            {"last_seen": "a", "reachable": True, "version": 1},
            {"lastSeen": "b", "reachable": False, "version": 2},
        ),
        # Lists of names have no order, and an entity may have got more.
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}),
        ({"tools": [{"id": 1}]}, {"tools": [{"id": 2}, {"id": 1}]}),
        ({"config": {"a": 1}}, {"config": "{}"}),
        (None, {"name": "a"}),
        ({"name": "a"}, [{"name": "b"}]),
    ],
)
def test_two_responses_that_agree(stated: Any, shown: Any) -> None:
    assert contradiction(stated, shown, "GET /x") is None


USERS = Path(loadtest.client.answer.__file__).parents[1] / "users"
DOCUMENTS = sorted((USERS.parent / "versions").glob("*.contract.json"))
NEWEST = read_contract(msgspec.json.decode(DOCUMENTS[-1].read_bytes()))


def test_every_deletion_is_read_back() -> None:
    """A deletion goes through ``created`` or ``delete``; where no GET has its path, the read-back is named."""
    unread = []
    for path in sorted(USERS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            arguments = {one.arg: one.value for one in node.keywords}
            named = node.args[0] if node.args else None
            deletion = arguments.get("delete", named) if node.func.attr == "created" else named
            if not isinstance(deletion, ast.Constant) or not deletes(str(deletion.value)):
                continue
            operation = str(deletion.value)
            direct = node.func.attr == "call" and "effect" not in arguments
            derived = (
                not {"read", "effect"} & arguments.keys()
                and item_of(operation).operation not in NEWEST.operations
            )
            if operation != NO_ENTITY and node.func.attr != "offers" and (direct or derived):
                unread.append(f"{path.relative_to(USERS)}: {operation}")
    assert [one for one in unread if not one.startswith(NOT_YET)] == []
