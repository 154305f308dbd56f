"""Headers of a client that the gateway passes on to a server, over every transport, and those that it must not.

A gateway forwards the messages of SSE and of a WebSocket to its own ``/rpc``: headers get lost there first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
from locust import tag

from loadtest.backends.settings import TYPED
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, content_problem, expected
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.websocket_call import SWITCHED, open_websocket
from loadtest.users.base import task
from loadtest.users.checks import both
from loadtest.users.federation.checks import carries_all
from loadtest.users.federation.scripted import ScriptedServersUser
from loadtest.users.mcp.jsonrpc import says
from loadtest.users.mcp.mcp import SessionUser
from loadtest.users.mcp.open_session import GATEWAY
from loadtest.users.mcp.streams import replied, session_of
from loadtest.users.registry.fixtures import ADDRESS, new_gateway

UPSTREAM = "X-Upstream-Authorization"
"""The header of a client that the server receives as ``Authorization``, whatever the settings are."""
OWN, OTHER = "X-Load-Own", "X-Load-Other"
"""Headers of a client; a server is registered for one of them at a time."""
OF_THE_CONNECTION = {"TE": "trailers", "Keep-Alive": "timeout=7", "Proxy-Connection": "close"}
"""Headers about the connection of two machines, which are not passed on to a third (RFC 9110, 7.6.1)."""
WITHOUT_CREDENTIALS = {"authType": "none"}
WHAT = "the header of the client"


class ForwardedHeadersUser(ScriptedServersUser, SessionUser):
    """A client whose server needs headers of its own."""

    area = "gateways"

    @tag("slow")
    @task
    def passed_on(self) -> None:
        """A server receives the headers for which it is registered, over each transport, and no other.

        It does not receive those of the connection, although it is registered for them.
        """
        if self.switched_off("ENABLE_HEADER_PASSTHROUGH"):
            return
        # In sessions, a worker passes on the headers of all servers, which it keeps in memory for a minute.
        alone = self.link.session.deployment.workers == 1
        with self.registered_for(OWN) as gateway:
            name, tool = str(gateway["name"]), f"{gateway['slug']}-{TYPED}"
            direct = (self.over_rpc, self.over_rpc)
            sessions = (self.over_mcp, self.over_sse, self.over_websocket)
            for use in (*direct, *sessions) if alone else direct:
                own, upstream, other = self.name("own"), f"Bearer {self.name('upstream')}", self.name("other")
                sent = {OWN: own, UPSTREAM: upstream, OTHER: other, **OF_THE_CONNECTION}
                wanted = {OWN: own, "Authorization": upstream}
                use(tool, sent, self.receives(name, wanted, other))
        if not alone:
            return
        # A server that is registered later is no exception from what the gateway has in its memory.
        with self.registered_for(OTHER) as gateway:
            name, tool = str(gateway["name"]), f"{gateway['slug']}-{TYPED}"
            for use in (self.over_rpc, self.over_websocket):
                own, other = self.name("own"), self.name("other")
                use(tool, {OWN: own, OTHER: other}, self.receives(name, {OTHER: other}, own))

    @contextmanager
    def registered_for(self, header: str) -> Iterator[Answer]:
        """Register a server that is to receive a ``header`` of its clients for the ``with`` block."""
        name = self.name("gateway")
        none = self.spelled("POST /gateways", WITHOUT_CREDENTIALS)
        passed = {"passthroughHeaders": [header, "Host", *OF_THE_CONNECTION]}
        own = none | self.spelled("POST /gateways", passed)
        body = new_gateway(name, f"{self.backend('scripted')}/answering/{name}/mcp", **own)
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *none)
        ) as gateway:
            yield gateway

    def receives(self, name: str, wanted: Mapping[str, str], without: str) -> Check:
        """Return a check that the last call of the server ``name`` had the headers ``wanted``, and no text ``without``.

        It never has the token with which the client signs in to the gateway, nor a header of the connection.
        """
        session = self.link.session
        connection = {"Host": urlsplit(session.host).netloc, **OF_THE_CONNECTION}

        def check(_: Answer) -> Mismatch | None:
            received = self.control("GET", f"/received/{name}")
            passed = [header for header, value in connection.items() if received.get(header.lower()) == value]
            return carries_all(received, wanted, (without, session.bearer), what=WHAT) or (
                expected("no header of the connection at the server", passed) if passed else None
            )

        return check

    def call_of(self, tool: str, text: str) -> dict[str, Any]:
        """Return the parameters of a call of ``tool``, which answers with this ``text``."""
        result = {
            "content": [{"type": "text", "text": text}],
            "structuredContent": {"name": self.name("name"), "result": text},
        }
        return {"name": tool, "arguments": {"result": result}}

    def over_rpc(self, tool: str, headers: Mapping[str, str], check: Check) -> None:
        """Call a ``tool`` by JSON-RPC with these ``headers``."""
        text = self.name("text")
        self.rpc(
            "POST /rpc tools/call",
            self.call_of(tool, text),
            headers=headers,
            check=both(says(text), check),
        )

    def over_mcp(self, tool: str, headers: Mapping[str, str], check: Check) -> None:
        """Call a ``tool`` in a session of MCP, with these ``headers``."""
        text = self.name("text")
        with self.session(GATEWAY) as session:
            self.rpc(
                "POST /mcp/ tools/call",
                self.call_of(tool, text),
                headers={**session, **headers},
                check=both(says(text), check),
            )

    def over_sse(self, tool: str, headers: Mapping[str, str], check: Check) -> None:
        """Call a ``tool`` in a session over SSE that is opened with these ``headers``."""
        text = self.name("text")
        echo = jsonrpc.request("tools/call", self.call_of(tool, text), self.name("call"))
        with self.stream("GET /sse", headers=headers) as events:
            session = {"session_id": session_of(events)}

            def effect(answer: Answer) -> Mismatch | None:
                replied(events, echo["id"], text)
                return check(answer)

            self.call("POST /message", json=echo, params=session, effect=effect)

    def over_websocket(self, tool: str, headers: Mapping[str, str], check: Check) -> None:
        """Call a ``tool`` over a WebSocket that is opened with these ``headers``."""
        text = self.name("text")
        echo = jsonrpc.request("tools/call", self.call_of(tool, text), self.name("call"))
        with open_websocket(self.api, "GET /ws", versioned=False, headers=headers) as link:
            link.send(echo)
            reply: Any = link.receive(within=self.network_timeout)
            answer = Answer("GET /ws", SWITCHED, {}, msgspec.json.encode(reply))
            problem = jsonrpc.problem(answer, echo["id"]) or content_problem(answer, both(says(text), check))
            if problem is not None:
                raise problem
