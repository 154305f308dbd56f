"""The small MCP server over both of its transports, from an MCP client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from loadtest.backends.peers import mcp_small, mcp_sse

Offer = tuple[set[str], set[str], set[str], str]


async def offer(client: Client) -> Offer:
    """Ask for everything that there is, and for an echo."""
    tools = {tool.name for tool in (await client.list_tools()).tools}
    resources = {str(resource.uri) for resource in (await client.list_resources()).resources}
    prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
    result = await client.call_tool("echo", {"text": "grüße ✓"})
    assert isinstance(result, CallToolResult)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return tools, resources, prompts, content.text


@pytest.mark.parametrize(
    ("running", "transport"),
    [(mcp_small.running, streamable_http_client), (mcp_sse.running, sse_client)],
    ids=["streamable-http", "sse"],
)
def test_it_offers_one_of_everything_at_least(
    running: Callable[[], AbstractAsyncContextManager[str]],
    transport: Callable[[str], AbstractAsyncContextManager[object]],
) -> None:
    async def ask() -> Offer:
        async with running() as url, Client(transport(url)) as client:  # type: ignore[arg-type]
            return await offer(client)

    assert asyncio.run(ask()) == (
        {"echo", "get_system_time"},
        {"small://hello"},
        {"greet"},
        "grüße ✓",
    )


def test_a_query_distinguishes_registrations() -> None:
    """The gateway takes an address once only; users register the server under many."""

    async def ask() -> Offer:
        async with mcp_small.running() as url, Client(f"{url}?gateway=lt-1-gateway") as client:
            return await offer(client)

    assert asyncio.run(ask())[0] == {"echo", "get_system_time"}
