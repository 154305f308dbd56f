"""Base of the registry's users: an entity of each kind, created for one scenario and deleted after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.auth import limited_token
from loadtest.users.access.checks import DENIED, is_denied
from loadtest.users.base import named
from loadtest.users.checks import enabled, finishes_list, lists_only, starts_list
from loadtest.users.checks import has as has
from loadtest.users.read_back import Item, ReadBack
from loadtest.users.teams import TeamOwner

INFO = Item("GET /resources/{resource_id}/info")
"""The properties of a resource; ``GET /resources/{resource_id}`` returns its content."""
ADDRESS = ("url",)
"""The gateway stores the address of a local service as ``localhost``."""
PARTS = ("associated_tools",)
"""The gateway shows the names of the tools, not the ids that were sent."""

DESCRIPTION = "Made by the load test, deleted within seconds."
EVERY: dict[str, Any] = {"include_inactive": True, "limit": 0}
"""The query for a whole list."""
MASK = "*****"
"""What the gateway shows instead of a secret; sent back, it means the one that is stored."""
TAG = "loadtest"
TEXT = "a text of the load test"

PUBLIC = {"visibility": "public"}
IS_PUBLIC = has("visibility", "public")
"""Check of a new entity whose body does not state who sees it."""

PURGE_METRICS = {"params": {"purge_metrics": True}}
"""Arguments of a deletion that deletes the entity's metrics, too."""
KEEP_METRICS = {"params": {"purge_metrics": False}}
"""Arguments of a deletion that keeps the entity's metrics, as by default."""


def of_team(team: str) -> dict[str, str]:
    """Return the scope of an entity that only the members of ``team`` see."""
    return {"team_id": team, "visibility": "team"}


PRIVATE = {"visibility": "private"}


def at_other_server(server: str | None) -> dict[str, Any]:
    """Return the arguments of a call that uses an entity at a virtual ``server`` that does not have it."""
    denied = is_denied("an entity that the virtual server does not have")
    return {"headers": {"X-Server-ID": server or ""}, "refusals": DENIED, "effect": denied}


def camel(name: str) -> str:
    """Return ``auth_type`` as ``authType``."""
    first, *others = name.split("_")
    return first + "".join(one.title() for one in others)


TEXT_ARGUMENT = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "what to answer with"}},
    "required": ["text"],
}


