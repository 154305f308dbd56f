"""Well-known addresses: robots, security contact, and the metadata of a protected resource (RFC 9728)."""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import PRIVATE, PUBLIC, new_server
from loadtest.users.registry.servers import ISSUER, OAUTH

UNKNOWN = (404,)
PROXY = "gateway.example.com"
"""The name under which clients reach a gateway behind a proxy."""


class WellKnownUser(GatewayUser):
    """A client that reads metadata without a token, as the standards require."""

    area = "well-known"

    @task(2)
    def files(self) -> None:
        """Well-known files, at the root and below a virtual server."""
        self.call(
            "GET /.well-known/security.txt",
            bearer="",
            unlisted=True,
            check=lambda a: None if "Contact:" in a.text else expected("a contact", a.text),
        )
        self.call(
            "GET /.well-known/robots.txt",
            bearer="",
            unlisted=True,
            check=lambda a: None if "User-agent" in a.text else expected("rules for robots", a.text),
        )
        self.call(
            "GET /servers/{server_id}/.well-known/robots.txt",
            server_id=self.fixture.server_id or "",
            bearer="",
            unlisted=True,
            check=lambda a: None if "User-agent" in a.text else expected("rules for robots", a.text),
        )

    @task
    def protected_resource(self) -> None:
        """The metadata of a virtual server with OAuth names its authorization server."""
        issuer = "http://127.0.0.1:9/issuer"
        with self.created(
            "POST /servers",
            json={"server": {"name": self.name("server")}, "visibility": "public"},
            delete="DELETE /servers/{server_id}",
        ) as server:
            self.call(
                "PUT /servers/{server_id}",
                server_id=server.id,
                json={
                    "oauthEnabled": True,
                    "oauthConfig": {
                        "authorization_servers": [issuer],
                        "authorization_server": issuer,
                        "scopes_supported": ["openid"],
                    },
                },
            )
            path = f"servers/{server.id}/mcp"
            self.call(
                "GET /servers/{server_id}/.well-known/oauth-protected-resource",
                server_id=server.id,
                bearer="",
                check=lambda a: (
                    None
                    if str(a.headers.get("location")).endswith(path)
                    else expected("a redirect to the same path below", a.headers.get("location"))
                ),
            )
            self.call(
                "GET /.well-known/oauth-protected-resource/{path}",
                path=path,
                bearer="",
                check=lambda a: (
                    None
                    if a["resource"].endswith(path) and a["authorization_servers"] == [issuer]
                    else expected("the resource and its authorisation server", a.json)
                ),
            )
            if self.link.session.contract.prefix:
                self.call(
                    "GET /.well-known/oauth-protected-resource/{path}",
                    path=path,
                    bearer="",
                    headers={"X-Forwarded-Host": PROXY, "X-Forwarded-Proto": "https"},
                    check=has("resource", f"https://{PROXY}/{path}"),
                )

    @task
    def hidden_resource(self) -> None:
        """Without a token, there is nothing of a private or disabled server, and no metadata of one without OAuth."""
        oauth: dict[str, Any] = {"oauth_enabled": True, "oauth_config": OAUTH}
        nothing: dict[str, Any] = {}
        for scope, more in ((PRIVATE, oauth), (PUBLIC, oauth), (PUBLIC, nothing)):
            with self.created(
                "POST /servers",
                json=new_server(self.name("server"), scope=scope, **more),
                delete="DELETE /servers/{server_id}",
            ) as server:
                path = f"servers/{server.id}/mcp"
                metadata = "GET /.well-known/oauth-protected-resource/{path}"
                hidden: dict[str, Any] = {"bearer": "", "refusals": UNKNOWN, "effect": tells_nothing}
                if more and scope is PUBLIC:
                    self.call(metadata, bearer="", path=path)
                    switch = "POST /admin/servers/{server_id}/state"
                    self.call(switch, server_id=server.id, form={"activate": "false"})
                self.call(metadata, path=path, **hidden)
                if more:
                    robots = "GET /servers/{server_id}/.well-known/robots.txt"
                    self.call(robots, server_id=server.id, unlisted=True, **hidden)

    @task
    def retired(self) -> None:
        """The address used before RFC 9728, which contains no resource."""
        self.call(
            "GET /.well-known/oauth-protected-resource",
            bearer="",
            accept={404: "intentionally retired: the response names the path-based address of RFC 9728"},
        )


def tells_nothing(answer: Answer) -> Mismatch | None:
    """Check that there is nothing of a server, and no name of its authorization server."""
    right = answer.status in UNKNOWN and ISSUER not in answer.text
    return None if right else expected("nothing of a server that is hidden", answer.text)
