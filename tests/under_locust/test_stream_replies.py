"""Replies on an event stream are compared by their whole texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loadtest.client.answer import Problem
from loadtest.client.protocols.streams import EventFilter, ServerSentEvent
from loadtest.users.mcp.streams import offers_only, replied

LISTED = {"result": {"tools": [{"name": "lt-1-echo", "annotations": {"title": "Echo"}}]}}


class Events:
    """A stream with the given messages."""

    def __init__(self, *messages: Any) -> None:
        self._events = [ServerSentEvent("message", json.dumps(one)) for one in messages]

    def next(self, *, within: float = 1.0, where: EventFilter | None = None) -> ServerSentEvent:
        return next(one for one in self._events if where is None or where(one))


@pytest.mark.parametrize("texts", [(), ("lt-1-echo",), ("Echo", "lt-1-echo")])
def test_a_reply_with_the_texts_passes(texts: tuple[str, ...]) -> None:
    replied(Events({"id": "other"} | LISTED, {"id": "7"} | LISTED), "7", *texts)


@pytest.mark.parametrize("text", ["lt-1-ech", "lt-1-echo2", "name"])
def test_a_part_of_a_text_or_a_name_is_another_one(text: str) -> None:
    with pytest.raises(Problem) as failed:
        replied(Events({"id": "7"} | LISTED), "7", text)
    assert failed.value.actual == f"without {[text]}"


def test_an_error_is_a_problem_with_its_code() -> None:
    with pytest.raises(Problem) as failed:
        replied(Events({"id": "7", "error": {"code": -32601, "message": "no method"}}), "7")
    assert (failed.value.code, failed.value.message) == ("-32601", "no method")


def test_a_list_with_other_tools_than_the_server_has_is_a_problem() -> None:
    offers_only(replied(Events({"id": "7"} | LISTED), "7"), ["lt-1-echo"])
    for tools in ([], ["lt-1-echo", "lt-1-slow"]):
        with pytest.raises(Problem):
            offers_only(LISTED["result"], tools)
