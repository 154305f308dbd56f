"""A small REST service with an OpenAPI document: the target of REST tools."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from loadtest.backends.asgi import serving


def build() -> Starlette:
    """Return the application: ``/echo``, ``/time`` and their description, ``/openapi.json``."""
    return Starlette(
        routes=[
            Route("/openapi.json", document),
            Route("/echo", echo_query, methods=["GET"]),
            Route("/echo", echo_body, methods=["POST", "PUT", "PATCH"]),
            Route("/time", time, methods=["GET"]),
        ]
    )


async def document(request: Request) -> JSONResponse:
    """Describe the service, in OpenAPI 3.1."""
    return JSONResponse(_DOCUMENT)


async def echo_query(request: Request) -> JSONResponse:
    """Answer with the text of the query."""
    return _echo(request.query_params.get("text"))


async def echo_body(request: Request) -> JSONResponse:
    """Answer with the text of the JSON body."""
    try:
        body = await request.json()
    except ValueError:
        return _refused("the body is not JSON")
    return _echo(body.get("text") if isinstance(body, dict) else None)


async def time(request: Request) -> JSONResponse:
    """Tell the time in an IANA time zone, in ISO 8601."""
    zone = request.query_params.get("timezone", "UTC")
    try:
        now = dt.datetime.now(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return _refused(f"unknown time zone {zone!r}, expected an IANA name")
    return JSONResponse({"time": now.isoformat(timespec="seconds"), "timezone": zone})


def _echo(text: Any) -> JSONResponse:
    return JSONResponse({"text": text}) if isinstance(text, str) else _refused("text: expected a string")


def _refused(why: str) -> JSONResponse:
    return JSONResponse({"detail": why}, status_code=400)


def _object(**properties: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": about} for name, about in properties.items()},
        "required": list(properties),
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _query(name: str, about: str, *, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": about,
        "schema": {"type": "string"},
    }


_ECHOED = {"200": {"description": "the same text", "content": _json(_object(text="what was sent"))}}
_DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Load test", "version": "1"},
    "paths": {
        "/echo": {
            "get": {
                "summary": "Answer with the text of the query",
                "parameters": [_query("text", "what to answer with", required=True)],
                "responses": _ECHOED,
            },
            "post": {
                "summary": "Answer with the text of the body",
                "requestBody": {"required": True, "content": _json(_object(text="what to answer with"))},
                "responses": _ECHOED,
            },
        },
        "/time": {
            "get": {
                "summary": "Tell the time",
                "parameters": [_query("timezone", "an IANA name, UTC if left out", required=False)],
                "responses": {
                    "200": {
                        "description": "the time",
                        "content": _json(_object(time="ISO 8601", timezone="an IANA name")),
                    }
                },
            }
        },
    },
}


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields the base address."""
    async with serving(build()) as url:
        yield url
