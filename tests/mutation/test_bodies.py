"""A fault changes the members of a JSON body that it names, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.mutation import bodies

KEYS = st.sampled_from(["a", "b", "name", "total"])
BODIES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ([{"a": 1}], []),
        ([1], []),
        ({"tools": [{"a": 1}], "total": 1, "page": 1}, {"tools": [], "total": 0, "page": 1}),
        (
            {"data": [{"a": 1}], "pagination": {"total_items": 4}},
            {"data": [], "pagination": {"total_items": 0}},
        ),
        ({"result": {"tools": [{"a": 1}]}, "id": 1}, {"result": {"tools": []}, "id": 1}),
    ],
)
def test_a_list_is_emptied_with_its_count(body: Any, changed: Any) -> None:
    assert bodies.emptied(body) == changed


@pytest.mark.parametrize(
    "body", [[], {}, {"tools": []}, {"tags": ["a"]}, {"a": {"b": [{"c": 1}]}}, "text", 1, None]
)
def test_a_body_without_entries_is_the_same(body: Any) -> None:
    assert bodies.emptied(body) is body


@given(BODIES)
def test_a_member_is_dropped_everywhere(body: Any) -> None:
    for path in {path for path, _ in bodies.members(body)}:
        new = bodies.dropped(body, path)
        assert path not in {found for found, _ in bodies.members(new)}
        assert {found for found, _ in bodies.members(new)} == {
            found for found, _ in bodies.members(body) if found[: len(path)] != path
        }


@given(BODIES)
def test_a_retyped_member_has_another_type_and_the_others_are_the_same(body: Any) -> None:
    for path, values in bodies.stable_paths([body]).items():
        new = bodies.replaced(body, path, bodies.retyped)
        for old, now in zip(values, bodies.stable_paths([new]).get(path, []), strict=True):
            assert old is None or type(old) is not type(now)
        assert bodies.dropped(new, path) == bodies.dropped(body, path)


@given(BODIES)
def test_a_path_that_the_body_does_not_have_changes_nothing(body: Any) -> None:
    for change in (bodies.retyped, bodies.other_text, bodies.other_number):
        assert bodies.replaced(body, ("nowhere",), change) is body
        assert bodies.replaced(body, ("[]", "nowhere"), change) is body
    assert bodies.dropped(body, ("nowhere",)) is body


@given(st.text() | st.integers() | st.booleans())
def test_a_changed_value_is_another_value_of_its_type(value: Any) -> None:
    new = bodies.other_number(bodies.other_text(value))
    assert new != value
    assert type(new) is type(value)


def test_a_member_that_only_some_objects_have_is_not_stable() -> None:
    assert set(bodies.stable_paths([[{"a": 1, "b": 1}, {"a": 2}], [{"a": 3, "b": 2}]])) == {("[]", "a")}


def test_keys_that_are_values_and_members_of_the_protocol_are_left_out() -> None:
    assert [path for path, _ in bodies.members({"lt-1-name": 1, "0123456789ab": 1, "by id": 1})] == []
    assert ("id",) not in bodies.stable_paths([{"jsonrpc": "2.0", "id": 1, "result": {"id": 2}}])


def test_only_the_data_of_an_event_stream_is_changed() -> None:
    stream = b'event: message\r\ndata: {"a":1,"b":2}\r\n\r\ndata: text\n'
    new = bodies.changed_content("text/event-stream", stream, lambda body: bodies.dropped(body, ("a",)))
    assert new == b'event: message\r\ndata: {"b":2}\r\n\r\ndata: text\n'
    assert bodies.changed_content("text/event-stream", stream, lambda body: body) is None


@pytest.mark.parametrize("content", [b"", b"<html>", b"[" * 5000])
def test_content_that_is_not_json_is_not_changed(content: bytes) -> None:
    assert bodies.changed_content("application/json", content, lambda _: None) is None


def test_changed_content_is_json() -> None:
    new = bodies.changed_content("application/json", b'{"a": "\xc3\xa4"}', lambda body: body | {"b": 1})
    assert new is not None
    assert msgspec.json.decode(new) == {"a": "ä", "b": 1}
