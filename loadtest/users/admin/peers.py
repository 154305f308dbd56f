"""Federated gateways, virtual servers and A2A agents by the forms of the admin UI."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.users.admin.checks import counts, finds, mentions, shows, succeeded, went_back
from loadtest.users.admin.forms import OFF, ON, PURGE, AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import DESCRIPTION, TEXT

CHANGED = "Changed by form."


class AdminServersUser(AdminUser):
    """A user who manages virtual servers."""

    area = "admin-servers"

    @task(2)
    def lifecycle(self) -> None:
        """A server with a tool is created and deleted."""
        with self._server() as form:
            server = form["id"]
            changed = form | {"description": CHANGED}
            self.call("POST /admin/servers/{server_id}/edit", server_id=server, form=changed, check=succeeded)
            self.call("GET /admin/servers/{server_id}", server_id=server, check=has("description", CHANGED))
            self.call("GET /admin/servers/partial", params={"q": form["name"]}, check=shows(server))

    @task
    def states(self) -> None:
        """A server that is disabled and enabled again."""
        with self._server() as form:
            server = form["id"]
            for state, enabled in ((OFF, False), (ON, True)):
                self.call(
                    "POST /admin/servers/{server_id}/state", server_id=server, form=state, check=went_back
                )
                self.call("GET /admin/servers/{server_id}", server_id=server, check=has("enabled", enabled))

    @contextmanager
    def _server(self) -> Iterator[dict[str, str]]:
        form = {
            "id": uuid.uuid4().hex,
            "name": self.name("server"),
            "description": DESCRIPTION,
            "associatedTools": self.fixture.tool_ids["echo"],
            "visibility": "public",
        }
        self.call("POST /admin/servers", form=form, check=succeeded)
        try:
            yield form
        finally:
            self.call(
                "POST /admin/servers/{server_id}/delete", server_id=form["id"], form=PURGE, check=went_back
            )


class AdminGatewaysUser(AdminUser):
    """A user who manages federated gateways."""

    area = "admin-gateways"

    @task(2)
    def lifecycle(self) -> None:
        """A gateway is created and deleted."""
        form = self._form()
        with self.made(
            "POST /admin/gateways",
            form,
            search="GET /admin/gateways/search",
            delete="POST /admin/gateways/{gateway_id}/delete",
        ) as gateway:
            changed = form | {"description": CHANGED}
            self.call(
                "POST /admin/gateways/{gateway_id}/edit", gateway_id=gateway, form=changed, check=succeeded
            )
            self.call(
                "GET /admin/gateways/{gateway_id}", gateway_id=gateway, check=has("description", CHANGED)
            )
            self.call("GET /admin/gateways/partial", params={"q": form["name"]}, check=shows(form["name"]))

    @task
    def states(self) -> None:
        """A gateway that is disabled and enabled again."""
        with self.made(
            "POST /admin/gateways",
            self._form(),
            search="GET /admin/gateways/search",
            delete="POST /admin/gateways/{gateway_id}/delete",
        ) as gateway:
            for state, enabled in ((OFF, False), (ON, True)):
                self.call(
                    "POST /admin/gateways/{gateway_id}/state", gateway_id=gateway, form=state, check=went_back
                )
                self.call(
                    "GET /admin/gateways/{gateway_id}", gateway_id=gateway, check=has("enabled", enabled)
                )

    @task
    def replaced(self) -> None:
        """A gateway that is changed and deleted by the API instead of a form."""
        if not self.offers("PUT /admin/gateways/{gateway_id}"):
            return
        form = self._form()
        made = self.call("POST /admin/gateways", json=form, check=succeeded)
        gateway = str(made["gateway.id"])
        try:
            self.call(
                "PUT /admin/gateways/{gateway_id}",
                gateway_id=gateway,
                json=form | {"description": CHANGED},
                check=has("gateway.description", CHANGED),
            )
        finally:
            self.call("DELETE /admin/gateways/{gateway_id}", gateway_id=gateway)

    @task
    def handed_over(self) -> None:
        """A gateway whose owner changes."""
        transfer = "POST /admin/gateways/{gateway_id}/transfer-ownership"
        if not self.offers(transfer):
            return
        with self.gateway() as gateway:
            owner = self.fixture.member.email if self.fixture.member else self.me
            self.call(
                transfer,
                gateway_id=gateway.id,
                json={"target_owner_email": owner},
                check=has("ownerEmail", owner),
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

    def _form(self) -> dict[str, str]:
        name = self.name("gateway")
        return {
            "name": name,
            "url": f"{self.backend('mcp_small')}?gateway={name}",
            "transport": "STREAMABLEHTTP",
            "description": DESCRIPTION,
            "visibility": "public",
        }


class AdminA2AUser(AdminUser):
    """A user who manages A2A agents."""

    area = "admin-a2a"

    @task(2)
    def lifecycle(self) -> None:
        """An agent is created, called and deleted."""
        form = self._form()
        with self._agent(form) as agent:
            changed = form | {"description": CHANGED}
            self.call("POST /admin/a2a/{agent_id}/edit", agent_id=agent, form=changed, check=succeeded)
            self.call("GET /admin/a2a/{agent_id}", agent_id=agent, check=has("description", CHANGED))
            self.call(
                "POST /admin/a2a/{agent_id}/test", agent_id=agent, json={"query": TEXT}, check=mentions(TEXT)
            )

    @task
    def states(self) -> None:
        """An agent that is disabled, enabled again and found in every list."""
        form = self._form()
        with self._agent(form) as agent:
            for state, enabled in ((OFF, False), (ON, True)):
                self.call("POST /admin/a2a/{agent_id}/state", agent_id=agent, form=state, check=went_back)
                self.call("GET /admin/a2a/{agent_id}", agent_id=agent, check=has("enabled", enabled))
            self.call("GET /admin/a2a/ids", check=counts("agent_ids", agent))
            self.call("GET /admin/a2a/partial", params={"q": form["name"]}, check=shows(form["name"]))
            self.call("GET /admin/a2a", check=finds("data.0.id"))

    @contextmanager
    def _agent(self, form: dict[str, str]) -> Iterator[str]:
        with self.made(
            "POST /admin/a2a",
            form,
            search="GET /admin/a2a/search",
            delete="POST /admin/a2a/{agent_id}/delete",
        ) as agent:
            yield agent

    def _form(self) -> dict[str, str]:
        return {
            "name": self.name("agent"),
            "endpoint_url": self.backend("a2a"),
            "agent_type": "jsonrpc",
            "description": DESCRIPTION,
            "visibility": "public",
        }
