"""Server-sent events: MCP's older transport, subscriptions, and the stream of a session."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from locust import tag

from loadtest.client.answer import Problem
from loadtest.client.mismatch import expected
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.streams import EventFilter, ServerSentEvent
from loadtest.results.failures import ProblemKind
from loadtest.users.base import GatewayUser, named, task
from loadtest.users.mcp.jsonrpc import INITIALIZE
from loadtest.users.mcp.mcp import ENDED, session_headers
from loadtest.users.registry.fixtures import INFO
from loadtest.users.registry.roots import ROOT

REPLY_WITHIN = 20.0
"""Seconds to wait for a reply, which is passed through the gateway's database."""
EVENT_WITHIN = 10.0
"""Seconds within which a change must be reported."""
ANSWER_WITHIN = 3
"""Seconds that the gateway waits for a user's answer, keeping a request open."""
QUESTION: dict[str, Any] = {
    "message": "What is your name?",
    "requestedSchema": {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
    },
}


class Listening(Protocol):
    """A source of the events of a stream."""

    def next(self, *, within: float = ..., where: EventFilter | None = ...) -> ServerSentEvent:
        """Return the next event that matches ``where``."""


class StreamsUser(GatewayUser):
    """A client that listens."""

    area = "streams"
    weight = 2

    @tag("slow")
    @task(2)
    def sse(self) -> None:
        """A session over SSE at the gateway: its endpoint, a list, a call, and the replies on the stream."""
        with self.stream("GET /sse") as events:
            session = session_of(events)
            of_server = {"server_id": self.fixture.server_id}
            listing = jsonrpc.request("tools/list", of_server, self.name("list"))
            self.call("POST /message", json=listing, params={"session_id": session})
            replied(events, listing["id"], *self.fixture.tools.values())
            text = self.name("text")
            arguments = {"name": self.fixture.tools["echo"], "arguments": {"text": text}}
            echo = jsonrpc.request("tools/call", arguments, self.name("call"))
            self.call("POST /message", json=echo, params={"session_id": session})
            replied(events, echo["id"], text)

    @tag("slow")
    @task(2)
    def server_sse(self) -> None:
        """A session over SSE at the virtual server, which offers its own tools only."""
        server = self.fixture.server_id or ""
        with self.stream("GET /servers/{server_id}/sse", server_id=server) as events:
            session = session_of(events)
            listing = jsonrpc.request("tools/list", None, self.name("list"))
            self.call(
                "POST /servers/{server_id}/message",
                server_id=server,
                json=listing,
                params={"session_id": session},
            )
            offers_only(replied(events, listing["id"]), self.fixture.tools.values())

    @tag("slow")
    @task
    def elicitation(self) -> None:
        """A client that declares elicitation is asked a question over the stream, and answers.

        An elicitation is answered by the session that it was sent to, so it stays with this one.
        """
        self.elicit({"form": {}})

    @tag("slow")
    @task
    def elicitation_of_old(self) -> None:
        """The same with a client of the MCP revision that declares elicitation with an empty object."""
        self.elicit({})

    def elicit(self, ability: dict[str, object]) -> None:
        """Open a session that declares ``ability`` as its elicitation support, send it a question and answer it."""
        with self.stream("GET /sse") as events:
            session = session_of(events)
            # A parameter specific to the gateway names the session that supports elicitation.
            hello = INITIALIZE | {"capabilities": {"elicitation": ability}, "session_id": session}
            begun = jsonrpc.request("initialize", hello, self.name("hello"))
            self.call("POST /message", json=begun, params={"session_id": session})
            replied(events, begun["id"])
            with self.meanwhile(lambda: self.answer(events, session)):
                self.rpc(
                    "POST /rpc elicitation/create",
                    QUESTION | {"session_id": session, "timeout": ANSWER_WITHIN},
                    check=lambda a: (
                        None
                        if a["result.content.name"] == "Ada"
                        else expected("the person's answer", a["result"])
                    ),
                )

    def answer(self, events: Listening, session: str) -> None:
        """Wait for the question on the stream and answer it."""
        asked = events.next(within=REPLY_WITHIN, where=lambda event: QUESTION["message"] in event.data).json
        accepted = {"action": "accept", "content": {"name": "Ada"}}
        self.call(
            "POST /message",
            json={"jsonrpc": "2.0", "id": asked["id"], "result": accepted},
            params={"session_id": session},
        )

    @task
    def resource_events(self) -> None:
        """A subscription to resources reports a new one, its changes and its deletion."""
        name = self.name("resource")
        resource = {
            "uri": f"loadtest://{name}",
            "name": name,
            "content": "load test",
            "mime_type": "text/plain",
        }
        with self.stream("POST /resources/subscribe") as events:
            with self.created(
                "POST /resources",
                json={"resource": resource},
                delete="DELETE /resources/{resource_id}",
                read=INFO,
            ) as made:
                reports(events, "resource_added", name)
                own = named({"resource_id": made.id})
                self.call("PUT /resources/{resource_id}", json={"description": "Changed."}, **own)
                reports(events, "resource_updated", name)
                self.call("POST /resources/{resource_id}/state", params={"activate": False}, **own)
                reports(events, "resource_deactivated", name)
            reports(events, "resource_deleted", name)

    @task
    def root_events(self) -> None:
        """A subscription to roots reports a new one, its new name and its deletion."""
        name = self.name("root")
        root = {"uri": f"https://{name}.example.com/", "name": name}
        with self.stream("GET /roots/changes") as events:
            with self.created(
                "POST /roots", json=root, delete="DELETE /roots/{uri}", read=ROOT, key="uri"
            ) as made:
                reports(events, "root_added", name)
                renamed = {"name": self.name("renamed")}
                # Older releases require the whole root.
                if self.documents("PUT /roots/{root_uri}", "body uri"):
                    renamed |= {"uri": root["uri"]}
                self.call("PUT /roots/{root_uri}", root_uri=str(made["uri"]), json=renamed)
                reports(events, "root_updated", renamed["name"])
            reports(events, "root_removed", name)

    @task
    def session_stream(self) -> None:
        """The stream of an MCP session is open while the session works, and ends with it."""
        headers = session_headers(self.rpc("POST /mcp/ initialize", INITIALIZE))
        try:
            self.rpc("POST /mcp/ notifications/initialized", message_id=None, headers=headers)
            with self.stream("GET /mcp/", headers=headers, unlisted=True):
                self.rpc("POST /mcp/ ping", headers=headers)
        finally:
            self.delete("DELETE /mcp/", headers=headers, unlisted=True, identity="session", read=ENDED)


