"""Responses of token endpoints as other providers send them.

``PUT /shape/NAME?as=form`` selects the shape of the responses of the token endpoint ``/token/NAME``:

- ``form``: a form instead of JSON, also for errors, as GitHub does;
- ``texts``: numbers as texts, the scopes as a list, and the user in the member ``user_id``;
- ``kept``: a renewal states neither a new refresh token, as the old one remains valid, nor lifetime and scopes;
- ``endless``: a token has no lifetime, and the response states no scopes;
- ``signed``: an access token is a signed one (JWT), for the MCP server, with a list of scopes that have a prefix;
- ``foreign``: the same, of another issuer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loadtest.backends.settings import OAUTH_USER

KEPT, ENDLESS = "kept", "endless"
SIGNED, FOREIGN = "signed", "foreign"
FORM = "form"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_TOKEN = "/token"  # noqa: S105 - a path
_shape: ContextVar[str] = ContextVar("token_shape")


def token_shape() -> str:
    """Return the shape of the response to the current request; empty if it has none."""
    return _shape.get("")


def form(members: Mapping[str, Any], status: int = 200) -> Response:
    """Return a response with ``members`` as a form."""
    return Response(urlencode(members), status, media_type=_FORM)


def _texts(members: Mapping[str, Any], status: int) -> Response:
    texts = {key: str(value) for key, value in members.items()} | {"user_id": OAUTH_USER}
    return JSONResponse(texts | {"scope": texts.get("scope", "").split()}, status)


_SHAPES: Mapping[str, Callable[[Any, int], Response]] = {FORM: form, "texts": _texts}


def reshaping(app: ASGIApp, shapes: Mapping[str, str]) -> ASGIApp:
    """Return ``app`` with a token endpoint for each name in ``shapes``, which responds in that shape."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if not path.startswith(f"{_TOKEN}/"):
            await app(scope, receive, send)
            return
        wanted = shapes.get(path.removeprefix(f"{_TOKEN}/"), "")
        _shape.set(wanted)
        parts: list[Message] = []

        async def keep(message: Message) -> None:
            parts.append(message)

        await app({**scope, "path": _TOKEN, "raw_path": _TOKEN.encode()}, receive, keep)
        body = msgspec.json.decode(b"".join(part.get("body", b"") for part in parts))
        shape = _SHAPES.get(wanted, JSONResponse)
        await shape(body, parts[0]["status"])(scope, receive, send)

    return answer
