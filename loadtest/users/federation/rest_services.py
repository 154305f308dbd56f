"""REST services whose tools return texts, take forms, need mapped queries and headers, and fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.backends.settings import TEXT
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, both
from loadtest.users.federation.checks import (
    calls_fail,
    echoed,
    echoed_method,
    echoed_path,
    echoed_whole,
    says_status,
    says_text,
)
from loadtest.users.registry.fixtures import RegistryUser, new_tool

STATUSES = (400, 404, 500, 503)
METHODS = ("POST", "PUT", "PATCH", "DELETE")
"""Methods of requests with a body."""
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
ENCODED = "a text & more = 50 % + ü"
"""A text with characters that are encoded in a form, a query and a path."""
VALUES = {"number": 7, "flag": True, "list": ["a", "b"]}
AS_TEXTS = {"number": "7", "flag": "true", "list": '["a","b"]'}
"""The same in a form, where every value is a text; lists and objects are in JSON."""


class ServiceUser(RegistryUser):
    """A user who publishes paths of the service as tools."""

    abstract = True

    @contextmanager
    def service(self, path: str, **more: Any) -> Iterator[Answer]:
        """Publish a path of the service for the ``with`` block."""
        url = self.backend("rest_shapes") + path
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        body = new_tool(self.name("tool"), "", **{"url": url, "inputSchema": schema} | more)
        with self.created("POST /tools", json=body, delete="DELETE /tools/{tool_id}") as tool:
            yield tool

    def run_tool(self, tool: Answer, arguments: dict[str, Any], check: Check) -> None:
        """Call a tool; the check decides whether its reply may be an error."""
        called = {"name": tool["name"], "arguments": arguments}
        asked = jsonrpc.request("tools/call", called, self.name("call"))
        self.call("POST /rpc tools/call", json=asked, unlisted=True, check=check)


class RestServicesUser(ServiceUser):
    """A user who publishes services that were not made for a gateway."""

    area = "tools"

    @task
    def text(self) -> None:
        """A service that responds with plain text."""
        with self.service("/text") as tool:
            self.run_tool(tool, {}, says_text(TEXT))

    @task
    def form(self) -> None:
        """A service that takes a form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with self.service("/received", headers=headers) as tool:
            text = self.name("text")
            self.run_tool(tool, {"text": text}, echoed("form", {"text": text}))

    @task
    def json_bodies(self) -> None:
        """Services that take JSON, with every method; values keep their types."""
        everything = {"text": ENCODED, "number": 7, "flag": True, "list": ["a", "b"], "object": {"a": None}}
        for method in METHODS:
            with self.service(
                "/received?fixed=1", request_type=method, headers={"Content-Type": JSON}
            ) as tool:
                received = both(echoed_method(method), echoed_whole("json", everything))
                self.run_tool(tool, everything, both(received, echoed("query", {"fixed": "1"})))

    @task
    def form_bodies(self) -> None:
        """Services that take a form or its parts, with every method and with credentials."""
        for media_type in (FORM, f"{FORM}; charset=utf-8", MULTIPART):
            for method in METHODS:
                token = self.name("token")
                more = {"auth_type": "bearer", "auth_token": token, "request_type": method}
                with self.service("/received?fixed=1", headers={"Content-Type": media_type}, **more) as tool:
                    received = both(
                        echoed("form", {"text": ENCODED} | AS_TEXTS),
                        echoed_method(method),
                        echoed("query", {"fixed": "1"}),
                        echoed("headers", {"authorization": f"Bearer {token}"}),
                    )
                    self.run_tool(tool, {"text": ENCODED} | VALUES, received)

    @task
    def invalid_arguments(self) -> None:
        """Arguments that the schema of the tool does not allow are refused before the service is called."""
        with self.tool() as tool:
            for arguments in ({}, {"text": {"not": "a text"}}):
                asked = jsonrpc.request(
                    "tools/call", {"name": tool["name"], "arguments": arguments}, "lt-invalid"
                )
                self.call(
                    "POST /rpc tools/call", json=asked, unlisted=True, refusals=ANSWERED, effect=calls_fail
                )

    @task
    def invisible_characters(self) -> None:
        """A token with invisible characters, as copied from a page, is sent without them."""
        token = self.name("token")
        pasted = f"\u2060{token[:4]}\u200b{token[4:]}"
        with self.service("/received", auth_type="bearer", auth_token=pasted) as tool:
            self.run_tool(tool, {"text": "x"}, echoed("headers", {"authorization": f"Bearer {token}"}))

    @task
    def query(self) -> None:
        """A service that takes its arguments in the query, beside what its address has there."""
        with self.service("/received?fixed=1", request_type="GET") as tool:
            received = echoed("query", {"text": ENCODED, "fixed": "1"})
            self.run_tool(tool, {"text": ENCODED}, both(echoed_method("GET"), received))

    @task
    def mapped_bodies(self) -> None:
        """Services that take a body with other names than the tool's arguments, in every format."""
        for media_type, at in ((JSON, "json"), (FORM, "form"), (MULTIPART, "form")):
            mappings = {"query_mapping": {"text": "q"}, "header_mapping": {"text": "X-Text"}}
            with self.service("/received", headers={"Content-Type": media_type}, **mappings) as tool:
                text = self.name("text")
                # An argument that no mapping names is not sent.
                received = both(echoed_whole(at, {"q": text}), echoed("headers", {"x-text": text}))
                self.run_tool(tool, {"text": text, "other": "x"}, received)

    @task
    def path_and_body(self) -> None:
        """Services with an argument in their path, which is not in the body then."""
        for media_type, at in ((JSON, "json"), (FORM, "form")):
            address = "/received/{part}?tone={tone}"
            with self.service(address, headers={"Content-Type": media_type}) as tool:
                part, tone, text = self.name("part"), self.name("tone"), self.name("text")
                received = both(
                    echoed_path(f"/received/{part}"),
                    echoed("query", {"tone": tone}),
                    echoed_whole(at, {"text": text}),
                )
                self.run_tool(tool, {"part": part, "tone": tone, "text": text}, received)

    @task
    def mapped(self) -> None:
        """A service whose query and headers have other names than the tool's arguments."""
        mappings = {"query_mapping": {"text": "q"}, "header_mapping": {"text": "X-Text"}}
        with self.service("/received", request_type="GET", **mappings) as tool:
            text = self.name("text")
            self.run_tool(tool, {"text": text, "other": "x"}, echoed_whole("query", {"q": text}))
            self.run_tool(tool, {"text": text}, echoed("headers", {"x-text": text}))

    @task
    def path(self) -> None:
        """A service with an argument in its path."""
        with self.service("/received/{text}", request_type="GET") as tool:
            text = self.name("text")
            self.run_tool(tool, {"text": text}, echoed_path(f"/received/{text}"))

    @task
    def failures(self) -> None:
        """A service that responds with an error status: the call is an error that states it."""
        for code in STATUSES:
            with self.service(f"/status/{code}") as tool:
                self.run_tool(tool, {}, says_status(code))
