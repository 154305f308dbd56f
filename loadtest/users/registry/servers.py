"""Virtual servers, with tools, resources and prompts; their OAuth metadata."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from locust import tag

from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import GatewayUser, named, task
from loadtest.users.checks import both, enabled, has, lists_only
from loadtest.users.mcp.jsonrpc import INITIALIZE
from loadtest.users.registry.fixtures import (
    IS_PUBLIC,
    PRIVATE,
    PURGE_METRICS,
    RegistryUser,
    new_server,
    of_team,
    without_scope,
)

if TYPE_CHECKING:
    from loadtest.client.answer import Answer
    from loadtest.client.caller import Check, Effect

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
UNAUTHORIZED = (401,)
HIDDEN = (400, 404)
"""Statuses of a request for the metadata of a virtual server that has none."""
REFUSED = (400, 404, 409, 422)
"""Statuses of an update that names a part of a virtual server otherwise than by its id."""


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
    def switched_parts(self) -> None:
        """A part of each kind, which a virtual server names as its own only while it is enabled."""
        tag = self.name("tag")
        with self.team() as team, ExitStack() as made:
            own = of_team(team.id)
            tool = made.enter_context(self.tool(scope=own))
            resource = made.enter_context(self.resource(scope=own))
            prompt = made.enter_context(self.prompt(scope=own))
            agent = made.enter_context(self.agent(scope=own))
            associated = {
                "associated_tools": [tool.id],
                "associated_resources": [resource.id],
                "associated_prompts": [prompt.id],
                "associated_a2a_agents": [agent.id],
            }
            server = made.enter_context(self.server(scope=own, tags=[tag], **associated))
            parts = {
                "associatedTools": tool["name"],
                "associatedResources": resource.id,
                "associatedPrompts": prompt.id,
                "associatedA2aAgents": agent.id,
            }
            self.call("GET /servers/{server_id}", server_id=server.id, check=names_parts(parts))
            for on in (False, True):
                state = {"activate": on}
                self.call(
                    "POST /tools/{tool_id}/state",
                    params=state,
                    tool_id=tool.id,
                    check=enabled(on, under="tool"),
                )
                self.call(
                    "POST /resources/{resource_id}/state",
                    params=state,
                    resource_id=resource.id,
                    check=enabled(on, under="resource"),
                )
                self.call(
                    "POST /prompts/{prompt_id}/state",
                    params=state,
                    prompt_id=prompt.id,
                    check=enabled(on, under="prompt"),
                )
                self.call("POST /a2a/{agent_id}/state", params=state, agent_id=agent.id, check=enabled(on))
                named_parts = names_parts(parts, disabled=not on)
                if not on:
                    changed = {"description": self.name("description")}
                    self.call(
                        "PUT /servers/{server_id}", server_id=server.id, json=changed, check=named_parts
                    )
                self.call("GET /servers/{server_id}", server_id=server.id, check=named_parts)
                self.call(
                    "GET /servers",
                    params={"tags": tag},
                    check=both(lists_only(server.id), names_parts(parts, disabled=not on, at="0.")),
                )

    @task
    def parts_by_name(self) -> None:
        """A virtual server with a part of each kind, which keeps them when an update names one by its name.

        A gateway may refuse the update, or find the part by its name; it must not remove what it does not find.
        """
        with self.tool() as tool, self.resource() as resource, self.prompt() as prompt, self.agent() as agent:
            associated = {
                "associated_tools": [tool.id],
                "associated_resources": [resource.id],
                "associated_prompts": [prompt.id],
                "associated_a2a_agents": [agent.id],
            }
            parts = {
                "associatedTools": tool["name"],
                "associatedResources": resource.id,
                "associatedPrompts": prompt.id,
                "associatedA2aAgents": agent.id,
            }
            with self.server(**associated) as server:
                names = {
                    "associatedTools": tool["name"],
                    "associatedResources": resource["name"],
                    "associatedPrompts": prompt["name"],
                    "associatedA2aAgents": agent["name"],
                }
                for member, name in names.items():
                    self.call(
                        "PUT /servers/{server_id}",
                        server_id=server.id,
                        json={member: [name]},
                        refusals=REFUSED,
                        effect=self.keeps_parts(server.id, parts),
                    )

    def keeps_parts(self, server: str, parts: Mapping[str, str]) -> Effect:
        """Return an effect that reads a virtual server, which must have just these ``parts``."""

        def effect(_: Answer) -> Mismatch | None:
            return names_parts(parts)(self.call("GET /servers/{server_id}", server_id=server))

        return effect

    @task(2)
    def empty(self) -> None:
        """A virtual server without parts."""
        with self.created(
            "POST /servers/",
            json=without_scope(new_server(self.name("server"))),
            check=IS_PUBLIC,
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
        """A virtual server with OAuth, and the new location of its metadata, which only a public one with OAuth has."""
        with self.server() as server:
            metadata = "GET /.well-known/oauth-protected-resource/servers/{server_id}/mcp"
            anonymous: dict[str, Any] = {"server_id": server.id, "bearer": "", "unlisted": True}
            hidden: dict[str, Any] = {"refusals": HIDDEN, "check": is_hidden, **anonymous}
            self.call(metadata, **hidden)
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
            described = both(has("authorization_servers.0", ISSUER), _is_resource(server.id))
            self.call(metadata, check=described, **anonymous)
            if self.renamed:
                # Metadata are those of the address below /servers.
                return
            self.call(
                "POST /servers/{server_id}/mcp initialize",
                server_id=server.id,
                json=jsonrpc.request("initialize", INITIALIZE, self.name("hello")),
                headers={"Accept": jsonrpc.ACCEPT},
                bearer="",
                unlisted=True,
                refusals=UNAUTHORIZED,
                effect=lambda a: names_metadata(a, server.id),
            )
            # The single address stands for an empty list.
            one = {"oauthEnabled": True, "oauthConfig": OAUTH | {"authorization_servers": []}}
            self.call(
                "PUT /servers/{server_id}",
                server_id=server.id,
                json=one,
                effect=lambda _: described(self.call(metadata, **anonymous)),
            )
            self.update("PUT /servers/{server_id}", server_id=server.id, json=PRIVATE)
            self.call(metadata, **hidden)


def is_hidden(answer: Answer) -> Mismatch | None:
    """Check that there are no metadata of a virtual server."""
    return None if answer.status in HIDDEN else expected("no metadata of this virtual server", answer.json)


def _is_resource(server_id: str) -> Check:
    """Return a check that metadata are those of the virtual server."""
    return lambda a: (
        None
        if a["resource"].endswith(f"/servers/{server_id}/mcp")
        else expected("the metadata of this virtual server", a["resource"])
    )


def names_metadata(answer: Answer, server_id: str) -> Mismatch | None:
    """Return a mismatch if a request without a token is not refused with the place of the metadata (RFC 9728)."""
    header = str(answer.headers.get("www-authenticate"))
    place = f"/.well-known/oauth-protected-resource/servers/{server_id}/mcp"
    right = answer.status in UNAUTHORIZED and f'{place}"' in header
    return None if right else expected("to be told where the metadata of the virtual server are", header)


def names_parts(parts: Mapping[str, str], *, disabled: bool = False, at: str = "") -> Check:
    """Return a check that a virtual server, whose members start with ``at``, names just these ``parts``.

    They are given by the member that names parts of their kind; of ``disabled`` ones, no member may name any.
    """

    def check(answer: Answer) -> Mismatch | None:
        for member, part in parts.items():
            found = [str(one) for one in answer[f"{at}{member}"]]
            if disabled and found:
                return expected(f"no disabled entity in {member}", found)
            if not disabled and found != [part]:
                return expected(f"the enabled entity in {member}, and no other", found)
        return None

    return check


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
