"""Federated gateways, virtual servers, A2A agents and gRPC services, as the admin UI keeps them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import GONE, finds, has_check, is_gone, mentions, succeeded, tags_of
from loadtest.users.admin.forms import AdminUser, Kind
from loadtest.users.admin.lists import MOST, Shown, has_among, is_page, only
from loadtest.users.base import named, task
from loadtest.users.checks import both, has, lists_only
from loadtest.users.read_back import Item, Listed
from loadtest.users.recorded import is_recorded
from loadtest.users.registry.fixtures import (
    DESCRIPTION,
    TEXT,
    new_agent,
    new_connection_test,
    new_gateway,
    new_server,
    of_team,
)

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
    shows_inactive=True,
    edit="POST /admin/servers/{server_id}/edit",
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
    shows_inactive=True,
    edit="POST /admin/gateways/{gateway_id}/edit",
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
    edit="POST /admin/a2a/{agent_id}/edit",
)
KEPT_HEADERS = '["X-Kept"]'
CHANGED = {"description": "Changed by form.", "tags": "changed, by-form", "visibility": "private"}
OAUTH = {
    "oauth_enabled": "on",
    "oauth_authorization_server": "https://oauth.example.com",
    "oauth_scopes": "openid email",
    "oauth_token_endpoint": "https://oauth.example.com/token",
}
OAUTH_STORED = {
    "oauthEnabled": True,
    "oauthConfig.authorization_servers": ["https://oauth.example.com"],
    "oauthConfig.scopes_supported": ["openid", "email"],
    "oauthConfig.token_endpoint": "https://oauth.example.com/token",
}


class AdminServersUser(AdminUser):
    """A user who manages virtual servers."""

    area = "admin-servers"

    @task(2)
    def lifecycle(self) -> None:
        """A server with a tool is created, changed and deleted; every field of its forms is stored."""
        name, tool = self.name("server"), self.fixture.tool_ids["echo"]
        form = new_server_form(name) | {"associatedTools": tool}
        with self.made(SERVERS, form, stored=stored_server(form)) as server:
            has_tool = lists_only(tool)
            self.call("GET /servers/{server_id}/tools", server_id=server.id, check=has_tool)
            changed = form | CHANGED | {"name": f"{name}-changed", "icon": "https://example.com/changed.png"}
            changed |= {"associatedTools": self.fixture.tool_ids["slow"]}
            edited = self.stores(SERVERS, server.id, stored_server(changed) | OAUTH_STORED)
            edit = "POST /admin/servers/{server_id}/edit"
            self.form(edit, server.id, changed | OAUTH, check=succeeded, effect=edited)
            self.lists_own(SERVERS, Shown(server.id, changed["name"]))
            has_tool = lists_only(self.fixture.tool_ids["slow"])
            self.call("GET /servers/{server_id}/tools", server_id=server.id, check=has_tool)

    @task
    def associated(self) -> None:
        """A server shows the ids of its tools, and of others after a change."""
        tool, other = self.fixture.tool_ids["echo"], self.fixture.tool_ids["slow"]
        form = new_server_form(self.name("server")) | {"associatedTools": tool}
        with self.made(SERVERS, form, stored={"associatedToolIds": [tool]}) as server:
            edited = self.stores(SERVERS, server.id, {"associatedToolIds": [other]})
            edit = "POST /admin/servers/{server_id}/edit"
            changed = form | {"associatedTools": other}
            self.form(edit, server.id, changed, check=succeeded, effect=edited)

    @task
    def audience(self) -> None:
        """A server whose OAuth tokens must be for an audience."""
        form = new_server_form(self.name("server"))
        with self.made(SERVERS, form) as server:
            stored = OAUTH_STORED | {"oauthConfig.audience": "load-test"}
            edited = self.stores(SERVERS, server.id, stored)
            edit = "POST /admin/servers/{server_id}/edit"
            changed = form | OAUTH | {"oauth_audience": "load-test"}
            self.form(edit, server.id, changed, check=succeeded, effect=edited)

    @task
    def states(self) -> None:
        """A server of a team, and a public one that is disabled and enabled again, in every list."""
        self.in_lists(SERVERS, new_server_form)

    @task
    def of_other(self) -> None:
        """A server of another member of a team, with an agent, that is changed by form."""
        with self.agent() as agent:
            form = {key: value for key, value in new_server_form(self.name("server")).items() if key != "id"}
            more = {"associated_a2a_agents": [agent.id], "icon": form["icon"]}
            self.changes_of_other(
                SERVERS,
                "POST /servers",
                lambda scope: new_server(form["name"], scope=scope, **more),
                "POST /admin/servers/{server_id}/edit",
                form,
                delete="DELETE /servers/{server_id}",
                read=Item("GET /servers/{server_id}"),
            )


class AdminGatewaysUser(AdminUser):
    """A user who manages federated gateways."""

    area = "admin-gateways"

    @task(2)
    def lifecycle(self) -> None:
        """A gateway is created, changed and deleted; every field of its forms is stored."""
        name = self.name("gateway")
        form = self._form(name) | {
            "auth_type": "bearer",
            "auth_token": self.secret(),
            "passthrough_headers": '["X-New"]',
        }
        made = stored_gateway(form) | {"passthroughHeaders": ["X-New"], "authType": "bearer"}
        with self.made(GATEWAYS, form, stored=made) as gateway:
            changed = self._form(f"{name}-changed") | CHANGED | BASIC | {"auth_password": self.secret()}
            edited = self.stores(GATEWAYS, gateway.id, stored_gateway(changed) | BASIC_STORED)
            edit = "POST /admin/gateways/{gateway_id}/edit"
            self.form(edit, gateway.id, changed, check=succeeded, effect=edited)
            self.lists_own(GATEWAYS, Shown(gateway.id, changed["name"]))

    @task
    def states(self) -> None:
        """A gateway of a team, and a public one that is disabled and enabled again, in every list."""
        self.in_lists(GATEWAYS, self._form)

    @task
    def of_other(self) -> None:
        """A gateway of another member of a team that is changed by form."""
        token = self.secret()
        own = {"auth_type": "bearer", "auth_token": token, "passthrough_headers": KEPT_HEADERS}
        form = self._form(self.name("gateway")) | own
        every = {"authType": "bearer", "authToken": token, "passthroughHeaders": ["X-Kept"]}
        more = self.spelled("POST /gateways", every)
        self.changes_of_other(
            GATEWAYS,
            "POST /gateways",
            lambda scope: new_gateway(form["name"], self.backend("mcp_small"), scope=scope, **more),
            "POST /admin/gateways/{gateway_id}/edit",
            form,
            delete="DELETE /gateways/{gateway_id}",
            read=Item("GET /gateways/{gateway_id}"),
        )

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
            changed = self._form(f"{form['name']}-changed") | CHANGED
            stored = self.stores(GATEWAYS, gateway, stored_gateway(changed))
            done = has("gateway.id", gateway)
            self.call(
                "PUT /admin/gateways/{gateway_id}", **named(path), json=changed, check=done, effect=stored
            )
        finally:
            gone = self._gone(gateway)
            self.call("DELETE /admin/gateways/{gateway_id}", **named(path), effect=gone)

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
        text = {"text": self.name("text")}
        posted = new_connection_test(self.backend("rest"), text)
        known = self.documented("POST /admin/gateways/test", posted)
        if known == posted:
            self.call(
                "POST /admin/gateways/test",
                json=posted,
                check=both(has("statusCode", 200), has("body", text)),
            )

    @task
    def oauth_discovery(self) -> None:
        """Discovery of the endpoints of an OAuth provider, and of a service that is none."""
        discover, issuer = "POST /admin/gateways/discover-oauth", self.backend("oauth")
        self.call(discover, json={"issuer": issuer}, check=succeeded)
        none = {"issuer": self.backend("rest")}
        self.call(discover, json=none, refusals=FAILED_TEST, check=is_failed_test, effect=is_failed_test)

    def _form(self, name: str) -> dict[str, Any]:
        return {**new_gateway_form(name, self.backend("mcp_small"))}


class AdminA2AUser(AdminUser):
    """A user who manages A2A agents."""

    area = "admin-a2a"

    @task(2)
    def lifecycle(self) -> None:
        """An agent is created, called, changed and deleted; every field of its forms is stored."""
        name = self.name("agent")
        form = self._form(name) | {
            "auth_type": "bearer",
            "auth_token": self.secret(),
            "passthrough_headers": '["X-New"]',
        }
        made = stored_agent(form) | {"passthroughHeaders": ["X-New"], "authType": "bearer"}
        with self.made(AGENTS, form, stored=made) as agent:
            query = {"query": TEXT}
            self.call("POST /admin/a2a/{agent_id}/test", agent_id=agent.id, json=query, check=mentions(TEXT))
            changed = (
                self._form(f"{name}-changed")
                | CHANGED
                | BASIC
                | {"auth_password": self.secret()}
                | CHANGED_AGENT
            )
            edited = self.stores(
                AGENTS, agent.id, stored_agent(changed) | BASIC_STORED | CHANGED_AGENT_STORED
            )
            self.form("POST /admin/a2a/{agent_id}/edit", agent.id, changed, check=succeeded, effect=edited)
            self.lists_own(AGENTS, Shown(agent.id, changed["name"]))

    @task
    def tested(self) -> None:
        """An agent of a team is tested; while it is disabled, the test says what is wrong."""
        with self.team() as team, self.agent(scope=of_team(team.id)) as agent:
            test, query = "POST /admin/a2a/{agent_id}/test", {"query": TEXT}
            self.call(test, agent_id=agent.id, json=query, check=mentions(TEXT))
            self.call("POST /a2a/{agent_id}/state", agent_id=agent.id, params={"activate": False})
            failed: dict[str, Any] = {"check": is_failed_test, "effect": is_failed_test}
            self.call(test, agent_id=agent.id, json=query, refusals=FAILED_TEST, **failed)

    @task
    def states(self) -> None:
        """An agent of a team, and a public one that is disabled and enabled again, in every list."""
        self.in_lists(AGENTS, self._form)

    @task
    def of_other(self) -> None:
        """An agent of another member of a team that is changed by form."""
        own = {"auth_type": "bearer", "auth_token": self.secret(), "agent_type": "jsonrpc"}
        form = self._form(self.name("agent")) | own | {"passthrough_headers": KEPT_HEADERS}
        more = {**own, "passthrough_headers": ["X-Kept"]}
        self.changes_of_other(
            AGENTS,
            "POST /a2a",
            lambda scope: new_agent(form["name"], form["endpoint_url"], scope=scope, **more),
            "POST /admin/a2a/{agent_id}/edit",
            form,
            delete="DELETE /a2a/{agent_id}",
            read=Item("GET /a2a/{agent_id}"),
        )

    def _form(self, name: str) -> dict[str, str]:
        return new_agent_form(name, self.backend("a2a"))


BASIC = {
    "auth_type": "basic",
    "auth_username": "load-test",
    "passthrough_headers": "X-Changed, X-Other",
}
BASIC_STORED = {
    "authType": "basic",
    "authUsername": "load-test",
    "passthroughHeaders": ["X-Changed", "X-Other"],
}
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


FAILED_TEST = (502, 503)
"""Statuses of the test of an agent that does not answer, and of a discovery at a service that offers none."""


def is_failed_test(answer: Answer) -> Mismatch | None:
    """Check that the test of an agent that does not answer, or a discovery, failed, with the reason."""
    if answer.status not in FAILED_TEST:
        return expected("the test of a service that does not answer to fail", answer.status)
    failed = answer["success"] is False and bool(answer["error"])
    return None if failed else expected("the reason why the test failed", answer.json)


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


def new_gateway_form(name: str, address: str) -> dict[str, str]:
    """Return the form of a new gateway, whose server is at this ``address``."""
    return {
        "name": name,
        "url": f"{address}?gateway={name}",
        "transport": "STREAMABLEHTTP",
        "description": DESCRIPTION,
        "tags": "loadtest",
        "visibility": "public",
    }


def new_agent_form(name: str, address: str) -> dict[str, str]:
    """Return the form of a new agent at this ``address``."""
    return {
        "name": name,
        "endpoint_url": address,
        "agent_type": "jsonrpc",
        "description": DESCRIPTION,
        "tags": "loadtest",
        "visibility": "public",
    }


def stored_server(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of the server that a form describes."""
    same = ("name", "description", "icon", "visibility")
    return {key: form[key] for key in same} | {"tags": tags_of(form), "enabled": True}


