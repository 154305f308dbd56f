"""A REST service with other shapes than JSON: texts, forms, mapped headers and queries, and failures.

``/received`` echoes what arrived. ``/text`` responds with plain text, ``/status/CODE`` with that status, ``/answer``
as the request asks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from loadtest.backends.asgi import serving
from loadtest.backends.settings import TEXT

LONGEST = 2.0
"""Most seconds that a request can ask to wait."""
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build() -> Starlette:
    """Return the application."""
    return Starlette(
        routes=[
            Route("/received", received, methods=METHODS),
            Route("/received/{part}", received, methods=METHODS),
            Route("/text", text, methods=METHODS),
            Route("/status/{code:int}", status, methods=METHODS),
            Route("/answer", answer, methods=["POST"]),
        ]
    )


async def received(request: Request) -> JSONResponse:
    """Return method, path, query, headers and body of the request."""
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": dict(request.query_params),
            "headers": dict(request.headers),
            **await _body(request),
        }
    )


async def _body(request: Request) -> dict[str, Any]:
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            return {"form": {name: str(value) for name, value in form.items()}}
    content = await request.body()
    return {"json": msgspec.json.decode(content)} if content else {}


async def text(request: Request) -> PlainTextResponse:
    """Return a text."""
    return PlainTextResponse(TEXT)


async def status(request: Request) -> JSONResponse:
    """Respond with the requested status."""
    code = request.path_params["code"]
    return JSONResponse({"detail": f"failed with {code} on purpose"}, status_code=code)


async def answer(request: Request) -> Response:
    """Respond with the ``text``, the media ``type`` and the ``status`` in the JSON body, after its ``seconds``."""
    asked = msgspec.json.decode(await request.body())
    await asyncio.sleep(min(asked.get("seconds", 0), LONGEST))
    media_type = asked.get("type", "application/json")
    return Response(asked.get("text", ""), asked.get("status", 200), media_type=media_type)


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the base address."""
    async with serving(build()) as url:
        yield url
