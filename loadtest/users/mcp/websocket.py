"""JSON-RPC over a WebSocket: the gateway forwards each message to its own ``/rpc`` and returns the response."""

from __future__ import annotations

from typing import Any

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import content_problem
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.websocket import WebSocketConnection
from loadtest.client.protocols.websocket_call import SWITCHED, open_websocket
from loadtest.users.base import GatewayUser, task
from loadtest.users.mcp.jsonrpc import lists_at, says


class WebSocketUser(GatewayUser):
    """A client that keeps a WebSocket open and sends requests over it."""

    area = "rpc"

    @task
    def asks(self) -> None:
        """A ping, the tools of the virtual server, and a call of one of them, one after the other."""
        fixture, text = self.fixture, self.name("text")
        with open_websocket(self.api, "GET /ws", versioned=False) as link:
            self.ask(link, "ping")
            self.ask(link, "tools/list", {"server_id": fixture.server_id}, check=lists_at("tools"))
            echo = {"name": fixture.tools["echo"], "arguments": {"text": text}}
            self.ask(link, "tools/call", echo, check=says(text))

    def ask(
        self, link: WebSocketConnection, method: str, params: Any = None, check: Check = lambda _: None
    ) -> None:
        """Send a request and check the next message, like the response of a call.

        Raises:
            Problem: no message, a response to another request, an error, or a mismatch reported by ``check``.
        """
        request = jsonrpc.request(method, params, self.link.session.correlation_id())
        link.send(request)
        answer = Answer(
            "GET /ws", SWITCHED, {}, msgspec.json.encode(link.receive(within=self.network_timeout))
        )
        problem = jsonrpc.problem(answer, request["id"]) or content_problem(answer, check)
        if problem is not None:
            raise problem
