"""What a fault does to a query and to a response."""

from __future__ import annotations

import pytest
from exchanges_of import reply, request

from loadtest.mutation.exchanges import RecordedResponse, Sender, sender_of
from loadtest.mutation.faults import Fault, FaultKind
from loadtest.mutation.injection import change_of, changed_reply, hard_reply, query_without

LIST = "GET /tools"


@pytest.mark.parametrize(
    ("parameter", "query", "left"),
    [
        ("", "limit=1&tags=a&cursor=x", "tags=a"),
        ("tags", "limit=1&tags=a&tags=b", "limit=1"),
        ("tags", "limit=1&q=a%2Fb", "limit=1&q=a%2Fb"),
        ("", "", ""),
    ],
)
def test_parameters_are_removed(parameter: str, query: str, left: str) -> None:
    fault = Fault(kind=FaultKind.FILTER, operation=LIST, parameter=parameter)
    assert query_without(query, fault) == left


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        (FaultKind.EMPTY_LIST, (), b"[]"),
        (FaultKind.KEY_DROPPED, ("[]", "a"), b'[{"n":1}]'),
        (FaultKind.KEY_RETYPED, ("[]", "a"), b'[{"a":4,"n":1}]'),
        (FaultKind.TEXT_CHANGED, ("[]", "a"), b'[{"a":"textx","n":1}]'),
        (FaultKind.NUMBER_CHANGED, ("[]", "n"), b'[{"a":"text","n":2}]'),
    ],
)
def test_a_body_is_changed(kind: FaultKind, path: tuple[str, ...], body: bytes) -> None:
    change = change_of(Fault(kind=kind, operation=LIST, path=path))
    assert change is not None
    changed = changed_reply(reply([{"a": "text", "n": 1}]), change)
    assert changed is not None
    assert (changed.status, changed.body) == (200, body)
    assert changed_reply(reply({}), change) is None


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        (FaultKind.STATUS_500, 500, b"Internal"),
        (FaultKind.STATUS_404, 404, b'{"detail"'),
        (FaultKind.EMPTY_BODY, 200, b""),
        (FaultKind.HTML, 200, b"<!doctype html>"),
        (FaultKind.TRUNCATED, 200, b"[1"),
        (FaultKind.JSONRPC_ERROR, 200, b'{"jsonrpc":"2.0","id":"a","error"'),
    ],
)
def test_a_hard_fault_has_a_response(kind: FaultKind, status: int, start: bytes) -> None:
    asked = request("POST /rpc", "/rpc", fields={"jsonrpc": "2.0", "id": "a", "method": "ping"})
    answer = hard_reply(kind, asked, reply([1, 2]))
    assert answer.status == status
    assert answer.body.startswith(start)
    assert len(answer.body) < len(b"[1,2]") or kind not in (FaultKind.TRUNCATED, FaultKind.EMPTY_BODY)


def test_a_semantic_fault_has_no_response_of_its_own() -> None:
    with pytest.raises(ValueError, match="deletion"):
        hard_reply(FaultKind.DELETION, request(LIST, "/tools"), RecordedResponse(200, [], b""))


@pytest.mark.parametrize(
    ("authorization", "cookie", "sender"),
    [
        (None, None, Sender.ANONYMOUS),
        ("Bearer nonsense", None, Sender.ANONYMOUS),
        ("Bearer a.b.c", None, Sender.ANONYMOUS),
        ("Bearer e30.eyJzdWIiOiJhIn0.x", None, Sender.ADMIN),
        ("Bearer e30.eyJzdWIiOiJiIn0.x", None, Sender.OTHER),
        ("Basic YTpi", None, Sender.OTHER),
        (None, "jwt_token=x", Sender.OTHER),
    ],
)
def test_a_request_has_a_sender(authorization: str | None, cookie: str | None, sender: Sender) -> None:
    assert sender_of(authorization, cookie, "a") is sender
