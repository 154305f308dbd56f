"""Comparison of what was sent with what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from loadtest.users.read_back import same, sent_values, shows


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


def test_only_what_is_shown_is_compared() -> None:
    assert shows({"name": "a", "password": "b"}, {"name": "a"}, "GET /x") is None
    assert (
        str(shows({"max_size": 1}, {"maxSize": 2}, "GET /x"))
        == "expected max_size to be 1 in the response of GET /x, got 2"
    )
    assert shows({"name": "a"}, [], "GET /x") is None
