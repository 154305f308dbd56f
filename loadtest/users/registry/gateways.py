"""Gateways: federated MCP servers over both transports, refresh, and connection tests before registration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from loadtest.client.answer import Answer
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import named, task
from loadtest.users.checks import both, has, ids, in_scope_of, is_not_empty, lists, refreshed, refuses_service
from loadtest.users.read_back import Call, Entity, Item, Listed, parameters_of
from loadtest.users.recorded import is_recorded
from loadtest.users.registry.fixtures import (
    ADDRESS,
    INFO,
    IS_PUBLIC,
    PRIVATE,
    PUBLIC,
    RegistryUser,
    camel,
    new_connection_test,
    new_gateway,
    of_team,
    without_scope,
)

OK = 200
PARTS = ("GET /tools", "GET /resources", "GET /prompts")
UPDATES = ("PUT /tools/{tool_id}", "PUT /resources/{resource_id}", "PUT /prompts/{prompt_id}")
TOOLS = 2
"""Tools of the small MCP backend."""
COUNTS = {"toolCount": TOOLS, "resourceCount": 1, "promptCount": 1}
"""Parts of the small MCP backend, as the gateway counts them."""


class OfferedPart(NamedTuple):
    """A tool, resource or prompt that a server offers."""

    read: Item
    id: str


class WithParts(NamedTuple):
    """A server, and its parts, which are deleted with it."""

    server: Item
    parts: Sequence[OfferedPart]

    @property
    def operation(self) -> str:
        """The operation that reads the server."""
        return self.server.operation

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the server is not as stated."""
        return self.server.shows(call, entity)

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the server or one of its parts can still be read."""
        parts = (one.read.is_gone(call, Entity(one.id, {}, {})) for one in self.parts)
        return self.server.is_gone(call, entity) or next(filter(None, parts), None)


class GatewaysUser(RegistryUser):
    """A user who federates MCP servers."""

    area = "gateways"
    weight = 2

    @task
    def in_camel_case(self) -> None:
        """A server, created with the names of properties in which the gateway shows them: ``authType``."""
        server = new_gateway(
            self.name("gateway"),
            self.backend("mcp_small"),
            auth_type="bearer",
            auth_token=self.secret(),
            passthrough_headers=["X-Load-Test"],
        )
        with self.created(
            "POST /gateways",
            json={camel(name): value for name, value in server.items()},
            delete="DELETE /gateways/{gateway_id}",
            differs=(*ADDRESS, "authToken"),
        ):
            pass

    @task(4)
    def lifecycle(self) -> None:
        """A server is registered, refreshed, called and deleted."""
        with self.gateway() as gateway:
            self.call(
                "POST /gateways/{gateway_id}/tools/refresh",
                gateway_id=gateway.id,
                params={"include_resources": True, "include_prompts": True},
                check=both(has("gatewayId", gateway.id), refreshed()),
            )
            self.call(
                "GET /gateways/{gateway_id}",
                gateway_id=gateway.id,
                check=both(is_recorded("lastRefreshAt"), is_recorded("lastSeen"), counts_parts),
            )
            self.call_tool(gateway["name"])

    @task
    def scope_of_parts(self) -> None:
        """What a server offers is as visible as the server: after registration, a refresh and a change."""
        with self.team() as team:
            for scope, changed in ((of_team(team.id), PRIVATE), (PRIVATE, PUBLIC)):
                body = new_gateway(self.name("gateway"), self.backend("mcp_small"), scope=scope)
                with self.created(
                    "POST /gateways",
                    json=body,
                    delete="DELETE /gateways/{gateway_id}",
                    differs=ADDRESS,
                    check=self.check_parts,
                ) as gateway:
                    own: dict[str, Any] = {"gateway_id": gateway.id}
                    tools = self.call("GET /tools", params=own)
                    # The refresh creates it again.
                    self.delete("DELETE /tools/{tool_id}", tool_id=str(tools["0.id"]))
                    self.call(
                        "POST /gateways/{gateway_id}/tools/refresh",
                        check=has("toolsAdded", 1),
                        effect=self.checks_parts_of(gateway),
                        **own,
                    )
                    self.update("PUT /gateways/{gateway_id}", json=changed, check=self.check_parts, **own)

    @task
    def deleted_with_parts(self) -> None:
        """A server is deleted, and with it all that it offers."""
        body, parts = new_gateway(self.name("gateway"), self.backend("mcp_small")), list[OfferedPart]()
        read = WithParts(Item("GET /gateways/{gateway_id}"), parts)
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=ADDRESS, read=read
        ) as gateway:
            for listed, item in (
                ("GET /tools", Item("GET /tools/{tool_id}")),
                ("GET /resources", INFO),
                ("GET /prompts", Item("GET /prompts/{prompt_id}")),
            ):
                if self.documents(listed, "query gateway_id"):
                    found = self.call(listed, params={"gateway_id": gateway.id}, check=is_not_empty)
                    parts.extend(OfferedPart(item, one) for one in ids(found))

    def checks_parts_of(self, gateway: Answer) -> Effect:
        """Return :meth:`check_parts` of ``gateway`` as the effect of another call."""
        return lambda _: self.check_parts(gateway)

    def check_parts(self, gateway: Answer) -> Mismatch | None:
        """Return a mismatch if a part of a server has another visibility, team or owner than ``gateway`` states."""
        for operation in PARTS:
            if self.documents(operation, "query gateway_id"):
                found = in_scope_of(gateway)(self.call(operation, params={"gateway_id": gateway.id}))
                if found is not None:
                    return found
        return None

    @task
    def parts_of_their_own(self) -> None:
        """A part that got another visibility and tag than its server keeps them, whatever happens to the server."""
        with self.gateway() as gateway:
            own: dict[str, Any] = {"gateway_id": gateway.id}
            parts = [
                self.changes_part(gateway, lists, update)
                for lists, update in zip(PARTS, UPDATES, strict=True)
                if self.documents(lists, "query gateway_id")
            ]

            everything = {"include_resources": True, "include_prompts": True}
            kept = self.keep(parts)
            refresh: dict[str, Any] = {"effect": kept, "check": has("success", True), **own}
            self.call("POST /gateways/{gateway_id}/tools/refresh", params=everything, **refresh)
            for on in (False, True):
                self.call("POST /gateways/{gateway_id}/state", params={"activate": on}, **own)
            self.call("POST /gateways/{gateway_id}/tools/refresh", params=everything, **refresh)
            # Its visibility is the one that it has; its parts would get it again.
            changed = {"description": "Changed by the load test.", "visibility": gateway["visibility"]}
            self.update("PUT /gateways/{gateway_id}", json=changed, check=self.keep(parts), **own)

    def keep(self, parts: Sequence[tuple[Listed, Entity]]) -> Effect:
        """Return an effect that reads ``parts``, which must be as they are described."""

        def effect(_: Answer) -> Mismatch | None:
            return next(filter(None, (read.shows(self.call, part) for read, part in parts)), None)

        return effect

    def changes_part(self, gateway: Answer, lists: str, update: str) -> tuple[Listed, Entity]:
        """Change the first part of a server that is listed; return how it is read and what it must be."""
        part = self.call(lists, params={"gateway_id": gateway.id}, check=is_not_empty).json[0]
        read = Listed(lists, params={"gateway_id": gateway.id})
        own = PRIVATE | {"tags": [self.name("tag")]}
        path = {parameters_of(update)[0]: str(part["id"])}
        # Another scenario may have a private tool with the same name, from a server with the same address.
        if "tool" in update:
            self.update(update, json={"customName": self.name("tool")}, read=read, **named(path))
        self.update(update, json=own, read=read, **named(path))
        kept = {name: part[name] for name in ("teamId", "ownerEmail") if part.get(name)}
        return read, Entity(str(part["id"]), path, own | kept)

    @task(2)
    def over_sse(self) -> None:
        """A server with the older transport, and a call of its tool."""
        with self.created(
            "POST /gateways/",
            json=without_scope(new_gateway(self.name("gateway"), self.backend("mcp_sse"), transport="SSE")),
            check=IS_PUBLIC,
            delete="DELETE /gateways/{gateway_id}",
            differs=ADDRESS,
        ) as gateway:
            self.call_tool(gateway["name"])

    @task
    def transport(self) -> None:
        """A server whose transport is written in small letters."""
        body = new_gateway(self.name("gateway"), self.backend("mcp_sse"), transport="sse")
        with self.created(
            "POST /gateways",
            json=body,
            delete="DELETE /gateways/{gateway_id}",
            differs=(*ADDRESS, "transport"),
            check=has("transport", "SSE"),
        ) as gateway:
            change: dict[str, Any] = {"json": {"transport": "sse"}, "check": has("transport", "SSE")}
            self.call("PUT /gateways/{gateway_id}", gateway_id=gateway.id, **change)
            self.call_tool(gateway["name"])

    @task
    def connection_test(self) -> None:
        """A connection test of a service before its registration."""
        text = {"text": self.name("text")}
        self.call(
            "POST /mcp-servers/test",
            json=new_connection_test(self.backend("rest"), text),
            check=both(has("statusCode", OK), has("body", text)),
        )

    @task
    def impact(self) -> None:
        """The virtual servers that depend on the MCP backend."""
        self.call(
            "GET /gateways/{gateway_id}/impact-preview",
            gateway_id=self.fixture.gateway_id or "",
            check=lists(self.fixture.server_id or "", at="servers"),
        )

    @task
    def handshake(self) -> None:
        """A test for MCP support before registration, of a server with it and of a service without it."""
        address = urlsplit(self.backend("mcp_small"))
        self.call(
            "POST /mcp-servers/test-handshake",
            json={"baseUrl": f"{address.scheme}://{address.netloc}", "path": address.path},
            check=has("componentCounts.tools", TOOLS),
        )
        self.call(
            "POST /mcp-servers/test-handshake",
            json={"baseUrl": self.backend("rest"), "path": "/time"},
            check=refuses_service,
        )

    def call_tool(self, gateway: str) -> None:
        """Call the tool ``echo`` of the server that was registered as ``gateway``."""
        text = self.name("text")
        self.rpc(
            "POST /rpc tools/call",
            {"name": f"{gateway}-echo", "arguments": {"text": text}},
            check=has("result.content.0.text", text),
        )


def counts_parts(answer: Answer) -> Mismatch | None:
    """Check that the parts of a server of the small MCP backend are counted; releases up to 1.0.0rc1 do not count."""
    for name, count in COUNTS.items():
        found = answer.json.get(name, count)
        if found != count:
            return expected(f"{name} to be {count}", found)
    return None
