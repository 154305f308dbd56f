"""Virtual servers, with tools, resources and prompts; their OAuth metadata."""

from __future__ import annotations

from locust import tag

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, named, task
from loadtest.users.checks import enabled, has, lists_only
from loadtest.users.registry.fixtures import PURGE_METRICS, RegistryUser, new_server

PARTS = (
    ("GET /servers/{server_id}/tools", "POST /tools/{tool_id}/state", "tool"),
    ("GET /servers/{server_id}/resources", "POST /resources/{resource_id}/state", "resource"),
    ("GET /servers/{server_id}/prompts", "POST /prompts/{prompt_id}/state", "prompt"),
)
"""For each kind of part: the operations that list and disable it, and the member with the disabled part."""
ICON = "https://example.com/icon.png"
ISSUER = "https://issuer.example.com"
"""Used in metadata only; no request is sent to it."""
OAUTH = {"authorization_servers": [ISSUER], "authorization_server": ISSUER, "scopes_supported": ["openid"]}
MOVED = 301


class ServersUser(RegistryUser):
    """A user who bundles what others publish."""

    area = "servers"
    weight = 3

    @task(4)
    def lifecycle(self) -> None:
        """A virtual server is created and deleted, with a part of each kind."""
        tag = self.name("tag")
        with self.tool() as tool, self.resource() as resource, self.prompt() as prompt:
            parts = {
                "tags": [tag],
                "associated_tools": [tool.id],
                "associated_resources": [resource.id],
                "associated_prompts": [prompt.id],
            }
            with self.server(icon=ICON, **parts) as server:
                for operation in ("GET /servers", "GET /servers/"):
                    for included in (False, True):
                        query = {"tags": tag, "include_metrics": included}
                        self.call(operation, params=query, check=lists_only(server))
                for (lists, state, kind), part in zip(PARTS, (tool, resource, prompt), strict=True):
                    own = {"server_id": server.id}
                    self.call(lists, params={"include_metrics": True}, check=lists_only(part), **named(own))
                    off = {"activate": False}
                    self.call(
                        state, params=off, check=enabled(False, under=kind), **named({f"{kind}_id": part.id})
                    )
                    active = {"include_inactive": False, "include_metrics": False}
                    for hidden in ({}, active):
                        self.call(lists, params=hidden, check=lists_only(), **named(own))
                    every = {"include_inactive": True}
                    self.call(lists, params=every, check=lists_only(part.id), **named(own))

    @task(2)
    def empty(self) -> None:
        """A virtual server without parts."""
        with self.created(
            "POST /servers/",
            json=new_server(self.name("server")),
            delete="DELETE /servers/{server_id}",
            deletion=PURGE_METRICS,
        ) as server:
            for lists, _, _ in PARTS:
                self.call(lists, server_id=server.id, check=lists_only())

    @task
    def handshake(self) -> None:
        """The virtual server of the fixture, as used by its clients."""
        self.call(
            "POST /servers/{server_id}/test-handshake",
            server_id=self.fixture.server_id or "",
            json={},
            check=has("componentCounts.tools", len(self.fixture.tools)),
        )

    @task
    def protected(self) -> None:
        """A virtual server with OAuth, and the new location of its metadata."""
        with self.server() as server:
            self.update(
                "PUT /servers/{server_id}",
                server_id=server.id,
                json={"oauthEnabled": True, "oauthConfig": OAUTH},
            )
            self.call(
                "GET /servers/{server_id}/.well-known/oauth-protected-resource",
                server_id=server.id,
                bearer="",
                check=lambda a: (
                    None
                    if a.status == MOVED and f"/servers/{server.id}/mcp" in a.headers["location"]
                    else expected("a redirect to the server's own place", a.status)
                ),
            )
            self.call(
                "GET /.well-known/oauth-protected-resource/servers/{server_id}/mcp",
                server_id=server.id,
                bearer="",
                unlisted=True,
                check=has("authorization_servers.0", ISSUER),
            )


class VirtualToolUser(GatewayUser):
    """A caller of a tool whose host does not resolve: the failure is the known category ``dns-virtual-tool``."""

    area = "virtual-tools"

    @tag("slow")
    @task
    def unresolvable_host(self) -> None:
        """A tool at a host of the reserved domain ``.invalid`` (RFC 6761) is created, called and deleted."""
        name = self.name("tool")
        tool = {
            "name": f"test-api-tool-{name}",
            "url": f"http://{name}.invalid/",
            "description": "A tool without a server.",
            "integration_type": "REST",
            "request_type": "POST",
            "input_schema": {"type": "object", "properties": {}},
        }
        with self.created("POST /tools", json={"tool": tool}, delete="DELETE /tools/{tool_id}") as made:
            self.rpc("POST /rpc tools/call", {"name": made["name"], "arguments": {}})
