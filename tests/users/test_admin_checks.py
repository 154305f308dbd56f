"""What scenarios of the admin UI compare in a response: each check must be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.admin import checks

if TYPE_CHECKING:
    from loadtest.client.caller import Check


def response(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


def sent(location: str, status: int = 303) -> Answer:
    return Answer("POST /x", status, {"location": location}, b"")


def page(text: str, status: int = 200) -> Answer:
    return Answer("GET /x", status, {"content-type": "text/html"}, text.encode())


def method(name: str) -> dict[str, Any]:
    return {"methods": [{"full_name": name}]}


BULK: dict[str, Any] = {"successful": [], "failed": [], "total_attempted": 1, "total_successful": 0}
RIGHT: list[tuple[Check, Answer]] = [
    (checks.succeeded, response({"success": True})),
    (checks.went_back, sent("/admin#tools")),
    (checks.went_back, sent("/admin/#teams")),
    (checks.went_back, sent("/admin?include_inactive=true#tools")),
    (checks.goes_to("/admin"), sent("/admin")),
    (checks.finds("items.0.id"), response({"items": [{"id": "a"}]})),
    (checks.mentions("b"), response({"a": "b"})),
    (checks.counts("ids", "a"), response({"ids": ["a", "b"], "count": 2})),
    (checks.previews(1), response({"preview": {"summary": {"total_items": 1}}})),
    (checks.registered, response({"success": True, "message": "", "error": None})),
    (checks.registered, response({"success": False, "message": "Server already registered", "error": None})),
    (checks.registered_all, response(BULK | {"successful": ["a"], "total_successful": 1})),
    (checks.registered_all, response(BULK | {"failed": [{"error": "already registered"}]})),
    (checks.has_check, response(method(checks.METHOD))),
    (checks.made, page("", 201)),
    (checks.delivered, response({"status": "ok"})),
    (
        checks.has_all({"a.b": 1, "tags": ["x"]}),
        response({"a": {"b": 1}, "tags": [{"id": "x", "label": "X"}]}),
    ),
    (checks.has_all({"tags": ["x"]}, under="tool"), response({"tool": {"tags": ["x"]}})),
    (checks.is_gone, page("", 404)),
    (checks.has_members({"a": "owner"}), response([{"user_email": "a", "role": "owner"}])),
    (checks.has_length(1), response([0])),
    (checks.has_length(0, at="logs"), response({"logs": []})),
    (checks.goes_only_to("a"), response({"destinations": [{"name": "a"}]})),
]
WRONG: list[tuple[Check, Answer, str]] = [
    (checks.succeeded, response({"success": False}), 'expected success: {"success":false}'),
    (checks.has_all({"a.b": 1}), response({"a": {"b": 2}}), "expected a.b to be 1, got 2"),
    (checks.has_all({"tags": ["x"]}), response({"tags": []}), "expected tags to be ['x'], got []"),
    (checks.is_gone, page("still here"), "expected what was deleted not to be found, got still here"),
    (
        checks.has_members({"a": "owner"}),
        response([{"user_email": "a", "role": "member"}]),
        "expected the members {'a': 'owner'}, got {'a': 'member'}",
    ),
    (checks.has_length(1), response([]), "expected 1 entries, got []"),
    (checks.went_back, sent("/admin"), "expected to be sent back to a tab of /admin, got 303 /admin"),
    (checks.went_back, sent("/a#b"), "expected to be sent back to a tab of /admin, got 303 /a#b"),
    (checks.went_back, page(""), "expected to be sent back to a tab of /admin, got 200"),
    (checks.goes_to("/admin"), sent("/admin/login"), "expected to be sent to /admin, got 303 /admin/login"),
    (checks.goes_to("/admin"), sent("/admin", 200), "expected to be sent to /admin, got 200 /admin"),
    (checks.finds("items.0.id"), response({"items": []}), "expected something to be found"),
    (checks.finds("items"), response({"items": []}), "expected something to be found"),
    (checks.mentions("c"), response({"a": "b"}), 'expected the answer to mention \'c\', got {"a":"b"}'),
    (
        checks.counts("ids", "c"),
        response({"ids": ["a"], "count": 1}),
        "expected ids to hold the entity, got ['a']",
    ),
    (
        checks.counts("ids", "a"),
        response({"ids": ["a"], "count": 2}),
        "expected a count of all that is listed, got (2, 1)",
    ),
    (
        checks.previews(1),
        response({"preview": {"summary": {"total_items": 0}}}),
        "expected a preview of 1 entities, got 0",
    ),
    (
        checks.registered,
        response({"success": False, "message": "no", "error": "why"}),
        "expected the server to be registered: no why",
    ),
    (
        checks.registered_all,
        response(BULK | {"failed": [{"error": "no"}]}),
        "expected every server to be registered, got [{'error': 'no'}]",
    ),
    (
        checks.registered_all,
        response(BULK),
        f"expected one registration, got {BULK}",
    ),
    (
        checks.registered_all,
        response(BULK | {"successful": ["a"], "total_attempted": 2, "total_successful": 1}),
        f"expected one registration, got {BULK | {'successful': ['a'], 'total_attempted': 2, 'total_successful': 1}}",
    ),
    (checks.has_check, response(method("a.B")), f"expected the method {checks.METHOD}, got ['a.B']"),
    (checks.made, page("", 200), "expected status 201, got 200"),
    (
        checks.delivered,
        response({"status": "failed", "error": "why"}),
        "expected the event to be delivered: why",
    ),
    (
        checks.goes_only_to("a"),
        response({"destinations": []}),
        "expected 'a' as the only destination, got []",
    ),
    (
        checks.goes_only_to("a"),
        response({"destinations": [{"name": "a"}, {"name": "b"}]}),
        "expected 'a' as the only destination, got ['a', 'b']",
    ),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_a_right_answer_passes(check: Check, answer: Answer) -> None:
    assert check(answer) is None


@pytest.mark.parametrize(("check", "answer", "complaint"), WRONG)
def test_a_wrong_answer_is_reported(check: Check, answer: Answer, complaint: str) -> None:
    assert str(check(answer)) == complaint


def test_an_event_more_than_before_has_come_and_no_other() -> None:
    assert checks.came(1) is None
    assert checks.came(4, before=3) is None
    assert str(checks.came(0)) == "expected the event to arrive at the destination, got 0"
    assert str(checks.came(3, before=3)) == "expected the event to arrive at the destination, got 3"


def test_the_id_of_a_request_to_join_is_read_from_its_page() -> None:
    assert checks.request_id(page("<a onclick=\"cancelJoinRequest('team', 'request')\">")) == "request"
    with pytest.raises(LookupError, match="does not contain"):
        checks.request_id(page("<a>"))


@pytest.mark.parametrize(
    ("lines", "jar"),
    [
        (["a=1; Path=/; HttpOnly", "b=2; expires=Thu, 01 Jan 2032 00:00:00 GMT"], {"a": "1", "b": "2"}),
        ("a=1; Path=/", {"a": "1"}),
        (['a=""; Max-Age=0'], {}),
        (None, {}),
    ],
)
def test_cookies_are_read_and_deleted_ones_left_out(lines: Any, jar: dict[str, str]) -> None:
    assert checks.cookies(Answer("POST /x", 303, {"set-cookie": lines} if lines else {}, b"")) == jar


PAGE_WITH_ASSETS = """
<link rel="icon" href="/static/favicon.ico"><link rel="stylesheet" href="/static/css/a.css?v=1">
<script src="https://cdn.example.com/static/b.js"></script><script>let a = 1;</script>
"""


def test_assets_of_a_page_are_those_below_static() -> None:
    found = checks.assets(page(PAGE_WITH_ASSETS))
    assert found == [checks.Asset("", "favicon.ico"), checks.Asset("css", "a.css")]


@pytest.mark.parametrize(
    ("script", "right"),
    [("let a = {b: 1};", True), ("let a = {{ b }};", False), ("if (a {", False), ("", True)],
)
def test_scripts_of_a_page_must_be_javascript(script: str, right: bool) -> None:
    text = f'<script src="/static/a.js"></script><script type="application/json">{{}}</script><script>{script}</script>'
    assert (checks.scripts_parse(page(text)) is None) is right


def test_a_page_without_assets_is_a_problem() -> None:
    assert checks.scripts_parse(page("<p>Sign in</p>")) is not None
    assert checks.is_not_empty(Answer("GET /x", 200, {"content-type": "text/css"}, b"")) is not None
    assert checks.is_not_empty(Answer("GET /x", 200, {"content-type": "text/css"}, b"a{}")) is None
