"""What a change must keep: right responses pass, wrong ones are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.admin.checks import keeps_unsent
from loadtest.users.read_back import keeps, untouched

if TYPE_CHECKING:
    from loadtest.client.mismatch import Mismatch

SERVER = {"visibility": "team", "associatedtools": ["a"], "associatedtoolids": ["1"], "icon": "x"}


def answer(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"description": "new"}, {"visibility", "associatedtools", "associatedtoolids", "icon"}),
        ({"associatedTools": ["2"]}, {"visibility", "icon"}),
        ({"icon": None, "visibility": "public"}, {"associatedtools", "associatedtoolids"}),
    ],
)
def test_an_update_keeps_what_it_does_not_contain(body: dict[str, Any], kept: set[str]) -> None:
    assert untouched(SERVER, body, {}).keys() == kept


@pytest.mark.parametrize(
    ("shown", "complaint"),
    [
        ({"associatedTools": ["a"], "icon": "x"}, None),
        (
            {"associatedTools": []},
            "expected associatedtools in the response of GET /x to be kept by this call",
        ),
        ({"icon": "y"}, "expected icon in the response of GET /x to be kept by this call"),
    ],
)
def test_a_lost_property_is_reported(shown: dict[str, Any], complaint: str | None) -> None:
    assert text(keeps(SERVER, shown, "GET /x")) == complaint


def test_an_object_that_gained_members_is_kept() -> None:
    assert keeps({"headers": {"a": "b"}}, {"headers": {"a": "b", "c": None}}, "GET /x") is None


@pytest.mark.parametrize(
    ("after", "complaint"),
    [
        ({"teamId": "t", "name": "b", "version": 2}, None),
        ({"teamId": "u", "name": "b", "version": 2}, "teamid"),
        ({"name": "b"}, "teamid"),
    ],
)
def test_a_form_keeps_what_it_does_not_contain(after: dict[str, Any], complaint: str | None) -> None:
    before = answer({"tool": {"teamId": "t", "name": "a", "version": 1}})
    found = keeps_unsent(before, answer({"tool": after}), {"name": "b"}, under="tool")
    wanted = f"expected {complaint}, which the form does not contain, to be kept" if complaint else None
    assert text(found) == wanted


def text(found: Mismatch | None) -> str | None:
    return None if found is None else found.text
