"""Serving an ASGI application on a free port, of loopback if nobody says otherwise, inside a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from loadtest.backends import LOOPBACK, address

IDLE = 75
"""Seconds an idle connection is kept: longer than the gateway keeps its own."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which holds more than one server."""
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` until the block ends; yields its address, ``http://127.0.0.1:PORT``.

    A ``port`` that was chosen before is one of loopback: of a gateway on this machine, which knows it already.

    Raises:
        RuntimeError: the application's own start-up failed.
        OSError: the chosen port is taken.
    """
    async with serving_at(lambda _: app, port) as url:
        yield url


@contextlib.asynccontextmanager
async def serving_at(build: Callable[[str], ASGIApp], port: int = 0) -> AsyncIterator[str]:
    """Serve what ``build`` returns for its address, for an application that must know where it is.

    Raises:
        RuntimeError, OSError: as :func:`serving`.
    """
    host = LOOPBACK if port else address()
    with socket.create_server((host, port), backlog=2048) as listener:
        url = f"http://{host}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            build(url),
            log_level="warning",
            access_log=False,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                raise RuntimeError("the application did not start")
            await asyncio.sleep(0.005)
        try:
            yield url
        finally:
            server.should_exit = True
            await task
