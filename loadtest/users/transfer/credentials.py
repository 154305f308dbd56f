"""Gateways and tools with stored credentials, moved in a file: the backend receives them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import receives
from loadtest.users.base import task
from loadtest.users.checks import exports, imports
from loadtest.users.federation.checks import called, carries_all
from loadtest.users.federation.stored import HEADER, HEADERS, PARAMETER, PASSWORD, TOKEN, Stored
from loadtest.users.registry.fixtures import ADDRESS, new_gateway, new_tool
from loadtest.users.transfer.checks import counts
from loadtest.users.transfer.fixtures import File, TransferUser

OTHER_HEADER = "X-Load-Test"

Received = Callable[[str], dict[str, str]]
"""Returns the headers with which the backend receives credentials that have a secret."""


class MovedCredentialsUser(TransferUser):
    """A user who moves gateways and tools that have credentials."""

    area = "transfer"

    @task
    def password(self) -> None:
        """A gateway with a user name and a password."""
        self.moves_gateway(PASSWORD)

    @task
    def token(self) -> None:
        """A gateway with a token."""
        self.moves_gateway(TOKEN)

    @task
    def headers(self) -> None:
        """A gateway with two headers of its own."""

        def properties(secret: str) -> dict[str, Any]:
            other = {"key": OTHER_HEADER, "value": f"{secret}-2"}
            own = HEADERS.properties(secret)
            return own | {"authHeaders": [*own["authHeaders"], other]}

        self.moves_gateway(
            HEADERS._replace(properties=properties), lambda secret: {OTHER_HEADER: f"{secret}-2"}
        )

    @task
    def query_parameter(self) -> None:
        """A gateway with a parameter of the address."""
        self.moves_gateway(PARAMETER)

    def moves_gateway(self, stored: Stored, others: Received = lambda _: {}) -> None:
        """Export a gateway, change its credentials, import it, delete it, and import it again.

        The backend must receive the credentials of the file after each import, with the headers ``others``.
        """
        name, tag, secret = self.name("gateway"), self.name("tag"), self.secret()
        own = self.spelled("POST /gateways", stored.properties(secret))
        body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", tags=[tag], **own)
        arrives = self.arrives(name, stored.received(secret) | others(secret))
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *own)
        ) as gateway:
            file = self.exported("gateways", gateway)
            changed = stored.properties(self.secret())
            self.call("PUT /gateways/{gateway_id}", gateway_id=gateway.id, json=changed)
            self.brings(file, "update", counts(updated=1), effect=arrives)
        with self.removing(tag, "gateways"):
            self.brings(file, "skip", imports(1), effect=arrives)

    def exported(self, kind: str, entity: Answer) -> File:
        """Export one entity, and return the entities of the file."""
        answer = self.call(
            "POST /export/selective",
            json={kind: [entity.id]},
            check=exports(kind, entity["name"], among={kind}),
        )
        file: File = answer["entities"]
        return file

    def arrives(self, name: str, headers: Mapping[str, str]) -> Effect:
        """Return an effect that calls the tool of the gateway ``name``, whose backend must receive ``headers``."""

        def effect(_: Answer) -> Mismatch | None:
            text = self.name("text")
            self.rpc(
                "POST /rpc tools/call",
                {"name": f"{name}-echo", "arguments": {"text": text}},
                check=called("echo", text),
            )
            sent = ask_scripted(self.backend("scripted"), "GET", f"/received/{name}")
            return carries_all(sent, headers, what="the credentials of the imported file")

        return effect

    @task
    def of_tools(self) -> None:
        """Tools with a token and with a header, each exported by its id."""
        secret = self.secret()
        for stored in (TOKEN, HEADER):
            self.moves_tool(stored.with_underscores(secret), stored.header.lower(), stored.value(secret))

    @task
    def of_exported_tools(self) -> None:
        """A tool with a token, exported with all tools that have its tag."""
        secret, tag = self.secret(), self.name("tag")
        own = TOKEN.with_underscores(secret) | {"tags": [tag]}
        body = self.with_credentials(own)
        with self.created(
            "POST /tools", json=body, delete="DELETE /tools/{tool_id}", differs=tuple(own)
        ) as tool:
            wanted = {"types": "tools", "tags": tag}
            self.call(
                "GET /export", params=wanted, check=exports("tools", tool["name"]), effect=has_credentials
            )

    def moves_tool(self, own: Mapping[str, str], header: str, value: str) -> None:
        """Export a tool with its ``own`` credentials, delete it, and import it; its backend must receive them."""
        body = self.with_credentials(own)
        with self.created(
            "POST /tools", json=body, delete="DELETE /tools/{tool_id}", differs=tuple(own)
        ) as tool:
            file = self.exported("tools", tool)
        name = str(tool["name"])

        def arrives(_: Answer) -> Mismatch | None:
            call = {"name": name, "arguments": {"text": self.name("text")}}
            answer = self.rpc("POST /rpc tools/call", call)
            wrong = receives(value, "headers", header)(answer)
            return expected("the tool to send the credentials of the file", str(wrong)) if wrong else None

        try:
            self.brings(file, "skip", imports(1), effect=arrives)
        finally:
            with self.undoing():
                self.remove_named("tools", name)

    def with_credentials(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a tool with its ``own`` credentials, whose service answers with the request."""
        service, name = self.backend("rest_shapes"), self.name("tool")
        return new_tool(name, service, **{"url": f"{service}/received/{name}", "tags": [], **own})

    def remove_named(self, kind: str, name: str) -> None:
        """Delete the entities of a ``kind`` with this name."""
        for entity in self.call("GET /tools", params={"limit": 0}).json:
            if entity["name"] == name:
                self.remove(kind, str(entity["id"]))


def has_credentials(answer: Answer) -> Mismatch | None:
    """Check that the first tool of a file has its credentials, encrypted."""
    found = answer["entities.tools.0"].get("auth_value")
    return None if found else expected("the encrypted credentials of the tool in the file", found)
