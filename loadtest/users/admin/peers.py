"""Federated gateways, virtual servers and A2A agents by the forms of the admin UI."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from loadtest.client.caller import Check
from loadtest.users.admin.checks import GONE, is_gone, mentions, succeeded
from loadtest.users.admin.forms import AdminUser, Kind
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import DESCRIPTION, TEXT

SERVERS = Kind(
    create="POST /admin/servers",
    state="POST /admin/servers/{server_id}/state",
    delete="POST /admin/servers/{server_id}/delete",
    search="GET /admin/servers/partial",
    listed="GET /admin/servers",
    item="GET /admin/servers/{server_id}",
    group="servers",
    partial="GET /admin/servers/partial",
    limit="per_page",
)
"""Their search is the table, because the address of the search is one of a server (a known failure)."""
GATEWAYS = Kind(
    create="POST /admin/gateways",
    state="POST /admin/gateways/{gateway_id}/state",
    delete="POST /admin/gateways/{gateway_id}/delete",
    search="GET /admin/gateways/search",
    listed="GET /admin/gateways",
    item="GET /admin/gateways/{gateway_id}",
    group="gateways",
    partial="GET /admin/gateways/partial",
    ids="GET /admin/gateways/ids",
    ids_at="gateway_ids",
)
AGENTS = Kind(
    create="POST /admin/a2a",
    state="POST /admin/a2a/{agent_id}/state",
    delete="POST /admin/a2a/{agent_id}/delete",
    search="GET /admin/a2a/search",
    listed="GET /admin/a2a",
    item="GET /admin/a2a/{agent_id}",
    group="agents",
    partial="GET /admin/a2a/partial",
    ids="GET /admin/a2a/ids",
    ids_at="agent_ids",
)
CHANGED = {"description": "Changed by form.", "tags": "changed", "visibility": "private"}
OAUTH = {
    "oauth_enabled": "on",
    "oauth_authorization_server": "https://oauth.example.com",
    "oauth_scopes": "openid email",
    "oauth_token_endpoint": "https://oauth.example.com/token",
    "oauth_audience": "load-test",
}
OAUTH_STORED = {
    "oauthEnabled": True,
    "oauthConfig.authorization_servers": ["https://oauth.example.com"],
    "oauthConfig.scopes_supported": ["openid", "email"],
    "oauthConfig.token_endpoint": "https://oauth.example.com/token",
    "oauthConfig.audience": "load-test",
}


class AdminServersUser(AdminUser):
    """A user who manages virtual servers."""

    area = "admin-servers"

    @task(2)
    def lifecycle(self) -> None:
        """A server with a tool is created, changed and deleted; every field of its forms is stored."""
        name, tool = self.name("server"), self.fixture.tool_ids["echo"]
        form = new_server_form(name) | {"associatedTools": tool}
        with self.made(SERVERS, form, stored=stored_server(form) | {"associatedToolIds": [tool]}) as server:
            changed = form | CHANGED | {"name": f"{name}-changed", "icon": "https://example.com/changed.png"}
            changed |= {"associatedTools": self.fixture.tool_ids["slow"]}
            more = {"associatedToolIds": [changed["associatedTools"]]} | OAUTH_STORED
            edited = self.stores(SERVERS, server.id, stored_server(changed) | more)
            edit = "POST /admin/servers/{server_id}/edit"
            self.form(edit, server.id, changed | OAUTH, check=succeeded, effect=edited)

    @task
    def states(self) -> None:
        """A server of a team, and a public one that is disabled and enabled again, in every list."""
        self.in_lists(SERVERS, new_server_form)


class AdminGatewaysUser(AdminUser):
    """A user who manages federated gateways."""

    area = "admin-gateways"

    @task(2)
    def lifecycle(self) -> None:
        """A gateway is created, changed and deleted; every field of its forms is stored."""
        name = self.name("gateway")
        form = self._form(name) | {
            "auth_type": "bearer",
            "auth_token": "unused",
            "passthrough_headers": '["X-New"]',
        }
        made = stored_gateway(form) | {"passthroughHeaders": ["X-New"], "authType": "bearer"}
        with self.made(GATEWAYS, form, stored=made) as gateway:
            changed = self._form(f"{name}-changed") | CHANGED | BASIC
            edited = self.stores(GATEWAYS, gateway.id, stored_gateway(changed) | BASIC_STORED)
            edit = "POST /admin/gateways/{gateway_id}/edit"
            self.form(edit, gateway.id, changed, check=succeeded, effect=edited)

    @task
    def states(self) -> None:
        """A gateway of a team, and a public one that is disabled and enabled again, in every list."""
        self.in_lists(GATEWAYS, self._form)

    @task
    def replaced(self) -> None:
        """A gateway that is changed and deleted by the API instead of a form."""
        if not self.offers("PUT /admin/gateways/{gateway_id}"):
            return
        form = self._form(self.name("gateway")) | {"tags": ["loadtest"]}
        made = self.call("POST /admin/gateways", json=form, check=succeeded)
        gateway = str(made["gateway.id"])
        path = {"gateway_id": gateway}
        try:
            changed = self._form(f"{form['name']}-changed") | CHANGED | {"tags": ["changed"]}
            stored = self.stores(GATEWAYS, gateway, stored_gateway(changed) | {"tags": ["changed"]})
            done = has("gateway.id", gateway)
            self.call("PUT /admin/gateways/{gateway_id}", **path, json=changed, check=done, effect=stored)
        finally:
            gone = self._gone(gateway)
            self.call("DELETE /admin/gateways/{gateway_id}", **path, effect=gone)

    def _gone(self, gateway: str) -> Check:
        """Return a check that a gateway does not exist."""
        return lambda _: is_gone(self.call(GATEWAYS.item, gateway_id=gateway, refusals=GONE))

    @task
    def handed_over(self) -> None:
        """A gateway whose owner changes."""
        transfer = "POST /admin/gateways/{gateway_id}/transfer-ownership"
        if not self.offers(transfer):
            return
        with self.gateway() as gateway:
            owner = self.fixture.member.email if self.fixture.member else self.me
            body = {"target_owner_email": owner}
            stored = self.stores(GATEWAYS, gateway.id, {"ownerEmail": owner})
            self.call(
                transfer, gateway_id=gateway.id, json=body, check=has("ownerEmail", owner), effect=stored
            )

    @task
    def connection(self) -> None:
        """Check whether a gateway responds, before it is registered."""
        wanted = {"method": "GET", "base_url": self.backend("rest"), "path": "/openapi.json"}
        self.call("POST /admin/gateways/test", json=wanted, check=has("statusCode", 200))

    @task
    def oauth_discovery(self) -> None:
        """Discovery of the endpoints of an OAuth provider."""
        issuer = self.backend("oauth")
        self.call("POST /admin/gateways/discover-oauth", json={"issuer": issuer}, check=succeeded)

    def _form(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "url": f"{self.backend('mcp_small')}?gateway={name}",
            "transport": "STREAMABLEHTTP",
            "description": DESCRIPTION,
            "tags": "loadtest",
            "visibility": "public",
        }


class AdminA2AUser(AdminUser):
    """A user who manages A2A agents."""

    area = "admin-a2a"

    @task(2)
    def lifecycle(self) -> None:
        """An agent is created, called, changed and deleted; every field of its forms is stored."""
        name = self.name("agent")
        form = self._form(name) | {
            "auth_type": "bearer",
            "auth_token": "unused",
            "passthrough_headers": '["X-New"]',
        }
        made = stored_agent(form) | {"passthroughHeaders": ["X-New"], "authType": "bearer"}
        with self.made(AGENTS, form, stored=made) as agent:
            query = {"query": TEXT}
            self.call("POST /admin/a2a/{agent_id}/test", agent_id=agent.id, json=query, check=mentions(TEXT))
            changed = self._form(f"{name}-changed") | CHANGED | BASIC | CHANGED_AGENT
            edited = self.stores(
                AGENTS, agent.id, stored_agent(changed) | BASIC_STORED | CHANGED_AGENT_STORED
            )
            self.form("POST /admin/a2a/{agent_id}/edit", agent.id, changed, check=succeeded, effect=edited)

    @task
    def states(self) -> None:
        """An agent of a team, and a public one that is disabled and enabled again, in every list."""
        self.in_lists(AGENTS, self._form)

    def _form(self, name: str) -> dict[str, str]:
        return {
            "name": name,
            "endpoint_url": self.backend("a2a"),
            "agent_type": "jsonrpc",
            "description": DESCRIPTION,
            "tags": "loadtest",
            "visibility": "public",
        }


BASIC = {
    "auth_type": "basic",
    "auth_username": "load-test",
    "auth_password": "unused",
    "passthrough_headers": '["X-Changed"]',
}
BASIC_STORED = {"authType": "basic", "authUsername": "load-test", "passthroughHeaders": ["X-Changed"]}
CHANGED_AGENT = {
    "agent_type": "generic",
    "protocol_version": "0.3",
    "capabilities": '{"streaming": true}',
    "config": '{"changed": 1}',
}
CHANGED_AGENT_STORED = {
    "agentType": "generic",
    "protocolVersion": "0.3",
    "capabilities": {"streaming": True},
    "config": {"changed": 1},
}


def new_server_form(name: str) -> dict[str, str]:
    """Return the form of a new virtual server, which sets its id."""
    return {
        "id": uuid.uuid4().hex,
        "name": name,
        "description": DESCRIPTION,
        "icon": "https://example.com/icon.png",
        "tags": "loadtest",
        "visibility": "public",
    }


def stored_server(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of the server that a form describes."""
    same = ("name", "description", "icon", "visibility")
    return {key: form[key] for key in same} | {"tags": [form["tags"]], "enabled": True}


def stored_gateway(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of the gateway that a form describes; its address names this machine."""
    same = ("name", "description", "transport", "visibility")
    url = form["url"].replace("127.0.0.1", "localhost")
    return {key: form[key] for key in same} | {"url": url, "tags": [form["tags"]], "enabled": True}


def stored_agent(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of the agent that a form describes."""
    same = ("name", "description", "visibility")
    return {key: form[key] for key in same} | {
        "endpointUrl": form["endpoint_url"],
        "agentType": form["agent_type"],
        "tags": [form["tags"]],
        "enabled": True,
    }
