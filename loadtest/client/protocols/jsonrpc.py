"""JSON-RPC over HTTP: requests, replies, and errors in responses with status 200.

Sources: https://www.jsonrpc.org/specification and the MCP specification's streamable HTTP transport.
"""

from typing import Any

import msgspec
from sseclient import SSEClient

from loadtest.client.answer import Answer, Problem
from loadtest.results.failures import ProblemKind

ACCEPT = "application/json, text/event-stream"


def request(method: str, params: Any, message_id: str | None) -> dict[str, Any]:
    """Return the request; without an id it is a notification, which has no reply."""
    envelope = {"jsonrpc": "2.0", "method": method, "params": params if params is not None else {}}
    return envelope | {"id": message_id} if message_id is not None else envelope


def problem(answer: Answer, message_id: str | None) -> Problem | None:
    """Return the problem of a reply: an ``error``, a result with ``isError``, or the id of another call."""
    if message_id is None:
        return error_in(answer)
    try:
        message = reply(answer)
    except Problem as found:
        return found
    if "error" in message:
        return _error(message, answer)
    if "result" not in message:
        return Problem(ProblemKind.JSONRPC, "neither result nor error in the answer", status=answer.status)
    if message.get("id") != message_id:
        return Problem(ProblemKind.JSONRPC, "the answer carries another call's id", status=answer.status)
    result = message["result"]
    if isinstance(result, dict) and result.get("isError"):
        return Problem(ProblemKind.TOOL_ERROR, _words(result), status=answer.status)
    return None


def other_resource(answer: Answer, method: str, params: Any) -> Problem | None:
    """Return the problem of the response to a ``resources/read`` that has the contents of another address.

    A resource may have contents at addresses of their own, but none of those that the load test reads does.
    """
    if method != "resources/read" or answer.message is None:
        return None
    contents = answer.message.get("result", {}).get("contents", [])
    addresses = {str(one.get("uri")) for one in contents if isinstance(one, dict)}
    if addresses <= {str(params.get("uri"))}:
        return None
    is_template = any("{" in one for one in addresses)
    return Problem(
        ProblemKind.CONTENT,
        f"expected the contents of the address that was read{', not of its template' if is_template else ''}",
        status=answer.status,
        actual=", ".join(sorted(addresses)),
    )


def error_in(answer: Answer) -> Problem | None:
    """Return the problem of a response that should be no JSON-RPC reply: it is one, with an ``error``."""
    is_object = answer.media_type.endswith("json") and answer.body.lstrip()[:1] == b"{"
    if not is_object or b'"jsonrpc"' not in answer.body:
        return None
    try:
        message = answer.json
    except Problem as found:
        return found
    if not isinstance(message, dict) or "jsonrpc" not in message or not message.get("error"):
        return None
    return _error(message, answer)


def _error(message: dict[str, Any], answer: Answer) -> Problem:
    error = message["error"]
    fields = error if isinstance(error, dict) else {"message": error}
    words = (str(fields.get(key)) for key in ("message", "data") if fields.get(key))
    return Problem(ProblemKind.JSONRPC, ": ".join(words), status=answer.status, code=str(fields.get("code")))


def reply(answer: Answer) -> dict[str, Any]:
    """Return the reply in a response, sent as JSON or as the last event of a short stream.

    Raises:
        Problem: the response contains no reply.
    """
    if answer.media_type == "text/event-stream":
        events = list(SSEClient(iter([answer.body])).events())
        message = _decoded(answer, events[-1].data if events else "")
    else:
        message = answer.json
    if not isinstance(message, dict):
        raise Problem(ProblemKind.JSONRPC, "the answer is not a JSON-RPC message", status=answer.status)
    answer.message = message
    return message


def _decoded(answer: Answer, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Problem(ProblemKind.JSON, f"event data: {error}", status=answer.status) from error


def _words(result: dict[str, Any]) -> str:
    texts = [part.get("text", "") for part in result.get("content", []) if isinstance(part, dict)]
    return " ".join(texts) or "isError without a text"
