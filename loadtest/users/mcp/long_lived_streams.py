"""Long-lived streams, as of a client that is connected all day; they run in a soak only.

They show what a gateway allocates per stream (memory, descriptors, threads) and whether it releases that on close.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.streams import EventStream, LongLivedStream
from loadtest.users.base import GatewayUser, task
from loadtest.users.mcp.jsonrpc import INITIALIZE
from loadtest.users.mcp.mcp import ENDED, session_headers
from loadtest.users.mcp.streams import EVENT_WITHIN, Listening, replied, session_of
from loadtest.users.registry.fixtures import INFO

KEPT_ALIVE = 45.0
"""Seconds without an event or a keepalive after which a stream has stalled; the gateway sends a keep-alive every 30."""
WORD_EVERY = 20.0
"""Seconds between two exchanges with the gateway while the stream is open."""
LOOK = 0.5
"""Seconds between two checks whether the user must stop."""
ALONE = 60.0
"""Seconds that a stream is held outside a soak."""

Word = Callable[[Listening], object]


class LongLivedStreamsUser(GatewayUser):
    """A client that stays connected and sends a message from time to time."""

    area = "streams"
    holds_streams = True

    def on_start(self) -> None:
        """Hold one kind of stream after the other; each user of this class begins with a different kind."""
        super().on_start()
        self.position = self.process.pacing.stream_offset()
        if self.process.pacing.started:
            self.tasks = [LongLivedStreamsUser.next_stream]

    def next_stream(self) -> None:
        """Hold a stream, then run a scenario that is too long for a scheduled user."""
        mine = sorted(name for name, (owner, _) in self.process.scenarios.items() if owner is type(self))
        slow = self.process.pacing.slow
        self.perform(mine[self.position % len(mine)])
        if slow and not self.stop_requested:
            self.perform(slow[self.position % len(slow)])
        self.position += 1

    @task
    def sse(self) -> None:
        """A session over SSE at the gateway that lists the tools from time to time."""
        with self.stream("GET /sse") as events:
            session = session_of(events)

            def word(stream: Listening) -> None:
                listing = jsonrpc.request("tools/list", None, self.name("list"))
                self.call("POST /message", json=listing, params={"session_id": session})
                replied(stream, listing["id"])

            self.hold(events, word)

    @task
    def server_sse(self) -> None:
        """The same at the virtual server."""
        server = self.fixture.server_id or ""
        with self.stream("GET /servers/{server_id}/sse", server_id=server) as events:
            session = session_of(events)

            def word(stream: Listening) -> None:
                listing = jsonrpc.request("tools/list", None, self.name("list"))
                self.call(
                    "POST /servers/{server_id}/message",
                    server_id=server,
                    json=listing,
                    params={"session_id": session},
                )
                replied(stream, listing["id"], self.fixture.tools["echo"])

            self.hold(events, word)

    @task
    def session_stream(self) -> None:
        """The stream of an MCP session that is used and receives no event."""
        headers = session_headers(self.rpc("POST /mcp/ initialize", INITIALIZE))
        try:
            self.rpc("POST /mcp/ notifications/initialized", message_id=None, headers=headers)
            with self.stream("GET /mcp/", headers=headers, unlisted=True) as events:
                self.hold(events, lambda _: self.rpc("POST /mcp/ ping", headers=headers))
        finally:
            self.delete("DELETE /mcp/", headers=headers, unlisted=True, identity="session", read=ENDED)

    @task
    def admin_events(self) -> None:
        """A browser window with the administrator's pages that is left open."""
        with self.stream("GET /admin/events") as events:
            self.hold(events)

    @task
    def resource_events(self) -> None:
        """A subscription to resources, which receives an event for each new one and no other events."""

        def word(stream: Listening) -> None:
            name = self.name("resource")
            body = {"uri": f"note://{name}", "name": name, "content": "load test", "mime_type": "text/plain"}
            with self.created(
                "POST /resources",
                json={"resource": body},
                delete="DELETE /resources/{resource_id}",
                read=INFO,
            ):
                stream.next(within=EVENT_WITHIN, where=lambda event: name in event.data)

        with self.stream("POST /resources/subscribe") as events:
            self.hold(events, word, silence=None)

    def hold(self, events: EventStream, word: Word | None = None, silence: float | None = KEPT_ALIVE) -> None:
        """Keep the stream open and call ``word`` from time to time; fail after ``silence`` seconds without activity.

        Raises:
            Problem: the stream stalled, ended, or lacked an expected event.
        """
        rate = self.process.pacing.rate
        now = time.perf_counter()
        until, next_word = now + (rate.held if rate else ALONE), now
        with LongLivedStream(events) as stream:
            while now < until and not self.stop_requested:
                if word is not None and now >= next_word:
                    word(stream)
                    next_word += WORD_EVERY
                stream.listen(LOOK, silence)
                now = time.perf_counter()
