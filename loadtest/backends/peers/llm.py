"""A model server that speaks OpenAI's chat API, plain and streamed, and repeats its input.

It also speaks the APIs of Azure, Anthropic and Ollama (:mod:`loadtest.backends.model_protocols`).
The port is a setting of the gateway and of this server (``LOADTEST_LLM_PORT``); without it, a free port is used.
The user message ``call NAME {json}`` makes it call that tool, if the request offers it; ``show the request`` makes it
repeat the request without its model and ``stream``, as JSON with sorted keys, and ``show the call`` also where and
with which key it was sent; ``refuse this`` makes it answer with 400.
Source of the form: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from loadtest.backends import chosen_port, model_protocols, port_variable
from loadtest.backends.asgi import serving
from loadtest.backends.settings import REFUSE, SHOW_CALL, SHOW_REQUEST

PORT = port_variable("llm")
"""Environment variable with the loopback port."""

MODELS = ("loadtest-small", "loadtest-large")
CALL = "call "
"""Start of a user message that requests a tool call."""

_numbers = itertools.count(1)


class Reply(NamedTuple):
    """The model's reply: a text or a tool call."""

    text: str = ""
    tool: str = ""
    arguments: str = ""

    @property
    def reason(self) -> str:
        """Why the model stopped."""
        return "tool_calls" if self.tool else "stop"

    def message(self, number: int) -> dict[str, Any]:
        """Return it as the assistant's message."""
        if not self.tool:
            return {"role": "assistant", "content": self.text}
        call = {
            "id": f"call-{number}",
            "type": "function",
            "function": {"name": self.tool, "arguments": self.arguments},
        }
        return {"role": "assistant", "content": None, "tool_calls": [call]}


def build() -> Starlette:
    """Return the server."""
    return Starlette(
        routes=[
            Route("/v1", _about),
            Route("/v1/models", _models),
            Route("/v1/chat/completions", _chat, methods=["POST"]),
            Route("/openai/deployments/{name}/chat/completions", _chat, methods=["POST"]),
            Route("/v1/messages", _anthropic, methods=["POST"]),
            Route("/api/chat", _ollama, methods=["POST"]),
        ]
    )


def reply(request: dict[str, Any], place: Mapping[str, str] = MappingProxyType({})) -> Reply:
    """Return the answer to the last message: a tool's result is retold, a user's text repeated.

    ``place`` is where and with which key the request was sent.
    """
    last = request["messages"][-1]
    text = _text(last.get("content"))
    if last["role"] == "tool":
        return Reply(f"The tool said: {text}")
    if text == SHOW_REQUEST:
        return Reply(_sorted(_shown(request)))
    if text == SHOW_CALL:
        return Reply(_sorted({**place, "request": _shown(request)}))
    if text == REFUSE:
        raise LookupError(text)
    offered = {tool["function"]["name"] for tool in request.get("tools") or ()}
    name, _, arguments = text.removeprefix(CALL).partition(" ")
    if text.startswith(CALL) and name in offered:
        return Reply(tool=name, arguments=arguments or "{}")
    return Reply(f"You said: {text}")


def chunks(model: str, said: Reply, usage: dict[str, int], number: int) -> Iterator[bytes]:
    """Return the server-sent events of a streamed answer: its role, its words, why it stopped, its usage."""
    head = _head(model, "chat.completion.chunk", number)
    whole = said.message(number)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if said.tool:
        deltas.append({"tool_calls": [{"index": 0} | call for call in whole["tool_calls"]]})
    else:
        deltas += [{"content": word} for word in re.split("(?<= )", said.text)]
    for delta in deltas:
        yield _event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": said.reason}]})
    yield _event(head | {"choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


async def _about(request: Request) -> Response:
    return _json({"object": "server", "models": len(MODELS)})


async def _models(request: Request) -> Response:
    listed = [{"id": name, "object": "model", "created": 0, "owned_by": "loadtest"} for name in MODELS]
    return _json({"object": "list", "data": listed})


async def _chat(request: Request) -> Response:
    asked = await _asked(request)
    if isinstance(asked, Response):
        return asked
    model, number, said = asked.model, asked.number, asked.said
    usage = {
        "prompt_tokens": asked.words,
        "completion_tokens": asked.answered,
        "total_tokens": asked.words + asked.answered,
    }
    if asked.streamed:
        return StreamingResponse(chunks(model, said, usage, number), media_type="text/event-stream")
    choice = {"index": 0, "message": said.message(number), "finish_reason": said.reason}
    return _json(_head(model, "chat.completion", number) | {"choices": [choice], "usage": usage})


async def _anthropic(request: Request) -> Response:
    asked = await _asked(request)
    if isinstance(asked, Response):
        return asked
    spoken = model_protocols.anthropic(
        asked.model, asked.said.text, asked.words, asked.answered, asked.number
    )
    if asked.streamed:
        return StreamingResponse(model_protocols.anthropic_events(spoken), media_type="text/event-stream")
    return _json(spoken)


async def _ollama(request: Request) -> Response:
    asked = await _asked(request)
    if isinstance(asked, Response):
        return asked
    spoken = model_protocols.ollama(asked.model, asked.said.text, asked.words, asked.answered)
    if asked.streamed:
        return StreamingResponse(model_protocols.ollama_lines(spoken), media_type="application/x-ndjson")
    return _json(spoken)


class Asked(NamedTuple):
    """A chat request, whatever the API: the reply to it, and its size in words, which are the tokens."""

    model: str
    said: Reply
    words: int
    streamed: bool
    number: int

    @property
    def answered(self) -> int:
        """Size of the reply in words."""
        return len((self.said.text or self.said.arguments).split())


async def _asked(request: Request) -> Asked | Response:
    """Return the chat request, or the refusal of what is none."""
    try:
        body = msgspec.json.decode(await request.body())
        said = reply(body, model_protocols.place_of(request))
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError) as error:
        refusal = {"message": f"not a chat request: {error}", "type": "invalid_request_error"}
        return _json({"error": refusal}, status=400)
    contents = [message.get("content") for message in body["messages"]]
    # Anthropic's API has the message of the system beside the others.
    words = sum(len(_text(one).split()) for one in (*contents, body.get("system")))
    model = str(body.get("model") or MODELS[0])
    return Asked(model, said, words, bool(body.get("stream")), next(_numbers))


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in body.items() if name not in ("model", "stream")}


def _head(model: str, kind: str, number: int) -> dict[str, Any]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": int(time.time()), "model": model}


def _text(content: Any) -> str:
    """Return a message's content, which is a text or a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _sorted(data: dict[str, Any]) -> str:
    return msgspec.json.encode(data, order="sorted").decode()


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(data) + b"\n\n"


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the base address of its API.

    Raises:
        OSError: the port that was chosen is taken.
    """
    async with serving(build(), port=chosen_port(PORT)) as url:
        yield f"{url}/v1"
