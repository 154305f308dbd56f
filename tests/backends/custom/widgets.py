"""A custom backend with a module beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from loadtest.backends.asgi import serving

from ._words import WORD


async def word(_: Request) -> JSONResponse:
    """Return the word."""
    return JSONResponse({"word": WORD})


@asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve the word."""
    async with serving(Starlette(routes=[Route("/", word)])) as url:
        yield url
