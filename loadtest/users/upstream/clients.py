"""What the gateway sends to a federated server for its clients: sessions, metadata and credentials of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from loadtest.backends.settings import REPEATED, REPEATING, TOOLS
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import named, task
from loadtest.users.checks import decoded
from loadtest.users.federation.checks import carries
from loadtest.users.federation.scripted import REFRESH, ScriptedServersUser
from loadtest.users.mcp.mcp import SessionUser
from loadtest.users.mcp.open_session import GATEWAY, SERVER

AUTHORIZATION = "Authorization"
FOR_THE_SERVER = "X-Upstream-Authorization"
"""The header with which a client gives the gateway the credentials for a federated server."""
METADATA = "example.com/text"
LISTED = ("initialize", "tools/list", "resources/list", "prompts/list")
"""Methods that a registration, and a refresh, calls at a server."""
USED = {
    "tools/call": "content.0.text",
    "prompts/get": "messages.0.content.text",
    "resources/read": "contents.0.text",
}
"""Methods that use a part of a server, and where the text of the result is."""


class McpClient(NamedTuple):
    """A client that, at one endpoint and in one session, uses the parts of a server."""

    uses: Mapping[str, str]
    """The operation that uses a part of each kind, by its method of JSON-RPC."""
    headers: Mapping[str, str] = {}
    path: Mapping[str, str] = {}

    def sending(self, name: str, value: str) -> McpClient:
        """Return the same endpoint for a client that sends one more header."""
        return self._replace(headers={**self.headers, name: value})


RPC = McpClient(
    {
        "tools/call": "POST /rpc tools/call",
        "prompts/get": "POST /rpc prompts/get",
        "resources/read": "POST /rpc resources/read",
    }
)
MCP = McpClient(
    {
        "tools/call": "POST /mcp/ tools/call",
        "prompts/get": "POST /mcp/ prompts/get",
        "resources/read": "POST /mcp/ resources/read",
    }
)
SERVER_MCP = McpClient(
    {
        "tools/call": "POST /servers/{server_id}/mcp tools/call",
        "prompts/get": "POST /servers/{server_id}/mcp prompts/get",
        "resources/read": "POST /servers/{server_id}/mcp resources/read",
    }
)


class UpstreamUser(SessionUser, ScriptedServersUser):
    """A client of servers that show what they receive."""

    area = "mcp-upstream"

    @task
    def sessions(self) -> None:
        """Each session of a client has its own session at the server, and uses it for every call.

        After a change of the credentials, a session that is open uses the new ones. With several workers, each may have
        a session at the server.
        """
        with self.scripted(REPEATING) as gateway, self.session(GATEWAY) as first:
            mine = MCP._replace(headers=first)
            seen: list[str] = []
            self.uses(gateway, "tools/call", mine, in_session(seen, begun=True))
            if self.link.session.deployment.workers == 1:
                self.uses(gateway, "tools/call", mine, in_session(seen, begun=False))
            with self.session(GATEWAY) as second:
                other = MCP._replace(headers=second)
                self.uses(gateway, "tools/call", other, in_session(seen, begun=True))
            token = self.secret()
            changed = self.spelled("POST /gateways", {"authType": "bearer", "authToken": token})
            own = named({"gateway_id": gateway.id})
            self.call("PUT /gateways/{gateway_id}", json=changed, **own)
            received = self.received(gateway, ("tools/call",), f"Bearer {token}")
            self.uses(gateway, "tools/call", mine, received)

    @task
    def metadata(self) -> None:
        """The metadata of a request reach the server, of each kind of part and at each endpoint."""
        with self.scripted(REPEATING) as gateway:
            parts = self.call("GET /tools", params={"gateway_id": gateway.id, "limit": 0})
            with self.server(associated_tools=[str(parts["0.id"])]) as server:
                path = {"server_id": server.id}
                with self.session(GATEWAY) as headers, self.session(SERVER, **path) as own:
                    for client in (RPC, MCP._replace(headers=headers)):
                        for method in USED:
                            self.states(gateway, method, client)
                    self.states(gateway, "tools/call", SERVER_MCP._replace(headers=own, path=path))

    @task
    def credentials(self) -> None:
        """A server receives the credentials that a client gives for it, and never those for the gateway."""
        with self.scripted(REPEATING) as gateway, self.session(GATEWAY) as session:
            given = f"Bearer {self.name('token')}"
            self.call(
                REFRESH,
                params={"include_resources": True, "include_prompts": True},
                headers={FOR_THE_SERVER: given},
                check=self.received(gateway, LISTED, given),
                **named({"gateway_id": gateway.id}),
            )
            for client in (RPC, MCP._replace(headers=session)):
                received = self.received(gateway, ("tools/call",), given)
                self.uses(gateway, "tools/call", client.sending(FOR_THE_SERVER, given), received)
                for method in USED:
                    self.uses(gateway, method, client, self.received(gateway, (method,)))

    def states(self, gateway: Answer, method: str, client: McpClient) -> None:
        """Use a part of a server with metadata, which the server must receive."""
        text = self.name("text")
        self.uses(gateway, method, client, repeats_metadata(method, text), {METADATA: text})

    def uses(
        self,
        gateway: Answer,
        method: str,
        client: McpClient,
        check: Check,
        meta: Mapping[str, str] | None = None,
    ) -> None:
        """Use a part of a server by a ``method`` of JSON-RPC as a ``client``."""
        parts: dict[str, dict[str, Any]] = {
            "tools/call": {"name": f"{gateway['slug']}-{TOOLS[REPEATING][0]}", "arguments": {}},
            "prompts/get": {"name": f"{gateway['slug']}-{REPEATED}", "arguments": {"who": "Ada"}},
            "resources/read": {"uri": f"scripted://{gateway['name']}"},
        }
        params = parts[method] | ({"_meta": dict(meta)} if meta else {})
        self.rpc(
            client.uses[method],
            params,
            headers=client.headers,
            check=check,
            **named(client.path),
        )

    def received(self, gateway: Answer, methods: Iterable[str], given: str = "") -> Check:
        """Return a check that the last request of each of the ``methods`` had the credentials ``given``.

        None may have those of the client for the gateway.
        """

        def found(method: str) -> Mismatch | None:
            headers = self.received_with(str(gateway["name"]), method, given)
            own = self.link.session.bearer
            return (carries(headers, AUTHORIZATION, given) if given else None) or without_own(headers, own)

        return lambda _: next(filter(None, map(found, methods)), None)


def repeated(answer: Answer, method: str) -> Any:
    """Return what a server repeats of a request that used one of its parts."""
    return decoded(str(answer[f"result.{USED[method]}"])) or {}


def in_session(seen: list[str], *, begun: bool) -> Check:
    """Return a check that a call was made in a session at the server that it had not ``seen``, or in the last one.

    It notes the session.
    """

    def check(answer: Answer) -> Mismatch | None:
        found = str(repeated(answer, "tools/call").get("session"))
        if begun and found in seen:
            return expected("a session at the server for each session of a client", found)
        if not begun and found not in seen:
            return expected("the same session at the server for each call of a session", found)
        seen.append(found)
        return None

    return check


def repeats_metadata(method: str, text: str) -> Check:
    """Return a check that a server received the metadata with this ``text`` in a request of a ``method``."""

    def check(answer: Answer) -> Mismatch | None:
        found = repeated(answer, method).get("meta") or {}
        right = found.get(METADATA) == text
        return None if right else expected(f"the metadata of {method} to reach the server", found)

    return check


def without_own(headers: Mapping[str, str], bearer: str) -> Mismatch | None:
    """Return a mismatch if a server received the token ``bearer`` of a client for the gateway, in any header."""
    found = sorted(name for name, value in headers.items() if bearer in value)
    return expected("no server to receive the token of a client for the gateway", found) if found else None
