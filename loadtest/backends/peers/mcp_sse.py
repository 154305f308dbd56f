"""The MCP server of :mod:`loadtest.backends.peers.mcp_small` over the older HTTP+SSE transport."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from loadtest.backends import address
from loadtest.backends.asgi import serving
from loadtest.backends.peers.mcp_small import build


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the address of its event stream."""
    async with serving(build().sse_app(host=address())) as url:
        yield f"{url}/sse"
