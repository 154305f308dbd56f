"""The protocol's messages over plain HTTP paths, without a session, and paths at which there is no protocol."""

from __future__ import annotations

import uuid
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.base import GatewayUser, named, task
from loadtest.users.checks import ANSWERED, COMPLETION, both, completes, has
from loadtest.users.mcp.jsonrpc import INITIALIZE, PROTOCOL_VERSION, SAMPLING

INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized", "params": {}}
CANCELLED = {
    "jsonrpc": "2.0",
    "method": "notifications/cancelled",
    "params": {"requestId": "lt-0-never-started", "reason": "load test"},
}
MESSAGE = {
    "jsonrpc": "2.0",
    "method": "notifications/message",
    "params": {"level": "info", "logger": "loadtest", "data": "load test"},
}
NOT_SERVED = (400, 401, 403, 404, 405)
"""Statuses of a request for MCP at a path where it is not served."""
INVALID_REQUEST = -32600
"""The code of JSON-RPC for a message that is no request."""
STATELESS = "2026-07-28"
"""The first revision of MCP without sessions: https://modelcontextprotocol.io/specification/2026-07-28."""
METADATA: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": STATELESS,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": INITIALIZE["clientInfo"],
}
BOOT_LEVEL = {"level": "info"}
"""The log level that the gateway was booted with, so that setting it changes nothing."""


class ProtocolUser(GatewayUser):
    """A client of the gateway's protocol paths."""

    area = "protocol"
    weight = 2

    @task(2)
    def handshake(self) -> None:
        """Initialise, ping, and the three notifications."""
        self.call("POST /protocol/initialize", json=INITIALIZE, check=same_version)
        ping = jsonrpc.request("ping", None, self.name("ping"))
        self.call(
            "POST /protocol/ping",
            json=ping,
            check=lambda a: (
                None
                if a["result"] == {} and a["id"] == ping["id"]
                else expected("an answer to this ping", a.json)
            ),
        )
        for notification in (INITIALIZED, CANCELLED, MESSAGE):
            self.call("POST /protocol/notifications", json=notification)

    @task
    def older_paths(self) -> None:
        """The same messages at the root, where older clients send them."""
        self.call("POST /initialize", json=INITIALIZE, check=same_version)
        for notification in (INITIALIZED, CANCELLED, MESSAGE):
            self.call("POST /notifications", json=notification)
        self.call("POST /logging/setLevel", json=BOOT_LEVEL)

    @task
    def levels(self) -> None:
        """A log level in capital letters is accepted; one that does not exist, or none, is refused."""
        self.call("POST /logging/setLevel", json={"level": "INFO"})
        for what, wrong in (("a level that does not exist", {"level": "lt-unknown"}), ("no level", {})):
            self.call("POST /logging/setLevel", json=wrong, refusals=INVALID, check=is_invalid(what))

    @task
    def completion(self) -> None:
        """Complete the address of a resource."""
        self.call(
            "POST /protocol/completion/complete",
            json=COMPLETION,
            check=completes("completion.values"),
        )

    @task
    def sampling(self) -> None:
        """Sample a message."""
        self.call(
            "POST /protocol/sampling/createMessage",
            json=SAMPLING,
            check=lambda a: (
                None if a["role"] == "assistant" else expected("a message of the assistant", a.json)
            ),
        )

    @task
    def invalid_messages(self) -> None:
        """Messages that are not what their path is for are refused as invalid, not by an error of the gateway."""
        ping = jsonrpc.request("tools/list", None, self.name("ping"))
        self.call("POST /protocol/ping", json=ping, refusals=INVALID, effect=is_invalid_request(ping["id"]))
        for operation, body in (
            ("POST /protocol/completion/complete", COMPLETION | {"ref": {"type": "ref/other"}}),
            ("POST /protocol/sampling/createMessage", SAMPLING | {"messages": []}),
        ):
            self.call(operation, json=body, refusals=INVALID, effect=is_invalid("an invalid message"))
        for wrong in ({"id": [self.name("ping")]}, {"method": " "}, {"params": [1]}):
            body = jsonrpc.request("ping", None, self.name("ping")) | wrong
            self.call(
                "POST /rpc ping",
                json=body,
                unlisted=True,
                refusals=(*ANSWERED, *INVALID),
                effect=is_invalid_request("" if "id" in wrong else str(body["id"])),
            )


