"""An MCP server on the official SDK, over streamable HTTP: tools, resources and prompts to federate."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
    ToolAnnotations,
)

from loadtest.backends import address
from loadtest.backends.asgi import serving

IDLE = 120.0
"""Seconds after which a session that the gateway forgot is closed."""

STEP = 0.1
"""Seconds between progress reports of the slow tool."""

NAMES = ("ada", "helen", "helmut")
"""What completes an argument called ``name``."""


def build() -> MCPServer[None]:
    """Return the server with everything that it offers."""
    server: MCPServer[None] = MCPServer("loadtest", version="1", log_level="ERROR")
    server.tool(annotations=ToolAnnotations(read_only_hint=True))(echo)
    for tool in (get_system_time, convert_time, fail, slow):
        server.tool()(tool)
    server.resource("note://hello", mime_type="text/plain")(hello)
    server.resource("note://time", mime_type="text/plain")(get_system_time_note)
    server.resource("greeting://{name}", mime_type="text/plain")(greeting)
    server.prompt()(greet)
    server.prompt()(summarise)
    server.completion()(completion)  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
    return server


def echo(text: str) -> str:
    """Answer with the same text."""
    return text


def get_system_time(timezone: str = "UTC") -> str:
    """Tell the time in an IANA time zone, in ISO 8601."""
    return dt.datetime.now(_zone(timezone)).isoformat(timespec="seconds")


def convert_time(time: str, source_timezone: str, target_timezone: str) -> str:
    """Convert a time in ISO 8601, taken to be in the source zone, to the target zone (IANA names)."""
    try:
        moment = dt.datetime.fromisoformat(time)
    except ValueError as error:
        raise ToolError(f"time: expected ISO 8601, not {time!r}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(source_timezone))
    return moment.astimezone(_zone(target_timezone)).isoformat(timespec="seconds")


def fail(message: str = "failed on purpose") -> str:
    """Fail with the given message."""
    raise ToolError(message)


async def slow(context: Context[None], seconds: float = 1.0) -> str:
    """Take a while (seconds), report progress meanwhile, and stop early when cancelled."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    while (past := loop.time() - start) < seconds:
        await context.report_progress(round(past, 3), seconds)
        await asyncio.sleep(min(STEP, seconds - past))
    return f"took {seconds:g} s"


def hello() -> str:
    """Return a text that never changes."""
    return "hello from the load test"


def get_system_time_note() -> str:
    """Return the time in UTC as a note."""
    return get_system_time()


def greeting(name: str) -> str:
    """Return a greeting for the name in the address."""
    return f"hello {name}"


async def completion(
    _reference: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    _context: CompletionContext | None,
) -> Completion | None:
    """Offer the names that begin with what was typed, wherever a name is wanted."""
    wanted = argument.name == "name"
    return Completion(values=[one for one in NAMES if one.startswith(argument.value)]) if wanted else None


def greet(name: str) -> str:
    """Ask for a greeting."""
    return f"Greet {name} in one sentence."


def summarise(text: str, words: str = "20") -> str:
    """Ask for a summary of a text."""
    return f"Summarise in at most {words} words: {text}"


def _zone(name: str) -> dt.tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ToolError(f"unknown time zone {name!r}, expected an IANA name") from error


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the address of its MCP endpoint."""
    async with serving(build().streamable_http_app(host=address(), session_idle_timeout=IDLE)) as url:
        yield f"{url}/mcp"
