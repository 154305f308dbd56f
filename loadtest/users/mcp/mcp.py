"""MCP over streamable HTTP: whole sessions, at the gateway's own endpoint and at a virtual server's.

Source: https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#streamable-http.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer, Problem
from loadtest.client.mismatch import expected
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.client.protocols.streams import EventStream
from loadtest.results.failures import ProblemKind
from loadtest.users.base import named, task
from loadtest.users.checks import COMPLETION, completes
from loadtest.users.mcp.jsonrpc import INITIALIZE, PROTOCOL_VERSION, empty, prompts, reads, says
from loadtest.users.mcp.lists import (
    NO_TEMPLATES,
    ListingUser,
    offered_prompts,
    offered_resources,
    offered_templates,
    offered_tools,
    own_resource,
    own_template,
)
from loadtest.users.mcp.open_session import GATEWAY, SERVER, Endpoint
from loadtest.users.read_back import NotReadable
from loadtest.users.registry.fixtures import INFO, new_resource

REPORT_WITHIN = 60.0
"""Seconds to wait for a progress report; with many users, a call may be queued for a long time."""
PROGRESS = "notifications/progress"
ENDED = NotReadable("the gateway accepts the id of a session after its end, too")
NOTE = {"uri": "note://hello"}


class SessionUser(ListingUser):
    """A client that opens sessions."""

    abstract = True

    @contextmanager
    def session(self, endpoint: Endpoint, **path: str) -> Iterator[dict[str, str]]:
        """Open a session for the ``with`` block, which receives its headers, and close it."""
        begun = self.rpc(
            endpoint.initialize,
            INITIALIZE,
            check=lambda a: None if a.headers.get(SESSION) else expected("a session id"),
            **named(path),
        )
        headers = session_headers(begun)
        try:
            self.rpc(endpoint.initialized, message_id=None, headers=headers, **named(path))
            yield headers
        finally:
            self.delete(
                endpoint.end, headers=headers, unlisted=True, identity="session", read=ENDED, **named(path)
            )


class McpUser(SessionUser):
    """A client that keeps a session for as long as it works."""

    area = "mcp"
    weight = 5

    @task(4)
    def tools(self) -> None:
        """A session at the gateway: list of tools, a tool call, end of the session."""
        with self.session(GATEWAY) as headers:
            self.walk("POST /mcp/ tools/list", offered_tools(self.fixture), headers=headers)
            text = self.name("text")
            self.rpc(
                "POST /mcp/ tools/call",
                {"name": self.fixture.tools["echo"], "arguments": {"text": text}},
                headers=headers,
                check=says(text),
            )

    @task
    def lists(self) -> None:
        """A session at the gateway that requests all lists."""
        with self.session(GATEWAY) as headers:
            self.walk("POST /mcp/ resources/list", offered_resources(), headers=headers)
            self.walk("POST /mcp/ resources/templates/list", offered_templates(), headers=headers)
            for operation in (
                "POST /mcp/ tools/list",
                "POST /mcp/ resources/list",
                "POST /mcp/ prompts/list",
            ):
                self.refuses_cursor(operation, headers=headers)
            self.rpc("POST /mcp/ ping", headers=headers, check=empty)
            self.rpc("POST /mcp/ logging/setLevel", {"level": "info"}, headers=headers, check=empty)
            # Last, because releases are known to fail here.
            self.walk("POST /mcp/ prompts/list", offered_prompts(self.fixture), headers=headers)

    @task
    def kinds(self) -> None:
        """A resource and a resource template, each in the list of its kind and in no other."""
        name = self.name("resource")
        uri, template = f"loadtest://{name}", f"loadtest://{name}/{{part}}"
        plain, pattern = own_resource(uri, template), own_template(template, uri)
        resource = new_resource(name)
        patterned = new_resource(self.name("template"), uri=template, uri_template=template)
        delete: dict[str, Any] = {"delete": "DELETE /resources/{resource_id}", "read": INFO}
        with (
            self.created("POST /resources", json=resource, **delete),
            self.created("POST /resources", json=patterned, **delete),
        ):
            self.walk("POST /rpc resources/list", plain)
            self.walk("POST /rpc resources/templates/list", pattern)
            with self.session(GATEWAY) as headers:
                self.walk("POST /mcp/ resources/list", plain, headers=headers)
                self.walk("POST /mcp/ resources/templates/list", pattern, headers=headers)

    @task
    def completion(self) -> None:
        """A session at the gateway that completes the address of a resource."""
        with self.session(GATEWAY) as headers:
            self.rpc(
                "POST /mcp/ completion/complete",
                COMPLETION,
                headers=headers,
                check=completes("result.completion.values"),
            )

    @task(3)
    def server(self) -> None:
        """A session at the virtual server: its lists and a call."""
        server = self.at_server()
        with self.session(SERVER, **server) as headers:
            here: dict[str, Any] = {"headers": headers, **server}
            tools = offered_tools(self.fixture, only=True)
            prompts_here = offered_prompts(self.fixture, only=True)
            self.walk("POST /servers/{server_id}/mcp tools/list", tools, **here)
            self.walk("POST /servers/{server_id}/mcp resources/list", offered_resources(only=True), **here)
            self.walk("POST /servers/{server_id}/mcp resources/templates/list", NO_TEMPLATES, **here)
            text = self.name("text")
            self.rpc(
                "POST /servers/{server_id}/mcp tools/call",
                {"name": self.fixture.tools["echo"], "arguments": {"text": text}},
                headers=headers,
                check=says(text),
                **named(server),
            )
            self.walk("POST /servers/{server_id}/mcp prompts/list", prompts_here, **here)

    @task
    def server_resource(self) -> None:
        """A session at the virtual server that reads a resource of the backend."""
        server = self.at_server()
        with self.session(SERVER, **server) as headers:
            self.rpc(
                "POST /servers/{server_id}/mcp resources/read",
                NOTE,
                headers=headers,
                check=reads("hello from the load test", NOTE["uri"]),
                **named(server),
            )

    @task
    def server_prompt(self) -> None:
        """A session at the virtual server that renders a prompt of the backend."""
        server = self.at_server()
        with self.session(SERVER, **server) as headers:
            self.rpc(
                "POST /servers/{server_id}/mcp prompts/get",
                {"name": self.fixture.prompts["greet"], "arguments": {"name": "Ada"}},
                headers=headers,
                check=prompts("Greet Ada in one sentence."),
                **named(server),
            )

    @task
    def progress(self) -> None:
        """A session at the gateway whose stream reports the progress of a slow tool."""
        with self.session(GATEWAY) as headers:
            slow = self.slow_call()
            with (
                self.stream("GET /mcp/", headers=headers, unlisted=True) as events,
                self.meanwhile(
                    lambda: self.rpc("POST /mcp/ tools/call", slow, headers=headers, check=says("took"))
                ),
            ):
                reports_progress(events, slow)

    @task
    def server_progress(self) -> None:
        """A session at the virtual server whose stream reports the progress of a slow tool."""
        server = self.at_server()
        with self.session(SERVER, **server) as headers:
            slow = self.slow_call()
            with (
                self.stream(
                    "GET /servers/{server_id}/mcp", headers=headers, unlisted=True, **named(server)
                ) as events,
                self.meanwhile(
                    lambda: self.rpc(
                        "POST /servers/{server_id}/mcp tools/call",
                        slow,
                        headers=headers,
                        check=says("took"),
                        **named(server),
                    )
                ),
            ):
                reports_progress(events, slow)

    def slow_call(self) -> dict[str, Any]:
        """Return the parameters of a slow call with progress reports."""
        return {
            "name": self.fixture.tools["slow"],
            "arguments": {"seconds": 0.5},
            "_meta": {"progressToken": self.name("progress")},
        }

    def at_server(self) -> dict[str, str]:
        """Return the path parameter of the fixture's virtual server."""
        return {"server_id": self.fixture.server_id or ""}


def session_headers(begun: Answer) -> dict[str, str]:
    """Return the headers for all further requests of the session that was ``begun`` by ``initialize``."""
    return {"Mcp-Session-Id": str(begun.headers[SESSION]), "Mcp-Protocol-Version": PROTOCOL_VERSION}


def reports_progress(events: EventStream, call: dict[str, Any]) -> None:
    """Wait for two progress reports of ``call``, the only one in its session, and check that progress increases.

    Raises:
        Problem: no report in time, a report of another call, or no increase.
    """
    first, second = (
        events.next(within=REPORT_WITHIN, where=lambda event: PROGRESS in event.data).json["params"]
        for _ in range(2)
    )
    if first["progressToken"] != call["_meta"]["progressToken"]:
        raise Problem(ProblemKind.CONTENT, "the progress carries a token that is not the call's")
    if not first["progress"] < second["progress"] <= first["total"]:
        raise Problem(ProblemKind.CONTENT, "the progress does not go on")