def is_invalid_request(message_id: str) -> Check:
    """Return a check that a message is refused as no request of JSON-RPC, with its id if it has a valid one."""

    def check(answer: Answer) -> Mismatch | None:
        body = answer.json if isinstance(answer.json, dict) else {}
        right = (body.get("error") or {}).get("code") == INVALID_REQUEST and (
            body.get("id") == (message_id or None)
        )
        return None if right else expected(f"the error {INVALID_REQUEST} of JSON-RPC", answer.text)

    return check


class StatelessUser(GatewayUser):
    """A client of the revision of MCP that has neither a handshake nor sessions."""

    area = "protocol"

    @task
    def lists(self) -> None:
        """Lists of tools state how long they are valid: as long at a virtual server as at the gateway."""
        if not self.switched_on("GATEWAY_MODERN_LISTENERS_ENABLED"):
            return
        server = named({"server_id": self.fixture.server_id or ""})
        whole = self.list_tools("POST /mcp/ tools/list", is_private)
        # The interval in which the gateway reads the lists of the MCP backend is the default.
        valid = both(is_private, has("result.ttlMs", whole["result.ttlMs"]))
        self.list_tools("POST /servers/{server_id}/mcp tools/list", valid, **server)

    def list_tools(self, operation: str, check: Check, **path: str) -> Answer:
        """List tools; every request states the revision of the protocol, in its headers and in its metadata."""
        headers = {"Mcp-Protocol-Version": STATELESS, "Mcp-Method": "tools/list"}
        return self.rpc(operation, {"_meta": METADATA}, headers=headers, check=check, **named(path))


def is_private(answer: Answer) -> Mismatch | None:
    """Check that a list states that it is valid for some time, for its caller only."""
    result = answer["result"]
    found = result.get("ttlMs"), result.get("cacheScope")
    right = isinstance(found[0], int) and found[0] > 0 and found[1] == "private"
    return None if right else expected("how long the list is valid, for its caller only", found)


class McpPathsUser(GatewayUser):
    """A client that looks for MCP at paths that resemble its own."""

    area = "protocol"

    @task
    def refused(self) -> None:
        """Paths below and beside the endpoint, and virtual servers that do not exist: with a token, and without one."""
        unknown = uuid.uuid4().hex
        below, beside, server = (
            "POST /mcp/{name} initialize",
            "POST /{name}/mcp initialize",
            "POST /servers/{server_id}/mcp initialize",
        )
        for bearer in (None, ""):
            self.no_session(below, bearer, name=unknown)
            self.no_session(beside, bearer, name=unknown)
            self.no_session(server, bearer, server_id=unknown)
            self.no_session(server, bearer, server_id="lt-unknown")
        for name in ("sse", "message"):
            self.no_session(below, "", name=name)

    def no_session(self, operation: str, bearer: str | None, **path: str) -> None:
        """Begin a session at a path where there is no endpoint of MCP: it must be refused."""
        self.call(
            operation,
            json=jsonrpc.request("initialize", INITIALIZE, self.name("hello")),
            headers={"Accept": jsonrpc.ACCEPT},
            bearer=bearer,
            unlisted=True,
            refusals=NOT_SERVED,
            effect=is_not_served,
            **named(path),
        )


def is_not_served(answer: Answer) -> Mismatch | None:
    """Check that no session begins at a path where MCP is not served."""
    refused = answer.status in NOT_SERVED
    return None if refused else expected("no session at a path of no server", answer.status)


def same_version(answer: Answer) -> Mismatch | None:
    """Check that the gateway agreed to the client's version of the protocol."""
    return (
        None
        if answer["protocolVersion"] == PROTOCOL_VERSION
        else expected(f"the protocol's version {PROTOCOL_VERSION}", answer.json)
    )
