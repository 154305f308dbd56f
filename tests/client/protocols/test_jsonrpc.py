"""JSON-RPC errors that hide inside HTTP 200."""

import json
from typing import Any

import pytest

from loadtest.client.answer import Answer, Problem
from loadtest.client.protocols.jsonrpc import error_in, other_resource, problem, reply, request


def answer(body: Any, media_type: str = "application/json") -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer("POST /rpc x", 200, {"content-type": media_type}, data)


def envelope(**members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": "7"} | members


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (envelope(result={}), None),
        (envelope(result={"content": [], "isError": False}), None),
        (
            envelope(error={"code": -32000, "message": "Internal error", "data": "[Errno -2] no name"}),
            "[jsonrpc 200 -32000] Internal error: [Errno -<n>] no name",
        ),
        (envelope(error={"code": -32601, "message": "no method"}), "[jsonrpc 200 -32601] no method"),
        (
            envelope(result={"isError": True, "content": [{"type": "text", "text": "it broke"}]}),
            "[tool-error 200] it broke",
        ),
        (envelope(result={"isError": True}), "[tool-error 200] isError without a text"),
        (envelope(), "[jsonrpc 200] neither result nor error in the answer"),
        (envelope(result={}) | {"id": "8"}, "[jsonrpc 200] the answer carries another call's id"),
        ([], "[jsonrpc 200] the answer is not a JSON-RPC message"),
    ],
)
def test_problem(body: Any, expected: str | None) -> None:
    found = problem(answer(body), "7")
    assert (str(found) if found else None) == expected


def test_a_notification_has_no_answer() -> None:
    assert problem(answer(b""), None) is None


def test_an_answer_may_come_as_the_last_event_of_a_short_stream() -> None:
    first, last = json.dumps({"method": "progress"}), json.dumps(envelope(result={"ok": 1}))
    body = f"event: message\ndata: {first}\n\nevent: message\r\ndata: {last}\r\n\r\n".encode()
    assert reply(answer(body, "text/event-stream"))["result"] == {"ok": 1}


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"{", "application/json"), (b"data: {\n\n", "text/event-stream"), (b"", "text/event-stream")],
)
def test_what_is_no_json_is_a_problem(body: bytes, media_type: str) -> None:
    with pytest.raises(Problem, match="json 200"):
        reply(answer(body, media_type))
    assert str(problem(answer(body, media_type), "7")).startswith("[json 200]")


def test_request() -> None:
    assert request("ping", None, "1") == {"jsonrpc": "2.0", "method": "ping", "params": {}, "id": "1"}
    assert "id" not in request("notifications/initialized", {"a": 1}, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (envelope(error={"code": -32603, "message": "no"}), "[jsonrpc 200 -32603] no"),
        (envelope(error="no"), "[jsonrpc 200 None] no"),
        (envelope(result={"error": "of a tool"}), None),
        (envelope(error=None, result={}), None),
        ({"error": "no", "jsonrpc_version": 2}, None),
        ({"status": "accepted"}, None),
        (["jsonrpc", "error"], None),
    ],
)
def test_an_error_where_no_reply_is_expected(body: Any, expected: str | None) -> None:
    """As in the response to a notification, or to a message whose reply is sent over a stream."""
    response = answer(body)
    for found in (error_in(response), problem(response, None)):
        assert (str(found) if found else None) == expected


def test_a_body_without_json_has_no_error() -> None:
    for media_type, text in (("text/html", b'"jsonrpc"'), ("application/json", b"")):
        assert error_in(Answer("POST /message", 202, {"content-type": media_type}, text)) is None


@pytest.mark.parametrize(
    ("method", "result", "found"),
    [
        ("resources/read", {"contents": [{"uri": "note://a"}, {"uri": "note://a"}]}, None),
        (
            "resources/read",
            {"contents": [{"uri": "note://a"}, {"uri": "note://b"}]},
            ("expected the contents of the address that was read", "note://a, note://b"),
        ),
        (
            "resources/read",
            {"contents": [{"text": "a"}]},
            ("expected the contents of the address that was read", "None"),
        ),
        (
            "resources/read",
            {"contents": [{"uri": "note://{name}"}]},
            ("expected the contents of the address that was read, not of its template", "note://{name}"),
        ),
        ("resources/read", {}, None),
        ("resources/list", {"contents": [{"uri": "note://b"}]}, None),
    ],
)
def test_a_resource_is_read_from_its_address(method: str, result: Any, found: tuple[str, str] | None) -> None:
    response = answer(envelope(result=result))
    assert problem(response, "7") is None
    wrong = other_resource(response, method, {"uri": "note://a"})
    assert ((wrong.message, wrong.actual) if wrong else None) == found
