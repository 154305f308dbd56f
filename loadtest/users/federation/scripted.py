"""Base of the users of scripted servers, which behave as a scenario needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.caller import Check
from loadtest.client.protocols import jsonrpc
from loadtest.users.access.checks import cannot_be_used
from loadtest.users.checks import ANSWERED
from loadtest.users.federation.checks import called, calls_fail
from loadtest.users.registry.fixtures import ADDRESS, RegistryUser, new_gateway

REFRESH = "POST /gateways/{gateway_id}/tools/refresh"


class ScriptedServersUser(RegistryUser):
    """A user who federates servers of the backend ``scripted``."""

    abstract = True

    def control(self, method: str, path: str) -> dict[str, Any]:
        """Return the response of the scripted servers to a control request."""
        return ask_scripted(self.backend("scripted"), method, path)

    def received_with(self, name: str, method: str, value: str) -> dict[str, Any]:
        """Return the headers of the last request of a ``method`` that a scripted server received with this ``value``.

        They are those of the last request if none had it. The gateway may check the health of the server meanwhile.
        """
        return self.control("GET", f"/received/{name}?{urlencode({'method': method, 'value': value})}")

    @contextmanager
    def scripted(self, behaviour: str, *, check: Check | None = None) -> Iterator[Answer]:
        """Register a scripted server with a ``behaviour`` for the ``with`` block; ``check`` the response."""
        name = self.name("gateway")
        body = new_gateway(name, f"{self.backend('scripted')}/{behaviour}/{name}/mcp")
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=ADDRESS, check=check
        ) as gateway:
            yield gateway

    def call_tool(self, gateway: str, tool: str, *, text: str = "") -> None:
        """Call a tool of a scripted server, which answers with its name and the text."""
        text = text or self.name("text")
        self.rpc(
            "POST /rpc tools/call",
            {"name": f"{gateway}-{tool}", "arguments": {"text": text}},
            check=called(tool, text),
        )

    def cannot_call(self, gateway: str, tool: str) -> None:
        """Call a tool that the gateway must not have any more."""
        called = {"name": f"{gateway}-{tool}", "arguments": {"text": self.name("text")}}
        asked = jsonrpc.request("tools/call", called, self.name("call"))
        self.call("POST /rpc tools/call", json=asked, unlisted=True, refusals=ANSWERED, effect=cannot_be_used)

    def call_failing(self, gateway: str, tool: str) -> None:
        """Call a tool whose server fails; the reply must be an error."""
        called = {"name": f"{gateway}-{tool}", "arguments": {"text": "x"}}
        asked = jsonrpc.request("tools/call", called, self.name("call"))
        self.call("POST /rpc tools/call", json=asked, unlisted=True, check=calls_fail)
