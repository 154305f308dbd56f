"""A small fast HTTP server on loopback for measuring the client's side: every answer is made beforehand.

``python benchmarks/local_server.py`` prints its port and serves until its standard input closes.
"""

import asyncio
import json
import sys
from typing import Any

TOOLS = 5
"""Entities in the list: a body of about 4 KB, as a list of a gateway has it."""

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
_CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Benchmark", "version": "1.0.7"},
    "paths": {
        "/tools": {
            "get": {
                "responses": {
                    "200": {
                        "description": "The tools",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Tool"}}
                            }
                        },
                    }
                }
            }
        }
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
    """Return a whole HTTP answer."""
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


ANSWERS = {b"/tools": answer("200 OK", _BODY), b"/openapi.json": answer("200 OK", _CONTRACT)}
NOT_FOUND = answer("404 Not Found", {"detail": "Not Found"})


class Server(asyncio.Protocol):
    """One connection that is kept open; it knows GET without a body, which is all that it is asked."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with nothing read."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            target = self.received.split(b" ", 2)[1]
            self.received = self.received[end + 4 :]
            self.transport.write(ANSWERS.get(target.partition(b"?")[0], NOT_FOUND))


async def serve() -> None:
    """Serve until standard input closes, which it does when the parent ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
