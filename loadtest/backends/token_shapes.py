"""Responses of token endpoints as other providers send them.

The query of the token endpoint selects the shape:

- ``as=form``: a form instead of JSON, also for errors, as GitHub does;
- ``as=texts``: numbers as texts, and the scopes as a list;
- ``as=kept``: a renewal states neither a new refresh token, as the old one remains valid, nor lifetime and scopes;
- ``as=endless``: a token has no lifetime, and the response states no scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loadtest.backends.openid import openid_parameters

KEPT, ENDLESS = "kept", "endless"
FORM = "form"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_TOKEN = "/token"  # noqa: S105 - a path


def form(members: Mapping[str, Any], status: int = 200) -> Response:
    """Return a response with ``members`` as a form."""
    return Response(urlencode(members), status, media_type=_FORM)


def _texts(members: Mapping[str, Any], status: int) -> Response:
    texts = {key: str(value) for key, value in members.items()}
    return JSONResponse(texts | {"scope": texts.get("scope", "").split()}, status)


_SHAPES = {FORM: form, "texts": _texts}


def reshaping(app: ASGIApp) -> ASGIApp:
    """Return ``app``, whose token endpoint responds in the shape that its query asks for."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        shape = _SHAPES.get(openid_parameters().shape)
        if scope["type"] != "http" or scope["path"] != _TOKEN or shape is None:
            await app(scope, receive, send)
            return
        parts: list[Message] = []

        async def keep(message: Message) -> None:
            parts.append(message)

        await app(scope, receive, keep)
        body = b"".join(part.get("body", b"") for part in parts)
        await shape(msgspec.json.decode(body), parts[0]["status"])(scope, receive, send)

    return answer
