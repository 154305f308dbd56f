"""The MCP server from an MCP client."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, ResourceTemplateReference, TextContent, TextResourceContents

from loadtest.backends.peers.mcp import running

T = TypeVar("T")


def asked(question: Callable[[Client], Awaitable[T]]) -> T:
    """Serve the backend, connect, ask, and return the answer."""

    async def ask() -> T:
        async with running() as url, Client(url) as client:
            return await question(client)

    return asyncio.run(ask())


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def called(name: str, **arguments: object) -> CallToolResult:
    async def call(client: Client) -> CallToolResult:
        result = await client.call_tool(name, dict(arguments))
        assert isinstance(result, CallToolResult)
        return result

    return asked(call)


def test_it_offers_tools_resources_and_prompts() -> None:
    async def names(client: Client) -> tuple[set[str], set[str], set[str], set[str]]:
        return (
            {tool.name for tool in (await client.list_tools()).tools},
            {str(resource.uri) for resource in (await client.list_resources()).resources},
            {item.uri_template for item in (await client.list_resource_templates()).resource_templates},
            {prompt.name for prompt in (await client.list_prompts()).prompts},
        )

    assert asked(names) == (
        {"echo", "get_system_time", "convert_time", "fail", "slow"},
        {"note://hello", "note://time"},
        {"greeting://{name}"},
        {"greet", "summarise"},
    )


def test_echo() -> None:
    result = called("echo", text="grüße ✓")
    assert text(result) == "grüße ✓"
    assert result.structured_content == {"result": "grüße ✓"}
    assert not result.is_error


def test_the_time_in_a_zone() -> None:
    moment = dt.datetime.fromisoformat(text(called("get_system_time", timezone="Asia/Kathmandu")))
    assert moment.utcoffset() == dt.timedelta(hours=5, minutes=45)
    assert abs((dt.datetime.now(dt.UTC) - moment).total_seconds()) < 60


@pytest.mark.parametrize(
    ("time", "source", "target", "expected"),
    [
        ("2026-01-01T12:00:00", "UTC", "Asia/Tokyo", "2026-01-01T21:00:00+09:00"),
        ("2026-07-01T12:00:00", "Europe/Rome", "UTC", "2026-07-01T10:00:00+00:00"),
        ("2026-01-01T12:00:00+02:00", "UTC", "UTC", "2026-01-01T10:00:00+00:00"),
    ],
)
def test_converting_time(time: str, source: str, target: str, expected: str) -> None:
    assert text(called("convert_time", time=time, source_timezone=source, target_timezone=target)) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("fail", {"message": "as asked"}, "as asked"),
        ("get_system_time", {"timezone": "Mars/Olympus"}, "unknown time zone 'Mars/Olympus'"),
        ("get_system_time", {"timezone": "../etc"}, "unknown time zone '../etc'"),
        ("convert_time", {"time": "noon", "source_timezone": "UTC", "target_timezone": "UTC"}, "ISO 8601"),
    ],
)
def test_errors_are_results(name: str, arguments: dict[str, object], message: str) -> None:
    result = called(name, **arguments)
    assert result.is_error
    assert message in text(result)


def test_a_slow_tool_reports_progress() -> None:
    seen: list[float] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        assert (total, message) == (0.35, None)
        seen.append(progress)

    async def call(client: Client) -> float:
        start = time.monotonic()
        await client.call_tool("slow", {"seconds": 0.35}, progress_callback=progressed)
        return time.monotonic() - start

    assert asked(call) >= 0.35
    assert len(seen) >= 3
    assert seen == sorted(seen)


def test_a_slow_tool_can_be_given_up() -> None:
    async def call(client: Client) -> float:
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.call_tool("slow", {"seconds": 30}), 0.3)
        assert text(await client.call_tool("echo", {"text": "still here"})) == "still here"
        return time.monotonic() - start

    assert asked(call) < 10


def test_resources() -> None:
    async def read(client: Client) -> list[str]:
        found = []
        for uri in ("note://hello", "greeting://bob"):
            (content,) = (await client.read_resource(uri)).contents
            assert isinstance(content, TextResourceContents)
            found.append(content.text)
        with pytest.raises(MCPError, match="nothing"):
            await client.read_resource("nothing://here")
        return found

    assert asked(read) == ["hello from the load test", "hello bob"]


def test_prompts() -> None:
    async def get(client: Client) -> str:
        with pytest.raises(MCPError):
            await client.get_prompt("greet", {})
        (message,) = (await client.get_prompt("greet", {"name": "bob"})).messages
        assert isinstance(message.content, TextContent)
        return message.content.text

    assert asked(get) == "Greet bob in one sentence."


@pytest.mark.parametrize(
    ("argument", "typed", "expected"),
    [("name", "hel", ["helen", "helmut"]), ("name", "x", []), ("words", "hel", [])],
)
def test_it_completes_names_and_nothing_else(argument: str, typed: str, expected: list[str]) -> None:
    async def completed(client: Client) -> list[str]:
        reference = ResourceTemplateReference(uri="greeting://{name}")
        return (await client.complete(reference, {"name": argument, "value": typed})).completion.values

    assert asked(completed) == expected
