"""What the scenarios about changes, revocations and repeated requests compare: each check must be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.access.checks import (
    Credential,
    cannot_be_used,
    has_its_status,
    has_result,
    is_denied,
    is_refused_again,
    offers_only,
    receives,
    says,
)
from loadtest.users.read_back import Entity

if TYPE_CHECKING:
    from loadtest.client.caller import Check

ERROR = {"jsonrpc": "2.0", "error": {"code": -32601, "message": "not found"}}


def answer(body: Any, status: int = 200) -> Answer:
    return Answer("GET /x", status, {"content-type": "application/json"}, msgspec.json.encode(body))


def result(text: str, *, failed: bool = False) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": {"content": [{"text": text}], "isError": failed}}


def tools(*names: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": {"tools": [{"name": one} for one in names]}}


REQUEST = result(msgspec.json.encode({"path": "/second", "headers": {"x-a": "2"}}).decode())


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (cannot_be_used, ERROR, result("x")),
        (has_result, result("x"), ERROR),
        (has_result, result("x"), result("x", failed=True)),
        (says("result.content.0.text", "new"), result("new"), result("old")),
        (says("result.content.0.text", "new"), result("new"), ERROR),
        (receives("/second", "path"), REQUEST, result('{"path": "/first"}')),
        (receives("2", "headers", "x-a"), REQUEST, result('{"headers": {"x-a": "1"}}')),
        (receives("/second", "path"), REQUEST, ERROR),
        (offers_only("a", "b"), tools("b", "a"), tools("a")),
        (offers_only("a"), tools("a"), tools("a", "b")),
    ],
)
def test_a_check_accepts_the_new_state_only(check: Check, right: Any, wrong: Any) -> None:
    assert check(answer(right)) is None
    assert check(answer(wrong)) is not None


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (409, True), (404, True), (200, False), (201, False)]
)
def test_a_repeated_request_must_be_refused(status: int, refused: bool) -> None:
    assert (is_refused_again(answer({}, status)) is None) is refused


@pytest.mark.parametrize(
    ("operation", "status", "right"),
    [
        ("POST /tools", 409, True),
        ("POST /tools", 400, False),
        ("POST /teams/{team_id}/join", 400, True),
        ("POST /teams/{team_id}/join", 404, False),
        # Its status is not known, and what is not refused is reported by another check.
        ("POST /others", 404, True),
        ("POST /tools", 200, True),
    ],
)
def test_a_repeated_request_is_refused_with_its_status(operation: str, status: int, right: bool) -> None:
    repeated = Answer(operation, status, {"content-type": "application/json"}, b"{}")
    assert (has_its_status(repeated) is None) is right


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (403, True), (422, True), (200, False), (204, False), (500, False)]
)
def test_what_nobody_may_do_must_be_refused(status: int, refused: bool) -> None:
    assert (is_denied("to demote oneself")(answer({}, status)) is None) is refused


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (401, False), (403, False)])
def test_a_credential_is_read_back_by_its_use(status: int, accepted: bool) -> None:
    asked: list[dict[str, Any]] = []

    def call(operation: str, **options: Any) -> Answer:
        asked.append({"operation": operation, **options})
        return answer({}, status)

    team = Entity("a@b", {"team_id": "t", "tool_id": "u"}, {})
    used = Credential("token", "GET /teams/{team_id}")
    assert (used.shows(call, team) is None) is accepted
    assert (used.is_gone(call, team) is None) is not accepted
    assert [one["team_id"] for one in asked] == ["t", "t"]
    assert all(one["bearer"] == "token" and "tool_id" not in one for one in asked)
