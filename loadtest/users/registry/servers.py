"""Virtual servers, with tools, resources and prompts; their OAuth metadata."""

from __future__ import annotations

from locust import tag

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has, lists
from loadtest.users.registry.fixtures import RegistryUser, new_server

PARTS = (
    "GET /servers/{server_id}/tools",
    "GET /servers/{server_id}/resources",
    "GET /servers/{server_id}/prompts",
)
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
            with self.server(**parts) as server:
                self.call("GET /servers", params={"tags": tag}, check=lists(server.id))
                for operation, part in zip(PARTS, (tool, resource, prompt), strict=True):
                    self.call(operation, server_id=server.id, check=has("0.id", part.id))

    @task(2)
    def empty(self) -> None:
        """A virtual server without parts."""
        with self.created(
            "POST /servers/", json=new_server(self.name("server")), delete="DELETE /servers/{server_id}"
        ) as server:
            self.call("GET /servers/", params={"limit": 5})
            self.call("GET /servers/{server_id}", server_id=server.id, check=has("id", server.id))

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
            self.call(
                "PUT /servers/{server_id}",
                server_id=server.id,
                json={"oauthEnabled": True, "oauthConfig": OAUTH},
                check=has("oauthEnabled", True),
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
