"""A small, fast HTTP server on loopback for benchmarks of the client, with constant responses.

``python benchmarks/local_server.py`` prints its port and serves until its standard input is closed.
"""

import asyncio
import json
import re
import sys
from typing import Any

from loadtest.versions import data as versions

TOOLS = 5
"""Entities in the list: a body of about 4 KB, like a list of a gateway."""

_FIELDS: dict[str, tuple[dict[str, Any], Any]] = {
    "id": ({"type": "string"}, "3f2c9c1e5b7d4b0e9a6d2f8c1b4e7a90"),
    "originalName": ({"type": "string"}, "convert_time"),
    "url": ({"type": "string", "nullable": True}, "http://127.0.0.1:9000/mcp"),
    "description": (
        {"type": "string", "nullable": True},
        "Converts a time of day from one zone to another. " * 3,
    ),
    "requestType": ({"type": "string"}, "STREAMABLEHTTP"),
    "integrationType": ({"type": "string", "enum": ["MCP", "REST", "A2A"]}, "MCP"),
    "headers": ({"type": "object", "additionalProperties": {"type": "string"}}, {"x-team": "platform"}),
    "inputSchema": (
        {"type": "object"},
        {
            "type": "object",
            "properties": {
                "time": {"type": "string", "description": "Time of day, 24 hours, HH:MM"},
                "source_timezone": {"type": "string"},
                "target_timezone": {"type": "string"},
            },
            "required": ["time", "source_timezone", "target_timezone"],
        },
    ),
    "createdAt": ({"type": "string", "format": "date-time"}, "2026-03-01T04:00:00Z"),
    "updatedAt": ({"type": "string", "format": "date-time"}, "2026-03-01T04:00:00Z"),
    "enabled": ({"type": "boolean"}, True),
    "reachable": ({"type": "boolean"}, True),
    "executionCount": ({"type": "integer", "minimum": 0}, 42),
    "tags": ({"type": "array", "items": {"type": "string"}}, ["time", "benchmark"]),
    "visibility": ({"type": "string", "enum": ["private", "team", "public"]}, "public"),
    "version": ({"type": "integer"}, 1),
}
_BODY = [{name: example for name, (_, example) in _FIELDS.items()} for _ in range(TOOLS)]
_PAGE = "<html><body>" + "<p>A page of the administrator.</p>" * 200 + "</body></html>"


def _operation(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"responses": {"200": {"description": "Done", "content": {kind: {"schema": schema}}}}}


_TOOL = {"$ref": "#/components/schemas/Tool"}
_ANY = {"type": "object"}
_LISTED = ("/tools", "/resources", "/prompts", "/servers", "/gateways")
_CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Benchmark", "version": versions.available()[0]},
    "paths": {
        **{path: {"get": _operation({"type": "array", "items": _TOOL})} for path in _LISTED},
        **{f"{path}/{{{path[1:-1]}_id}}": {"get": _operation(_TOOL)} for path in _LISTED},
        "/health": {"get": _operation(_ANY)},
        "/ready": {"get": _operation(_ANY)},
        "/admin/": {"get": _operation({"type": "string"}, "text/html")},
        "/rpc": {"post": _operation(_ANY)},
    },
    "components": {
        "schemas": {
            "Tool": {
                "type": "object",
                "properties": {name: schema for name, (schema, _) in _FIELDS.items()},
                "required": list(_FIELDS),
            }
        }
    },
}


def answer(status: str, body: object) -> bytes:
    """Return a complete HTTP response; a string becomes an HTML page."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


ANSWERS = {
    b"/openapi.json": answer("200 OK", _CONTRACT),
    b"/health": answer("200 OK", {"status": "healthy"}),
    b"/ready": answer("200 OK", {"status": "ready"}),
    b"/admin/": answer("200 OK", _PAGE),
    **{path.encode(): answer("200 OK", _BODY) for path in _LISTED},
}
ITEM = answer("200 OK", _BODY[0] | {"name": "echo"})
NOT_FOUND = answer("404 Not Found", {"detail": "Not Found"})


def rpc(body: bytes) -> bytes:
    """Return the response to a JSON-RPC request: the list of tools, or the output of the called tool."""
    request = json.loads(body)
    if request["method"] == "tools/list":
        result: dict[str, Any] = {"tools": _BODY}
    else:
        arguments = request["params"]["arguments"]
        output = arguments.get("text") or "2026-01-01T21:00:00+09:00 2026-01-01T12:00:00+00:00"
        result = {"content": [{"type": "text", "text": output}], "isError": False}
    return answer("200 OK", {"jsonrpc": "2.0", "id": request["id"], "result": result})


class Server(asyncio.Protocol):
    """A keep-alive connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with an empty buffer."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Respond to every complete request."""
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end]
            found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            length = int(found[1]) if found else 0
            if len(self.received) < end + 4 + length:
                return
            body = self.received[end + 4 : end + 4 + length]
            self.received = self.received[end + 4 + length :]
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            if path == b"/rpc":
                self.transport.write(rpc(body))
            else:
                item = ITEM if path.rpartition(b"/")[0].decode() in _LISTED else NOT_FOUND
                self.transport.write(ANSWERS.get(path, item))


async def serve() -> None:
    """Serve until standard input is closed, which happens when the parent process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
