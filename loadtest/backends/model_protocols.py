"""The chat APIs of Anthropic and Ollama, plain and streamed, and what a model server shows of where a request was sent.

Sources of the forms: https://docs.anthropic.com/en/api/messages and
https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from starlette.requests import Request

BEARER = "Bearer "


def place_of(request: Request) -> dict[str, str]:
    """Return where and how a request was sent: its path, query, version of the API, and digest of its key."""
    headers = request.headers
    key = headers.get("x-api-key") or headers.get("api-key")
    return {
        "path": request.url.path,
        "query": request.url.query,
        "version": headers.get("anthropic-version", ""),
        "key": digest(key or headers.get("authorization", "").removeprefix(BEARER)),
    }


def digest(key: str) -> str:
    """Return what a model server shows of a key; empty if there is none."""
    return hashlib.sha256(key.encode()).hexdigest() if key else ""


def anthropic(model: str, text: str, asked: int, answered: int, number: int) -> dict[str, Any]:
    """Return a reply of Anthropic's API, whose text is in several blocks."""
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": word} for word in _words(text)],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": asked, "output_tokens": answered},
    }


def anthropic_events(reply: dict[str, Any]) -> Iterator[bytes]:
    """Return the server-sent events of a streamed reply of Anthropic's API."""
    started = reply | {"content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": started},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
    ]
    for block in reply["content"]:
        delta = {"type": "text_delta", "text": block["text"]}
        events.append({"type": "content_block_delta", "index": 0, "delta": delta})
    events += [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": reply["usage"]},
        {"type": "message_stop"},
    ]
    for event in events:
        yield f"event: {event['type']}\ndata: ".encode() + msgspec.json.encode(event) + b"\n\n"


def ollama(model: str, text: str, asked: int, answered: int) -> dict[str, Any]:
    """Return a reply of Ollama's API."""
    return {
        "model": model,
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": asked,
        "eval_count": answered,
    }


def ollama_lines(reply: dict[str, Any]) -> Iterator[bytes]:
    """Return the lines of a streamed reply of Ollama's API."""
    message = reply["message"]
    head = {"model": reply["model"], "created_at": reply["created_at"]}
    for word in _words(message["content"]):
        yield msgspec.json.encode(head | {"message": message | {"content": word}, "done": False}) + b"\n"
    yield msgspec.json.encode(reply | {"message": message | {"content": ""}}) + b"\n"


def _words(text: str) -> list[str]:
    return re.split("(?<= )", text)
