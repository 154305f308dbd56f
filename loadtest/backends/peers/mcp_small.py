"""A small MCP server over streamable HTTP: for federations that come and go.

Registering the server of :mod:`loadtest.backends.peers.mcp` a second time would double its resources, and a
gateway refuses to read an address that two of its servers offer. One of everything is the least: switching a
server off that offers no prompt or no resource leaves a transaction open (``gateway_service.py``,
``set_gateway_state``), and on SQLite the gateway then waits for itself until the lock times out.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from mcp.server.mcpserver import MCPServer

from loadtest.backends import address
from loadtest.backends.asgi import serving
from loadtest.backends.peers.mcp import IDLE, echo, get_system_time, greet, hello


def build() -> MCPServer[None]:
    """Return the server."""
    server: MCPServer[None] = MCPServer("loadtest-small", version="1", log_level="ERROR")
    server.tool()(echo)
    server.tool()(get_system_time)
    server.resource("small://hello", mime_type="text/plain")(hello)
    server.prompt()(greet)
    return server


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the address of its MCP endpoint."""
    async with serving(build().streamable_http_app(host=address(), session_idle_timeout=IDLE)) as url:
        yield f"{url}/mcp"
