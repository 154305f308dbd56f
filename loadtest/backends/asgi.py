"""Serve an ASGI application on a free port in a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from loadtest.backends import LOOPBACK, address

IDLE = 75
"""Seconds that an idle connection is kept open: longer than the gateway does."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers: the process runs more than one server."""
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` until the block ends; yields its address, ``http://127.0.0.1:PORT``.

    With a chosen ``port`` it listens on loopback, for a gateway on this machine.

    Raises:
        RuntimeError: the application's own start-up failed.
        OSError: the chosen port is taken.
    """
    async with serving_at(lambda _: app, port) as url:
        yield url


@contextlib.asynccontextmanager
async def serving_at(build: Callable[[str], ASGIApp], port: int = 0) -> AsyncIterator[str]:
    """Serve the application that ``build`` returns for its own address.

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
