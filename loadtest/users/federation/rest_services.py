"""REST services whose tools return texts, take forms, need mapped queries and headers, and fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.backends.settings import TEXT
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.users.base import task
from loadtest.users.federation.checks import echoed, echoed_path, says_status, says_text
from loadtest.users.registry.fixtures import RegistryUser, new_tool

STATUSES = (400, 404, 500, 503)


class RestServicesUser(RegistryUser):
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
    def mapped(self) -> None:
        """A service whose query and headers have other names than the tool's arguments."""
        mappings = {"query_mapping": {"text": "q"}, "header_mapping": {"text": "X-Text"}}
        with self.service("/received", request_type="GET", **mappings) as tool:
            text = self.name("text")
            self.run_tool(tool, {"text": text}, echoed("query", {"q": text}))
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
        self.call(
            "POST /rpc tools/call",
            json={
                "jsonrpc": "2.0",
                "id": self.name("call"),
                "method": "tools/call",
                "params": {"name": tool["name"], "arguments": arguments},
            },
            unlisted=True,
            check=check,
        )
