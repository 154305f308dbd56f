"""Exchanges for tests, from a request line and a JSON body."""

from __future__ import annotations

from typing import Any

import msgspec

from loadtest.mutation.exchanges import Exchange, Received, RecordedResponse, Sender
from loadtest.mutation.routing import Router


def request(
    operation: str,
    target: str,
    *,
    fields: Any = None,
    form: str = "",
    sender: Sender = Sender.ADMIN,
) -> Received:
    """Return a request of ``operation`` for the path and query in ``target``."""
    path, _, query = target.partition("?")
    method = operation.partition(" ")[0]
    body = form.encode() if form else (b"" if fields is None else msgspec.json.encode(fields))
    match = Router([operation]).match(method, path, body)
    assert match is not None
    media_type = "application/x-www-form-urlencoded" if form else "application/json"
    return Received(
        operation=match.operation,
        method=method,
        path=path,
        parameters=match.parameters,
        query=query,
        media_type=media_type,
        body=body,
        sender=sender,
    )


def reply(body: Any = None, status: int = 200, media_type: str = "application/json") -> RecordedResponse:
    """Return a response with ``body`` as JSON; bytes are the body itself."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return RecordedResponse(status, [("Content-Type", media_type)], content)


def exchange(operation: str, target: str, body: Any = None, status: int = 200, **arguments: Any) -> Exchange:
    """Return an exchange of ``operation`` with a JSON response."""
    return Exchange(request(operation, target, **arguments), reply(body, status))
