"""The reverse proxy: an MCP server behind a firewall connects out to the gateway by WebSocket."""

from __future__ import annotations

from loadtest.client.answer import Problem
from loadtest.client.mismatch import expected
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.websocket import WebSocketConnection
from loadtest.client.protocols.websocket_call import open_websocket
from loadtest.results.failures import ProblemKind
from loadtest.users.base import GatewayUser, task
from loadtest.users.read_back import Listed


class ReverseProxyUser(GatewayUser):
    """A server that connects out, and a client that sends to it."""

    area = "reverse-proxy"

    @task(2)
    def session(self) -> None:
        """A server registers, a client finds it and sends a request, the server receives it and is disconnected."""
        with open_websocket(self.api, "GET /reverse-proxy/ws") as link:
            session = register(link, self.name("server"))
            link.send({"type": "heartbeat"})
            expect(link, "heartbeat")
            self.call(
                "GET /reverse-proxy/sessions",
                check=lambda a: (
                    None
                    if session in {known["session_id"] for known in a["sessions"]}
                    else expected("the registered server among them")
                ),
            )
            request = jsonrpc.request("tools/list", None, self.name("list"))
            self.call(
                "POST /reverse-proxy/sessions/{session_id}/request",
                session_id=session,
                json=request,
                check=lambda a: (
                    None if a["status"] == "sent" else expected("the request to be sent", a["status"])
                ),
            )
            if expect(link, "request")["payload"] != request:
                raise Problem(ProblemKind.CONTENT, "another request arrived")
            link.send({"type": "response", "payload": {"jsonrpc": "2.0", "id": request["id"], "result": {}}})
            # The gateway answers the deletion after the server has closed its connection, which may take a while.
            with self.meanwhile(lambda: link.wait_for_close(within=self.network_timeout)):
                self.disconnect(session)

    @task
    def listening(self) -> None:
        """A client listens to a connected server."""
        with open_websocket(self.api, "GET /reverse-proxy/ws") as link:
            session = register(link, self.name("server"))
            with self.stream("GET /reverse-proxy/sse/{session_id}", session_id=session) as events:
                events.next(where=lambda event: event.name == "connected")
            link.send({"type": "unregister"})

    def disconnect(self, session: str) -> None:
        """Disconnect the server of ``session``."""
        self.delete(
            "DELETE /reverse-proxy/sessions/{session_id}",
            session_id=session,
            read=Listed("GET /reverse-proxy/sessions", at="sessions", key="session_id"),
            check=lambda a: (
                None
                if a["status"] == "disconnected"
                else expected("a session that is disconnected", a["status"])
            ),
        )


def register(link: WebSocketConnection, name: str) -> str:
    """Register a server and return the id that the gateway gives its session."""
    link.send({"type": "register", "server": {"name": name}})
    return str(expect(link, "register_ack")["sessionId"])


def expect(link: WebSocketConnection, kind: str) -> dict[str, object]:
    """Return the next message, which must be of this kind.

    Raises:
        Problem: it is of another kind.
    """
    message = link.receive()
    if message.get("type") != kind:
        raise Problem(ProblemKind.CONTENT, f"expected a message {kind}, got {message.get('type')}")
    return message
