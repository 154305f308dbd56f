"""What a fault does to a query or a response. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import msgspec

from loadtest.mutation.bodies import (
    Change,
    changed_content,
    dropped,
    emptied,
    other_number,
    other_text,
    replaced,
    retyped,
)
from loadtest.mutation.candidates import PAGING
from loadtest.mutation.exchanges import Received, RecordedResponse, decoded
from loadtest.mutation.faults import Fault, FaultKind

_HTML = b"<!doctype html><html><head><title>Error</title></head><body><h1>Bad gateway</h1></body></html>"
_INTERNAL_ERROR = -32603


def query_without(query: str, fault: Fault) -> str:
    """Return ``query`` without the parameters that ``fault`` ignores."""
    ignored = {fault.parameter} if fault.parameter else PAGING
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name not in ignored]
    return query if len(kept) == len(pairs) else urlencode(kept)


def change_of(fault: Fault) -> Change | None:
    """Return the change that ``fault`` makes to a JSON body, or None if it makes none."""
    path = fault.path
    match fault.kind:
        case FaultKind.EMPTY_LIST:
            return emptied
        case FaultKind.KEY_DROPPED:
            return lambda body: dropped(body, path)
        case FaultKind.KEY_RETYPED:
            return lambda body: replaced(body, path, retyped)
        case FaultKind.TEXT_CHANGED:
            return lambda body: replaced(body, path, other_text)
        case FaultKind.NUMBER_CHANGED:
            return lambda body: replaced(body, path, other_number)
        case _:
            return None


def changed_reply(reply: RecordedResponse, change: Change) -> RecordedResponse | None:
    """Return ``reply`` with its JSON changed, or None if there was nothing to change."""
    content = changed_content(reply.media_type, reply.body, change)
    return None if content is None else RecordedResponse(reply.status, reply.headers, content)


def hard_reply(kind: FaultKind, request: Received, reply: RecordedResponse) -> RecordedResponse:
    """Return what a gateway with a hard fault responds instead of ``reply``.

    Raises:
        ValueError: ``kind`` is not a hard fault with a response.
    """
    match kind:
        case FaultKind.STATUS_500:
            return RecordedResponse(
                500, [("Content-Type", "text/plain; charset=utf-8")], b"Internal Server Error"
            )
        case FaultKind.STATUS_404:
            return _json(404, {"detail": "Not Found"})
        case FaultKind.EMPTY_BODY:
            return RecordedResponse(reply.status, reply.headers, b"")
        case FaultKind.HTML:
            return RecordedResponse(reply.status, [("Content-Type", "text/html; charset=utf-8")], _HTML)
        case FaultKind.TRUNCATED:
            return RecordedResponse(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
        case FaultKind.JSONRPC_ERROR:
            message = decoded(request.body)
            identity = message.get("id") if isinstance(message, dict) else None
            error = {"code": _INTERNAL_ERROR, "message": "Internal error"}
            return _json(200, {"jsonrpc": "2.0", "id": identity, "error": error})
        case _:
            raise ValueError(f"{kind} has no response of its own")


def _json(status: int, body: object) -> RecordedResponse:
    return RecordedResponse(status, [("Content-Type", "application/json")], msgspec.json.encode(body))