def without_scope(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a new entity without a visibility, also in a wrapper such as ``{"tool": {...}}``."""
    return {
        key: without_scope(value) if isinstance(value, Mapping) and "name" in value else value
        for key, value in body.items()
        if key != "visibility"
    }


def new_tool(name: str, service: str, *, scope: Mapping[str, str] = PUBLIC, **more: Any) -> dict[str, Any]:
    """Return the body of a REST tool that echoes a text by way of the REST service at ``service``."""
    tool = {
        "name": name,
        "url": f"{service}/echo",
        "description": DESCRIPTION,
        "integration_type": "REST",
        "request_type": "POST",
        "inputSchema": TEXT_ARGUMENT,
        "tags": [TAG],
        "visibility": scope["visibility"],
    }
    return {"tool": tool | more} | {k: v for k, v in scope.items() if k == "team_id"}


def new_resource(name: str, *, scope: Mapping[str, str] = PUBLIC, **more: Any) -> dict[str, Any]:
    """Return the body of a resource with a short text."""
    resource = {
        "uri": f"loadtest://{name}",
        "name": name,
        "description": DESCRIPTION,
        "mimeType": "text/plain",
        "content": TEXT,
        "tags": [TAG],
    }
    return {"resource": resource | more} | dict(scope)


def new_prompt(name: str, *, scope: Mapping[str, str] = PUBLIC, **more: Any) -> dict[str, Any]:
    """Return the body of a prompt with one argument."""
    prompt = {
        "name": name,
        "description": DESCRIPTION,
        "template": "Greet {{ who }} in one sentence.",
        "arguments": [{"name": "who", "description": "who is greeted", "required": True}],
        "tags": [TAG],
    }
    return {"prompt": prompt | more} | dict(scope)


def new_server(name: str, *, scope: Mapping[str, str] = PUBLIC, **more: Any) -> dict[str, Any]:
    """Return the body of a virtual server."""
    return {"server": {"name": name, "description": DESCRIPTION, "tags": [TAG]} | more} | dict(scope)


def new_gateway(name: str, address: str, *, scope: Mapping[str, str] = PUBLIC, **more: Any) -> dict[str, Any]:
    """Return the body of a federated MCP server; its name is part of the address, which makes the address unique."""
    gateway: dict[str, Any] = {
        "name": name,
        "url": f"{address}?gateway={name}",
        "description": DESCRIPTION,
        "transport": "STREAMABLEHTTP",
        "tags": [TAG],
    }
    return {**gateway, **scope, **more}


def new_agent(name: str, address: str, *, scope: Mapping[str, str] = PUBLIC, **more: Any) -> dict[str, Any]:
    """Return the body of an A2A agent with JSON-RPC."""
    agent = {
        "name": name,
        "endpoint_url": address,
        "description": DESCRIPTION,
        "agent_type": "generic",
        "tags": [TAG],
    }
    return {"agent": agent | more, **scope}


def new_connection_test(service: str, body: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of a connection test that posts ``body`` to a ``service``, which answers with it."""
    return {
        "method": "POST",
        "baseUrl": service,
        "path": "/echo",
        "headers": {"X-Load-Test": "true"},
        "contentType": "application/json",
        "body": body,
    }


class RegistryUser(TeamOwner):
    """A user who creates entities of the registry."""

    abstract = True

    def public_token(self) -> str | None:
        """Return a token of the administrator for no team: it shows public entities only; None if none can be made."""
        credentials = self.link.session.credentials
        if not credentials.jwt_secret:
            return None
        return limited_token(credentials.email, credentials.jwt_secret, teams=())

    @contextmanager
    def tool(self, name: str = "", **more: Any) -> Iterator[Answer]:
        """Create a REST tool for the ``with`` block, with a new ``name`` if none is given."""
        body = new_tool(name or self.name("tool"), self.backend("rest"), **more)
        with self.created(
            "POST /tools", json=body, delete="DELETE /tools/{tool_id}", deletion=KEEP_METRICS
        ) as tool:
            yield tool

    @contextmanager
    def resource(self, name: str = "", **more: Any) -> Iterator[Answer]:
        """Create a resource for the ``with`` block, with a new ``name`` if none is given."""
        body = new_resource(name or self.name("resource"), **more)
        with self.created(
            "POST /resources",
            json=body,
            delete="DELETE /resources/{resource_id}",
            read=INFO,
            deletion=KEEP_METRICS,
        ) as resource:
            yield resource

    @contextmanager
    def prompt(self, **more: Any) -> Iterator[Answer]:
        """Create a prompt for the ``with`` block."""
        body = new_prompt(self.name("prompt"), **more)
        with self.created(
            "POST /prompts", json=body, delete="DELETE /prompts/{prompt_id}", deletion=KEEP_METRICS
        ) as prompt:
            yield prompt

    @contextmanager
    def server(self, **more: Any) -> Iterator[Answer]:
        """Create a virtual server for the ``with`` block."""
        body = new_server(self.name("server"), **more)
        with self.created(
            "POST /servers",
            json=body,
            delete="DELETE /servers/{server_id}",
            differs=PARTS,
            deletion=KEEP_METRICS,
        ) as server:
            yield server

    @contextmanager
    def gateway(self, backend: str = "mcp_small", **more: Any) -> Iterator[Answer]:
        """Create a federated MCP server for the ``with`` block."""
        body = new_gateway(self.name("gateway"), self.backend(backend), **more)
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=ADDRESS
        ) as gateway:
            yield gateway

    @contextmanager
    def agent(self, **more: Any) -> Iterator[Answer]:
        """Create an A2A agent for the ``with`` block."""
        body = new_agent(self.name("agent"), self.backend("a2a"), **more)
        with self.created(
            "POST /a2a", json=body, delete="DELETE /a2a/{agent_id}", deletion=KEEP_METRICS
        ) as agent:
            yield agent

    def switch(self, operation: str, *, on: bool, read: ReadBack, under: str = "", **path: str) -> None:
        """Enable or disable an entity and verify that it is so, in the response and in the read-back.

        Args:
            operation: enables or disables it; ``path`` has its id.
            on: whether to enable it.
            read: the read-back, which must find disabled entities, too.
            under: member of the response that is the entity.
        """
        self.update(
            operation,
            params={"activate": on},
            values={"enabled": on},
            read=read,
            check=enabled(on, under=under),
            **named(path),
        )

    def check_list(
        self,
        operation: str,
        active: Answer,
        disabled: Answer,
        *,
        among: Mapping[str, str],
    ) -> None:
        """Check the pages of a list with two entities, and that it has inactive ones only on request.

        Args:
            operation: lists entities of one kind.
            active: in every list.
            disabled: only in lists that include inactive entities.
            among: the query to which both, and nothing else, belong.
        """
        every: dict[str, str | int | bool] = {**among, "include_inactive": True}
        stated = {"include_inactive": False, "include_pagination": False}
        # What has one of several tags is listed.
        either = {"tags": f"{self.name('tag')}, {among['tags']}"} if "tags" in among else {}
        for query in (among, {**among, **either, **stated}):
            self.call(operation, params=query, check=lists_only(active.id))
        page = every | {"limit": 1, "include_pagination": True}
        both = {active.id, disabled.id}
        first = self.call(operation, params=page, check=starts_list(both))
        self.call(operation, params=page | {"cursor": first["nextCursor"]}, check=finishes_list(both, first))