def stored_gateway(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of the gateway that a form describes; its address names this machine."""
    same = ("name", "description", "transport", "visibility")
    url = form["url"].replace("127.0.0.1", "localhost")
    return {key: form[key] for key in same} | {"url": url, "tags": tags_of(form), "enabled": True}


def stored_agent(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of the agent that a form describes."""
    same = ("name", "description", "visibility")
    return {key: form[key] for key in same} | {
        "endpointUrl": form["endpoint_url"],
        "agentType": form["agent_type"],
        "tags": tags_of(form),
        "enabled": True,
    }


GRPC_CHANGES: tuple[dict[str, Any], ...] = (
    {
        "target": "127.0.0.1:1",
        "reflection_enabled": True,
        "visibility": "private",
        "grpc_metadata": {"x-load-test": "changed"},
        "tls_enabled": True,
        "tls_cert_path": "/nonexistent/cert.pem",
        "tls_key_path": "/nonexistent/key.pem",
    },
    {"reflection_enabled": False, "visibility": "public", "tls_enabled": False},
    {"visibility": "team"},
)
"""Changes of a service that is not called any more."""
SERVICES = Listed("GET /admin/grpc", at="data", params={"per_page": MOST, "include_inactive": True})


class AdminGrpcUser(AdminUser):
    """A user who manages gRPC services."""

    area = "admin-grpc"

    @task
    def lifecycle(self) -> None:
        """A service is registered, its methods learned, and deleted."""
        with self._service() as service:
            path = {"service_id": service.id}
            learned = both(has("reachable", True), is_recorded("last_reflection"), counts_discovered)
            self.call("POST /admin/grpc/{service_id}/reflect", **named(path), check=learned)
            self.call("GET /admin/grpc/{service_id}/methods", **named(path), check=has_check)
            changed = {"description": "Changed.", "name": f"{service['name']}-changed", "tags": ["changed"]}
            self.update("PUT /admin/grpc/{service_id}", read=SERVICES, service_id=service.id, json=changed)
            for more in GRPC_CHANGES:
                self.update("PUT /admin/grpc/{service_id}", read=SERVICES, service_id=service.id, json=more)
            state, off = "POST /admin/grpc/{service_id}/state", {"activate": False}
            self.update(state, service_id=service.id, params=off, read=SERVICES, values={"enabled": False})
            shown = Shown(service.id, f"{service['name']}-changed", enabled=False)
            active = {"per_page": MOST, "page": 1, "include_inactive": False}
            self.call("GET /admin/grpc", params=active, check=has_among(without=[shown]))
            on = {"activate": True}
            self.update(state, service_id=service.id, params=on, read=SERVICES, values={"enabled": True})
            self.call("GET /admin/grpc", params=active, check=has_among(shown._replace(enabled=True)))

    @task
    def pages(self) -> None:
        """Two services on different pages of the list, and in that of their team."""
        with self.team() as team:
            owned = of_team(team.id)
            with self._service(**owned) as one, self._service(**owned) as other:
                first = self.call("GET /admin/grpc", params={"per_page": MOST}, check=finds("data.1.id"))
                turned = self.differs("GET /admin/grpc", str(first["data.0.id"]))
                second = {"page": 2, "per_page": 1, "include_inactive": True}
                self.call("GET /admin/grpc", params=second, check=is_page(2, 1), effect=turned)
                self.call(
                    "GET /admin/grpc",
                    params={"team_id": team.id},
                    check=only(Shown(one.id, one["name"]), Shown(other.id, other["name"]), at="data"),
                )

    @task
    def properties(self) -> None:
        """Services with every property, in every visibility."""
        for visibility in ("private", "public"):
            more = {
                "visibility": visibility,
                "tags": ["loadtest"],
                "owner_email": self.me,
                "grpc_metadata": {"x-load-test": "true"},
                "reflection_enabled": visibility == "public",
                "tls_enabled": False,
            }
            with self._service(**more):
                pass

    @task
    def details(self) -> None:
        """One service by its id."""
        with self._service() as service:
            self.call("GET /admin/grpc/{service_id}", service_id=service.id, check=has("id", service.id))

    @contextmanager
    def _service(self, **more: Any) -> Iterator[Answer]:
        new = {
            "name": self.name("grpc"),
            "target": self.backend("grpc"),
            "description": DESCRIPTION,
            "reflection_enabled": False,
        } | more
        delete = "POST /admin/grpc/{service_id}/delete"
        with self.created("POST /admin/grpc", json=new, delete=delete, read=SERVICES) as service:
            yield service


def counts_discovered(answer: Answer) -> Mismatch | None:
    """Check that the numbers of services and methods are those of the services that were discovered."""
    services = [one for one in answer["discovered_services"].values() if isinstance(one, dict)]
    methods = sum(len(one["methods"]) for one in services)
    wanted = {"service_count": len(services), "method_count": methods}
    found = {key: answer[key] for key in wanted}
    return None if services and methods and found == wanted else expected(f"{wanted}, none of them 0", found)
