"""Parts of a public virtual server, of a public federated server and of a private team: whom they are shown."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.fixtures.callers import Role, email_of
from loadtest.users.access.visibility.base import (
    IN_SESSIONS,
    RPC,
    Body,
    Entities,
    Made,
    VisibilityUser,
    access_case,
    call_of,
    rpc_case,
)
from loadtest.users.access.visibility.findings import judge_foreign, judge_hidden, judge_item
from loadtest.users.access.visibility.matrix import (
    CALLING,
    FOREIGN,
    GATEWAYS,
    PROMPTS,
    RESOURCES,
    SERVERS,
    TOOLS,
    EntityOperations,
    Surface,
    Visibility,
    sees,
)
from loadtest.users.base import named, task
from loadtest.users.mcp.jsonrpc import says
from loadtest.users.mcp.open_session import SERVER, mcp_session
from loadtest.users.registry.fixtures import new_gateway, new_prompt, new_resource, new_tool

UNRESTRICTED = (Role.ADMINISTRATOR, Role.READ_TOKEN)
"""Roles whose lists of the parts of a server are not checked: all parts are listed, or the token must not list them."""
OF_SERVER = "POST /servers/{server_id}/mcp"
PARTS = {
    TOOLS: "GET /servers/{server_id}/tools",
    RESOURCES: "GET /servers/{server_id}/resources",
    PROMPTS: "GET /servers/{server_id}/prompts",
}
"""By kind: the list of the parts of a virtual server."""


class PartVisibilityUser(VisibilityUser):
    """Callers of every role, and a server or a team with parts that only some of them see."""

    deep = True

    @task
    def of_server(self) -> None:
        """Parts of a public virtual server: at its address, by JSON-RPC, and in a session with it."""
        service = self.backend("rest")
        bodies: dict[EntityOperations, Body] = {
            TOOLS: lambda name, scope: new_tool(name, service, scope=scope),
            RESOURCES: lambda name, scope: new_resource(name, scope=scope),
            PROMPTS: lambda name, scope: new_prompt(name, scope=scope),
        }
        with self.roles("GET /servers/{server_id}/tools") as callers, ExitStack() as undo:
            owner = self.bearer(callers, Role.OWNER)
            parts = {
                entity: self.made_in_each(entity, body, callers, undo) for entity, body in bodies.items()
            }
            associated = {
                f"associated_{entity.exported}": [one.id for one in made.values()]
                for entity, made in parts.items()
            }

            def server(name: str, scope: Mapping[str, str]) -> dict[str, Any]:
                return {"server": {"name": name, **associated}, **scope}

            public = undo.enter_context(self.made(SERVERS, Visibility.PUBLIC, server, callers.team, owner))
            for role, bearer in self.bearers(callers, undo).items():
                if role in UNRESTRICTED:
                    continue
                for entity, made in parts.items():
                    self.check_parts(entity, role, bearer, made, public.id)
                if role is Role.TEAM_TOKEN:
                    self.call_in_session(parts[TOOLS][Visibility.TEAM], bearer, public.id)
                if role in IN_SESSIONS:
                    with mcp_session(self, bearer, SERVER, server_id=public.id) as session:
                        for entity, made in parts.items():
                            self.check_parts_in_session(entity, role, bearer, made, public.id, session)

    def call_in_session(self, tool: Made, bearer: str, server: str) -> None:
        """Call a ``tool`` of a virtual server in a session with it."""
        with mcp_session(self, bearer, SERVER, server_id=server) as session:
            text = self.name("text")
            self.rpc(
                "POST /servers/{server_id}/mcp tools/call",
                {"name": tool.name, "arguments": {"text": text}},
                headers={SESSION: session},
                bearer=bearer,
                check=says(text),
                server_id=server,
            )

    def check_parts(
        self, entity: EntityOperations, role: Role, bearer: str, made: Entities, server: str
    ) -> None:
        """Check that the lists of a virtual server show ``role`` the parts of one kind that it sees, and no other."""
        label = f"{entity.kind}s of a server for {role}"
        path = {"server_id": server}
        for what, params in ((label, {}), (f"{label}, with inactive ones", {"include_inactive": True})):
            case = access_case(PARTS[entity], what, path, params)
            self.check_shown(entity, role, bearer, made, case)
        listed = rpc_case(f"{RPC} {entity.rpc_list}", label, {"server_id": server})
        self.check_shown(entity, role, bearer, made, listed, entity.rpc_list.partition("/")[0])

    def check_parts_in_session(
        self, entity: EntityOperations, role: Role, bearer: str, made: Entities, server: str, session: str
    ) -> None:
        """Check what a session with a virtual server shows, and which parts of one kind ``role`` uses in it."""
        case = functools.partial(rpc_case, session=session, server=server)
        label = f"{entity.kind}s of a server for {role}"
        listed = case(f"{OF_SERVER} {entity.rpc_list}", label)
        self.check_shown(entity, role, bearer, made, listed, entity.rpc_list.partition("/")[0])
        for visibility, one in made.items():
            label = f"{visibility} {entity.kind} of a server for {role}"
            allowed = sees(entity, visibility, role, CALLING)
            # A tool that is unknown in a session is the error of its call.
            judge = (
                functools.partial(judge_item, entity, visibility, role, expected=allowed)
                if allowed or entity is not TOOLS
                else functools.partial(judge_foreign, label)
            )
            called = case(f"{OF_SERVER} {entity.rpc_call}", label, call_of(entity, one.name))
            self.send(called, bearer, judge)
        if entity is PROMPTS and role is Role.TEAMMATE:
            operation = f"{OF_SERVER} {entity.rpc_call}"
            self.check_required(operation, bearer, made, session=session, server=server)

    @task
    def of_gateway(self) -> None:
        """Private parts of a public federated server, in every list that is restricted to the server."""
        address = self.backend("mcp_small")
        with self.roles("GET /gateways") as callers:
            owner = self.bearer(callers, Role.OWNER)

            def gateway(name: str, scope: Mapping[str, str]) -> dict[str, Any]:
                return new_gateway(name, address, scope=scope)

            with self.made(GATEWAYS, Visibility.PUBLIC, gateway, callers.team, owner) as made:
                of_gateway: dict[str, str | int | bool] = {"gateway_id": made.id}
                for entity in (TOOLS, RESOURCES, PROMPTS):
                    if not self.documents(entity.items, "query gateway_id"):
                        continue
                    part = self.call(entity.items, params=of_gateway, bearer=owner).json[0]
                    path = named({entity.parameter: str(part["id"])})
                    # Another scenario may have a private tool with the same name, from a server with the same address.
                    if entity is TOOLS:
                        renamed = {"customName": self.name("tool")}
                        self.call(entity.update, json=renamed, bearer=owner, **path)
                    self.call(entity.update, json={"visibility": "private"}, bearer=owner, **path)
                    hidden = {(Visibility.PRIVATE, str(part["id"]))}
                    for role in FOREIGN:
                        bearer = self.bearer(callers, role)
                        self.check_parts_hidden(entity, role, bearer, of_gateway, hidden)

    def check_parts_hidden(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        query: Mapping[str, str | int | bool],
        hidden: set[tuple[Visibility, str]],
    ) -> None:
        """Check that no list that is restricted by ``query`` shows ``role`` a ``hidden`` part."""
        every = {**query, "include_inactive": True}
        label = f"{entity.kind}s of a server"
        listed = Surface(entity.items, query, label)
        for surface in (
            listed,
            *(Surface(one, every, f"all {label}") for one in (entity.items, *entity.admin[:3])),
        ):
            case = access_case(surface.operation, f"{surface.label} for {role}", params=surface.params)
            self.send(case, bearer, functools.partial(judge_hidden, entity, role, surface, hidden))

    @task
    def of_team(self) -> None:
        """What belongs to a private team is neither shown to others nor changed by them."""
        with self.roles("GET /teams/{team_id}") as callers:
            path = {"team_id": callers.team}
            other = {"email": email_of(Role.VIEWER), "role": "owner"}
            token = {"name": self.name("token"), "description": "A token.", "expires_in_days": 1}
            requests: tuple[tuple[str, Any], ...] = (
                ("GET /teams/{team_id}", None),
                ("GET /teams/{team_id}/members", None),
                ("GET /teams/{team_id}/invitations", None),
                ("GET /teams/{team_id}/join-requests", None),
                ("GET /tokens/teams/{team_id}", None),
                ("POST /tokens/teams/{team_id}", token),
                ("POST /teams/{team_id}/members", other),
                ("POST /teams/{team_id}/invitations", other),
                ("PUT /teams/{team_id}", {"description": "Changed by the load test."}),
            )
            for role in FOREIGN:
                bearer = self.bearer(callers, role)
                for operation, body in requests:
                    self.refused(operation, f"team of others as {role}", bearer, path=path, json=body)
