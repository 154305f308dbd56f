"""The MCP server that the conformance suite expects: its tools, resources and prompts by their names.

The names and contents are those of the suite's scenarios, https://github.com/modelcontextprotocol/conformance.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.types import (
    AudioContent,
    Completion,
    EmbeddedResource,
    ImageContent,
    SamplingMessage,
    TextContent,
    TextResourceContents,
)

from loadtest.backends.asgi import serving

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SOUND = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="


def text(said: str) -> TextContent:
    """Return a text."""
    return TextContent(type="text", text=said)


def image() -> ImageContent:
    """Return an image of one pixel."""
    return ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, content: str, mime_type: str = "text/plain") -> EmbeddedResource:
    """Return a resource inside a result."""
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=content)
    )


def build() -> MCPServer[None]:
    """Return the server."""
    server: MCPServer[None] = MCPServer("conformance", version="1", log_level="ERROR")
    for name, function in _TOOLS.items():
        server.tool(name=name, structured_output=False)(function)
    server.resource("test://static-text", name="static-text", mime_type="text/plain")(
        lambda: "This is the content of the static text resource."
    )
    server.resource("test://static-binary", name="static-binary", mime_type="image/png")(_pixel)
    server.resource("test://watched-resource", name="watched-resource", mime_type="text/plain")(
        lambda: "Watched resource content"
    )
    server.resource("test://template/{id}/data", name="template", mime_type="application/json")(_template)
    for name, function in _PROMPTS.items():
        server.prompt(name=name)(function)
    server.completion()(_completion)  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
    return server


async def _completion(*_: Any) -> Completion:
    """Offer no values."""
    return Completion(values=[])


def _simple_text() -> list[Any]:
    """Return a text."""
    return [text("This is a simple text response for testing.")]


def _image() -> list[Any]:
    """Return an image."""
    return [image()]


def _audio() -> list[Any]:
    """Return a sound."""
    return [AudioContent(type="audio", data=SOUND, mime_type="audio/wav")]


def _embedded() -> list[Any]:
    """Return a resource."""
    return [embedded("test://embedded-resource", "This is an embedded resource content.")]


def _mixed() -> list[Any]:
    """Return a text, an image and a resource."""
    data = '{"test":"data","value":123}'
    return [
        text("Multiple content types test:"),
        image(),
        embedded("test://mixed-content-resource", data, "application/json"),
    ]


async def _logging(context: Context[None]) -> list[Any]:
    """Send log messages during the call."""
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.info(message)
    return [text("Tool with logging executed successfully")]


async def _progress(context: Context[None]) -> list[Any]:
    """Report progress during the call."""
    for done in (0, 50, 100):
        await context.report_progress(done, 100, f"Completed step {done} of 100")
    return [text("Tool with progress executed successfully")]


def _error() -> list[Any]:
    """Fail."""
    raise ToolError("This tool intentionally returns an error for testing")


async def _sampling(prompt: str, context: Context[None]) -> list[Any]:
    """Request a completion from the client."""
    result = await context.session.create_message(
        [SamplingMessage(role="user", content=text(prompt))],
        max_tokens=100,
        related_request_id=context.request_id,
    )
    return [text(f"LLM response: {result.content}")]


async def _elicitation(message: str, context: Context[None]) -> list[Any]:
    """Request values from the user."""
    fields = {"username": {"type": "string"}, "email": {"type": "string"}}
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    result = await context.session.elicit_form(message, schema, related_request_id=context.request_id)
    return [text(f"User response: {result.action}")]


def _pixel() -> bytes:
    import base64

    return base64.b64decode(PIXEL)


def _template(id: str) -> str:
    """Return data for an id."""
    return msgspec.json.encode({"id": id, "templateTest": True, "data": f"Data for ID: {id}"}).decode()


def _simple_prompt() -> str:
    """Return a text."""
    return "This is a simple prompt for testing."


def _prompt_with_arguments(arg1: str, arg2: str) -> str:
    """Return a text with arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def _prompt_with_resource(resourceUri: str) -> list[Any]:  # noqa: N803 - the suite's name
    """Return a resource and a text."""
    return [
        UserMessage(embedded(resourceUri, "Embedded resource content for testing.")),
        UserMessage("Please process the embedded resource above."),
    ]


def _prompt_with_image() -> list[Any]:
    """Return an image and a text."""
    return [UserMessage(image()), UserMessage("Please analyze the image above.")]


_TOOLS: dict[str, Any] = {
    "test_simple_text": _simple_text,
    "test_image_content": _image,
    "test_audio_content": _audio,
    "test_embedded_resource": _embedded,
    "test_multiple_content_types": _mixed,
    "test_tool_with_logging": _logging,
    "test_tool_with_progress": _progress,
    "test_error_handling": _error,
    "test_sampling": _sampling,
    "test_elicitation": _elicitation,
}
_PROMPTS: dict[str, Any] = {
    "test_simple_prompt": _simple_prompt,
    "test_prompt_with_arguments": _prompt_with_arguments,
    "test_prompt_with_embedded_resource": _prompt_with_resource,
    "test_prompt_with_image": _prompt_with_image,
}


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the address of its MCP endpoint."""
    async with serving(build().streamable_http_app(host="127.0.0.1")) as url:
        yield f"{url}/mcp"
