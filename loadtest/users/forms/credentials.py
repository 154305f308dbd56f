"""Credentials in the forms of the admin UI: stored, shown masked, and sent to the service."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from loadtest.client.caller import Check
from loadtest.users.admin.checks import succeeded
from loadtest.users.admin.forms import AdminUser
from loadtest.users.admin.peers import (
    AGENTS,
    GATEWAYS,
    new_agent_form,
    new_gateway_form,
    stored_agent,
    stored_gateway,
)
from loadtest.users.admin.tools import TOOLS, new_form
from loadtest.users.base import task
from loadtest.users.federation.checks import echoed
from loadtest.users.registry.fixtures import MASK, PRIVATE, without_scope

EDIT_TOOL = "POST /admin/tools/{tool_id}/edit"
EDIT_GATEWAY = "POST /admin/gateways/{gateway_id}/edit"
EDIT_AGENT = "POST /admin/a2a/{agent_id}/edit"
PASSED_ON = {"passthrough_headers": "X-Passed, X-Other"}
PASSED_ON_STORED = {"passthroughHeaders": ["X-Passed", "X-Other"]}


class FormCredentialsUser(AdminUser):
    """A user of the admin UI who enters credentials."""

    area = "admin-credentials"

    @task
    def of_tool(self) -> None:
        """A tool with two headers, a token, other headers, and a password, each of which its service receives."""
        address = f"{self.backend('rest_shapes')}/received"
        form = new_form(self.name("tool"), "") | {"url": address, "output_schema": ""}
        token, password = self.secret(), self.secret()
        first = {"X-First": self.secret(), "X-Second": self.secret()}
        with self.made(TOOLS, form | headers_form(first)) as tool:
            name = str(self.call(TOOLS.item, tool_id=tool.id)["name"])
            self.sends(name, {key.lower(): value for key, value in first.items()})
            bearer = {"auth_type": "bearer", "auth_token": token}
            self.form(EDIT_TOOL, tool.id, form | bearer, check=succeeded)
            self.sends(name, {"authorization": f"Bearer {token}"})
            own = {"X-One": self.secret(), "X-Two": self.secret()}
            shown = {"auth.authType": "authheaders", "auth.authHeaders": masked(*own)}
            edited = self.stores(TOOLS, tool.id, shown)
            self.form(EDIT_TOOL, tool.id, form | headers_form(own), check=succeeded, effect=edited)
            self.sends(name, {key.lower(): value for key, value in own.items()})
            basic = {"auth_type": "basic", "auth_username": "lt-user", "auth_password": password}
            edited = self.stores(TOOLS, tool.id, {"auth.authType": "basic", "auth.username": "lt-user"})
            self.form(EDIT_TOOL, tool.id, form | basic, check=succeeded, effect=edited)
            pair = base64.b64encode(f"lt-user:{password}".encode()).decode()
            self.sends(name, {"authorization": f"Basic {pair}"})

    def sends(self, tool: str, headers: Mapping[str, str]) -> None:
        """Call a tool, whose service must receive these ``headers`` and answers with what it received."""
        sent: Check = echoed("headers", dict(headers))
        self.rpc("POST /rpc tools/call", {"name": tool, "arguments": {"text": "a"}}, check=sent)

    @task
    def of_gateway_with_oauth(self) -> None:
        """A gateway whose users sign in at a provider; every field of its form is stored."""
        config = {
            "grant_type": "authorization_code",
            "issuer": self.backend("oauth"),
            "token_url": f"{self.backend('oauth')}/token",
            "authorization_url": f"{self.backend('oauth')}/authorize",
            "redirect_uri": f"{self.link.session.host}/oauth/callback",
            "client_id": "lt-client",
        }
        fields = {f"oauth_{name}": value for name, value in config.items()}
        form = self.gateway_form() | fields | {"oauth_scopes": "read, write"}
        form |= {"oauth_client_secret": self.secret()}
        kind = GATEWAYS._replace(item="GET /gateways/{gateway_id}")
        shown = {f"oauthConfig.{name}": value for name, value in config.items()}
        stored = stored_gateway(form) | shown | {"authType": "oauth", "oauthConfig.scopes": ["read", "write"]}
        with self.made(kind, form, stored=stored):
            pass

    @task
    def of_gateway(self) -> None:
        """A private gateway with two headers of its own, and then with one other."""
        form, own = self.gateway_form() | PASSED_ON, {"X-One": self.secret(), "X-Two": self.secret()}
        stored = stored_gateway(form) | stored_headers(*own) | PASSED_ON_STORED | PRIVATE
        new = without_scope(form | headers_form(own))
        with self.made(GATEWAYS, new, stored=stored) as gateway:
            changed = form | headers_form({"X-Other": self.secret()})
            edited = self.stores(GATEWAYS, gateway.id, stored_headers("X-Other") | PASSED_ON_STORED)
            self.form(EDIT_GATEWAY, gateway.id, changed, check=succeeded, effect=edited)

    @task
    def of_agent(self) -> None:
        """A private agent with two headers of its own, and then with one other."""
        form = new_agent_form(self.name("agent"), self.backend("a2a")) | PASSED_ON
        own = {"X-One": self.secret(), "X-Two": self.secret()}
        stored = stored_agent(form) | stored_headers(*own) | PASSED_ON_STORED | PRIVATE
        new = without_scope(form | headers_form(own))
        with self.made(AGENTS, new, stored=stored) as agent:
            changed = form | headers_form({"X-Other": self.secret()})
            edited = self.stores(AGENTS, agent.id, stored_headers("X-Other") | PASSED_ON_STORED)
            self.form(EDIT_AGENT, agent.id, changed, check=succeeded, effect=edited)

    def gateway_form(self) -> dict[str, str]:
        """Return the form of a new gateway."""
        return new_gateway_form(self.name("gateway"), self.backend("mcp_small"))


def headers_form(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a form for credentials in these ``headers``."""
    listed = [{"key": name, "value": value} for name, value in headers.items()]
    return {"auth_type": "authheaders", "auth_headers": msgspec.json.encode(listed).decode()}


def masked(*names: str) -> list[dict[str, str]]:
    """Return how credentials in headers of these ``names`` are shown."""
    return [{"key": name, "value": MASK} for name in names]


def stored_headers(*names: str) -> dict[str, Any]:
    """Return the members of a gateway or an agent with credentials in headers of these ``names``."""
    return {"authType": "authheaders", "authHeaderKey": names[0], "authHeaders": masked(*names)}
