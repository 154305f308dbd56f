"""A collector of security events (SIEM): receives what the gateway exports by webhook, and counts it.

The port is a setting of the gateway and of this server (``LOADTEST_SIEM_PORT``); without it, a free port is used.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loadtest.backends import chosen_port, port_variable
from loadtest.backends.asgi import serving

PORT = port_variable("siem")
"""Environment variable with the loopback port."""

KEPT = 10_000
"""Maximum number of words that are counted; the least recently seen is dropped."""

LONGEST = 30.0
"""Maximum seconds that a reader can wait."""


class EventCounts:
    """Numbers of events per word: their type, or the name of their resource."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._arrival = asyncio.Condition()

    async def take(self, event: dict[str, Any]) -> None:
        """Count one event."""
        async with self._arrival:
            for word in _words(event):
                self._counts[word] = self._counts.get(word, 0) + 1
                self._counts.move_to_end(word)
                if len(self._counts) > KEPT:
                    self._counts.popitem(last=False)
            self._arrival.notify_all()

    async def of(self, word: str, beyond: int, within: float) -> int:
        """Return the number of events with ``word``; waits up to ``within`` seconds for more than ``beyond``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within), self._arrival:
                await self._arrival.wait_for(lambda: self._counts.get(word, 0) > beyond)
        return self._counts.get(word, 0)


def _words(event: dict[str, Any]) -> Iterator[str]:
    context = event.get("context")
    about = context.get("resource_name") if isinstance(context, dict) else None
    return (str(word) for word in (event.get("event_type"), about) if word)


def build(counts: EventCounts) -> Starlette:
    """Return the application: ``POST /events``, and ``GET /arrived/{word}?beyond=NUMBER&within=SECONDS``."""

    async def events(request: Request) -> Response:
        try:
            event = await request.json()
        except ValueError:
            event = None
        if not isinstance(event, dict):
            return JSONResponse({"detail": "expected one event as a JSON object"}, status_code=400)
        await counts.take(event)
        return Response(status_code=204)

    async def arrived(request: Request) -> Response:
        try:
            beyond = int(request.query_params.get("beyond", 0))
            within = float(request.query_params.get("within", 0))
        except ValueError:
            return JSONResponse({"detail": "beyond, within: expected numbers"}, status_code=400)
        count = await counts.of(request.path_params["word"], beyond, min(within, LONGEST))
        return JSONResponse({"count": count})

    return Starlette(
        routes=[Route("/events", events, methods=["POST"]), Route("/arrived/{word:path}", arrived)],
    )


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Receive events; yields the base address.

    Raises:
        OSError: the port that was chosen is taken.
    """
    async with serving(build(EventCounts()), port=chosen_port(PORT)) as url:
        yield url
