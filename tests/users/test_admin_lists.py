"""Lists of the admin UI: each check must reject a list that lacks an entity, has another, or is not the right page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.client.mismatch import content_problem
from loadtest.users.admin import lists
from loadtest.users.admin.lists import Shown

if TYPE_CHECKING:
    from loadtest.client.caller import Check

A, B = Shown("1a", "one"), Shown("2b", "two", enabled=False)


def said(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


def page(*rows: str, total: int | None = None, number: int = 1) -> Answer:
    """Return a table of ``rows``; the controls repeat what was asked for, which must not count as an entry."""
    controls = f"<div data-total-items='{total}' data-current-page='{number}' data-extra-params='1a one 2b two'></div>"
    body = f"<table><thead><tr><th>Id</th><th>Name</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    text = body + (controls if total is not None else "")
    return Answer("GET /x", 200, {"content-type": "text/html"}, text.encode())


def row(entity: Shown, name: str = "") -> str:
    switch = f"<input name='activate' value='{str(not entity.enabled).lower()}'>"
    form = f"<form action='/admin/tools/{entity.id}/state'>{switch}</form>"
    return f"<tr><td>{form}</td><td> {name or entity.name}\n shown</td></tr>"


def item(entity: Shown, **more: Any) -> dict[str, Any]:
    return {"id": entity.id, "name": entity.name, "enabled": entity.enabled} | more


def html(text: str) -> Answer:
    return Answer("GET /x", 200, {"content-type": "text/html"}, text.encode())


EMPTY = "<tr><td colspan='2'>No entities found: one two 1a 2b</td></tr>"
PAGES = {"pagination": {"page": 2, "per_page": 1, "total_items": 3}}
SELECT = "<label><input type='checkbox' value='1a'>one</label><label><input value=''>none</label>"
ACCOUNTS = "<div data-user-email='a' data-is-member='true'></div><div data-user-email='b' data-is-member='false'></div>"

CARD = "<div class='user-card'>one 1a<button hx-post='/admin/users/1a/{}'></button></div>"
BUTTON = "<table><tr id='1a'><td>one</td><td><button hx-post='/x/1a/state'> {} </button></td></tr></table>"
OFF = A._replace(enabled=False)

EXTRA = '{"q": "one", "team_id": "1a"}'
CONTROLS = f"<div class='c' data-total-items='2' data-hx-target='#t' data-extra-params='{EXTRA}'></div>"
OTHER_CONTROLS = CONTROLS.replace("#t", "#t-body")
NEXT = (
    "<div hx-get='/x?page=2&amp;per_page=1&amp;render=selector&amp;team_id=1a&amp;include_public=true'></div>"
)
FILTERS: dict[str, str | int | bool] = {"per_page": 1, "team_id": "1a", "include_public": True}

RIGHT: list[tuple[Check, Answer]] = [
    (lists.keeps_filters({"q": "one", "team_id": "1a"}), html(CONTROLS)),
    (lists.keeps_filters({"q": "one"}), html("<div data-total-items='2'></div>")),
    (lists.has_controls(html(CONTROLS)), html(CONTROLS.replace("class='c'", ""))),
    (lists.loads_next(FILTERS), html(NEXT)),
    (lists.shows_only(A, B), page(row(B), row(A), total=2)),
    (lists.shows_only(A), html(SELECT)),
    (lists.shows_only(), page(EMPTY, total=0)),
    (lists.shows_among(A, without=[B]), page(row(A), row(Shown("3c", "three")))),
    (lists.shows_only(A), html(CARD.format("deactivate"))),
    (lists.shows_only(OFF), html(CARD.format("activate"))),
    (lists.shows_only(OFF), html(CARD.format("edit"))),
    (lists.shows_among(A), html(BUTTON.format("Enabled"))),
    (lists.shows_among(OFF), html(BUTTON.format("Disabled"))),
    (lists.only(A, at="tokens"), said({"tokens": [item(A)], "total": 1})),
    (lists.only(A, B), page(row(A), row(B))),
    (lists.only(A, B), said({"items": [item(B), item(A)], "count": 2})),
    (lists.only(A, at=""), said([{"id": "1a", "name": "one"}])),
    (lists.only(Shown("a@b", "A")), said({"items": [{"email": "a@b", "full_name": "A"}]})),
    (lists.first_of(A, B), said({"items": [item(B)]})),
    (lists.first_of(A, B), page(row(B), total=2)),
    (lists.ids_are("ids", A, B), said({"ids": ["2b", "1a"], "count": 2})),
    (lists.has_among(A, without=[B]), said({"data": [item(A), item(Shown("3c", "three"))]})),
    (lists.is_page(2, 1), said(PAGES | {"data": [item(A)]})),
    (lists.fields_are({"a": "x", "b": "y"}), html("<input name=a value=x><textarea name=b> y </textarea>")),
    (lists.selects(["a"], ["b"]), html(ACCOUNTS)),
]
WRONG: list[tuple[Check, Answer]] = [
    (lists.keeps_filters({"q": "two"}), html(CONTROLS)),
    (lists.keeps_filters({"tags": "a"}), html(CONTROLS)),
    (lists.has_controls(html(CONTROLS)), html(OTHER_CONTROLS)),
    (lists.has_controls(html(CONTROLS)), html("")),
    (lists.loads_next(FILTERS), html(NEXT.replace("team_id=1a", "a=b"))),
    (lists.loads_next(FILTERS), html(NEXT.replace("page=2", "page=1"))),
    (lists.loads_next(FILTERS), html("")),
    (lists.shows_only(A, B), page(row(A), total=2)),
    (lists.shows_only(A, B), page(row(A), row(A), total=2)),
    (lists.shows_only(A), page(row(A), row(B), total=2)),
    (lists.shows_only(A), page(row(A, name="two"), total=1)),
    (lists.shows_only(A), page(row(A._replace(enabled=False)), total=1)),
    (lists.shows_only(A), page(row(A), total=2)),
    (lists.shows_only(A), page(EMPTY, total=1)),
    (lists.shows_only(), page(row(A), total=0)),
    (lists.shows_only(), html("An error occurred.")),
    (lists.shows_among(A), page(row(B))),
    (lists.shows_among(A, without=[B]), page(row(A), row(B))),
    (lists.shows_only(A), html(CARD.format("activate"))),
    (lists.shows_only(OFF), html(CARD.format("deactivate"))),
    (lists.shows_among(A), html(BUTTON.format("Disabled"))),
    (lists.only(at="tokens"), said({"tokens": [], "total": 1})),
    (lists.one_of([A], at="tokens", of=2), said({"tokens": [item(A)], "total": 1})),
    (lists.only(A), page(row(B))),
    (lists.only(A), said({"items": [item(A), item(B)]})),
    (lists.only(A), said({"items": [item(B)]})),
    (lists.only(A), said({"items": [item(A)], "count": 2})),
    (lists.only(A), said({"items": [item(A, name="two")]})),
    (lists.only(A), said({"items": [item(A, enabled=False)]})),
    (lists.only(A), said({"other": []})),
    (lists.only(), said({"items": [item(A)]})),
    (lists.first_of(A, B), said({"items": [item(A), item(B)]})),
    (lists.first_of(A, B), said({"items": [item(Shown("3c", "three"))]})),
    (lists.ids_are("ids", A), said({"ids": ["1a", "2b"], "count": 2})),
    (lists.ids_are("ids", A), said({"ids": ["2b"], "count": 1})),
    (lists.ids_are("ids", A), said({"ids": ["1a"], "count": 2})),
    (lists.has_among(A), said({"data": [item(B)]})),
    (lists.has_among(A, without=[B]), said({"data": [item(A), item(B)]})),
    (lists.has_among(B), said({"data": [item(B, enabled=True)]})),
    (lists.is_page(2, 1), said({"pagination": PAGES["pagination"] | {"page": 1}, "data": [item(A)]})),
    (lists.is_page(2, 1), said({"pagination": PAGES["pagination"] | {"per_page": 50}, "data": [item(A)]})),
    (lists.is_page(2, 1), said(PAGES | {"data": [item(A), item(B)]})),
    (lists.is_page(2, 1), said(PAGES | {"data": []})),
    (lists.fields_are({"a": "x"}), html("<input name=a value=y>")),
    (lists.fields_are({"a": "x"}), html("<input name=b value=x>")),
    (lists.selects(["a", "b"], []), html(ACCOUNTS)),
    (lists.selects(["a"], ["b", "c"]), html(ACCOUNTS)),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_the_expected_list_passes(check: Check, answer: Answer) -> None:
    assert check(answer) is None


@pytest.mark.parametrize(("check", "answer"), WRONG)
def test_another_list_is_a_problem(check: Check, answer: Answer) -> None:
    assert content_problem(answer, check) is not None


def test_pages_have_each_entity_once() -> None:
    left = [A, B]
    assert lists.turns_to(1, left, of=2)(page(row(B), total=2)) is None
    assert left == [A]
    assert lists.turns_to(2, left, of=2)(page(row(A), total=2, number=2)) is None
    assert left == []


@pytest.mark.parametrize(
    "answer",
    [
        page(row(B), total=2, number=2),
        page(row(A), total=2, number=1),
        page(row(A), row(B), total=2, number=2),
        page(row(A), total=3, number=2),
        page(EMPTY, total=2, number=2),
    ],
    ids=["an entity of the first page", "the first page", "both", "another total", "empty"],
)
def test_a_page_that_does_not_follow_is_a_problem(answer: Answer) -> None:
    assert lists.turns_to(2, [A], of=2)(answer) is not None