def reports(events: Listening, kind: str, name: str) -> None:
    """Wait for an event of this ``kind`` about the entity with this ``name``.

    Raises:
        Problem: there is none in time.
    """
    events.next(within=EVENT_WITHIN, where=lambda event: name in event.data and f'"{kind}"' in event.data)


def session_of(events: Listening) -> str:
    """Return the session that the first event of an SSE transport announces.

    Raises:
        Problem: the event contains no address for messages.
    """
    endpoint = events.next(where=lambda event: event.name == "endpoint")
    session = parse_qs(urlsplit(endpoint.data).query).get("session_id")
    if not session:
        raise Problem(ProblemKind.CONTENT, "the event 'endpoint' names no session")
    return session[0]


def texts_in(part: Any) -> Iterator[str]:
    """Yield every text in a JSON value, except the names of members."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for one in part.values():
            yield from texts_in(one)
    elif isinstance(part, list):
        for one in part:
            yield from texts_in(one)


def offers_only(listed: Any, tools: Collection[str]) -> None:
    """Check that the result of a list of tools has just the ``tools`` of a virtual server, by their names.

    Raises:
        Problem: it has others.
    """
    found = sorted(str(one["name"]) for one in listed["tools"])
    if found != sorted(tools):
        raise Problem(
            ProblemKind.CONTENT, "the reply on the stream has other tools than the server", actual=str(found)
        )


def replied(events: Listening, message_id: str, *texts: str) -> Any:
    """Wait for the reply to ``message_id`` and return its result, of whose members each of ``texts`` must be one.

    Raises:
        Problem: no reply in time, an error, or other content.
    """

    def is_reply(event: ServerSentEvent) -> bool:
        return event.name == "message" and f'"{message_id}"' in event.data

    reply = events.next(within=REPLY_WITHIN, where=is_reply).json
    if "error" in reply:
        raise Problem(
            ProblemKind.JSONRPC, str(reply["error"].get("message")), code=str(reply["error"].get("code"))
        )
    missing = set(texts) - set(texts_in(reply.get("result")))
    if missing:
        raise Problem(
            ProblemKind.CONTENT,
            "the reply on the stream has other content",
            actual=f"without {sorted(missing)}",
        )
    return reply.get("result")
