"""Each kind of entity: which roles find it in lists, read it, call it and change it."""

from __future__ import annotations

import functools
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from loadtest.client.answer import Answer
from loadtest.fixtures.callers import Callers, Role, email_of
from loadtest.openapi.negative_cases import NegativeCase
from loadtest.users.access.visibility.base import (
    IN_SESSIONS,
    MCP,
    RPC,
    Body,
    Entities,
    Made,
    VisibilityUser,
    access_case,
    call_of,
    rpc_case,
)
from loadtest.users.access.visibility.findings import (
    judge_exported,
    judge_foreign,
    judge_hidden,
    judge_item,
    judge_scope,
    judge_tested,
)
from loadtest.users.access.visibility.matrix import (
    AGENTS,
    CALLING,
    GATEWAYS,
    NOT_OWNING,
    PROMPTS,
    RESOURCES,
    SERVERS,
    TOOLS,
    EntityOperations,
    Visibility,
    sees,
    surfaces,
)
from loadtest.users.base import named, task
from loadtest.users.checks import has
from loadtest.users.mcp.open_session import mcp_session
from loadtest.users.registry.fixtures import new_gateway, new_prompt, new_resource, new_tool

TEST = "POST /mcp-servers/test-handshake"


class EntityVisibilityUser(VisibilityUser):
    """Callers of every role, and an entity of each kind and visibility."""

    deep = True

    @task
    def tools(self) -> None:
        """Tools, and the MCP tools/list and tools/call."""
        service = self.backend("rest")
        self.check_access(TOOLS, lambda name, scope: new_tool(name, service, scope=scope))

    @task
    def resources(self) -> None:
        """Resources, and the MCP resources/list and resources/read."""
        self.check_access(RESOURCES, lambda name, scope: new_resource(name, scope=scope))

    @task
    def prompts(self) -> None:
        """Prompts, and the MCP prompts/list and prompts/get."""
        self.check_access(PROMPTS, lambda name, scope: new_prompt(name, scope=scope))

    @task
    def servers(self) -> None:
        """Virtual servers."""
        self.check_access(SERVERS, lambda name, scope: {"server": {"name": name}, **scope})

    @task
    def gateways(self) -> None:
        """Federated MCP servers."""
        address = self.backend("mcp_small")
        self.check_access(GATEWAYS, lambda name, scope: new_gateway(name, address, scope=scope))

    @task
    def agents(self) -> None:
        """A2A agents."""
        address = self.backend("a2a")
        self.check_access(
            AGENTS,
            lambda name, scope: {
                "agent": {
                    "name": name,
                    "description": "Made by the load test, deleted within seconds.",
                    "endpoint_url": f"{address}?{name}",
                    "agent_type": "generic",
                },
                **scope,
            },
        )

    def check_access(self, entity: EntityOperations, body: Body) -> None:
        """Create an entity in each visibility as the team owner, and check what every role sees and changes."""
        with self.roles(entity.items) as callers, ExitStack() as undo:
            owner = self.bearer(callers, Role.OWNER)
            tag = self.name("tag")
            made = self.made_in_each(entity, body, callers, undo, tag)
            bearers = self.bearers(callers, undo)
            for role, bearer in bearers.items():
                self.check_reading(entity, role, bearer, made)
                if entity.rpc_list:
                    self.check_calling(entity, role, bearer, made)
                if entity.rpc_older:
                    self.check_listed(entity, role, bearer, made, f"{RPC} {entity.rpc_older}")
            for role in NOT_OWNING:
                self.check_changing(entity, role, bearers[role], made)
                self.check_hidden(entity, role, bearers[role], made, callers.team, tag)
            self.check_exported(entity, Role.OUTSIDER, bearers[Role.OUTSIDER], made)
            self.check_scope(entity, owner, made[Visibility.TEAM], body, callers)
            if entity is TOOLS:
                self.check_same_name(entity, bearers[Role.OUTSIDER], made[Visibility.TEAM], body, callers)
            for visibility, one in made.items():
                read = self.call(entity.item, bearer=owner, **named({entity.parameter: one.id}))
                if entity is GATEWAYS:
                    self.check_tested(visibility, Role.OUTSIDER, bearers[Role.OUTSIDER], read)

    def check_reading(self, entity: EntityOperations, role: Role, bearer: str, made: Entities) -> None:
        """Check the list and the items of the REST API."""
        every = access_case(entity.items, f"list for {role}", params={"limit": 0})
        self.check_shown(entity, role, bearer, made, every)
        for visibility, one in made.items():
            case = access_case(entity.item, f"{visibility} for {role}", {entity.parameter: one.id})
            allowed = sees(entity, visibility, role)
            judge = functools.partial(judge_item, entity, visibility, role, expected=allowed)
            self.send(case, bearer, judge)

    def check_calling(self, entity: EntityOperations, role: Role, bearer: str, made: Entities) -> None:
        """Check the list and the items of MCP, by JSON-RPC and in a session."""
        self.check_listed(entity, role, bearer, made, f"{RPC} {entity.rpc_list}")
        self.check_items(entity, role, bearer, made, RPC)
        if role in IN_SESSIONS:
            with mcp_session(self, bearer) as session:
                self.check_listed(entity, role, bearer, made, f"{MCP} {entity.rpc_list}", session)
                self.check_items(entity, role, bearer, made, MCP, session)
                if entity is PROMPTS and role is Role.TEAMMATE:
                    self.check_required(f"{MCP} {entity.rpc_call}", bearer, made, session=session)

    def check_items(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Entities,
        endpoint: str,
        session: str = "",
    ) -> None:
        """Call each entity at an endpoint of JSON-RPC."""

        def request(name: str, label: str) -> NegativeCase:
            operation = f"{endpoint} {entity.rpc_call}"
            return rpc_case(operation, f"{label} for {role}", call_of(entity, name), session=session)

        # An unknown tool is an error of the tool here, as that of its service would be.
        if entity is TOOLS and session:
            self.check_like_unknown(entity, role, bearer, made, request, hidden_only=False)
            return
        for visibility, one in made.items():
            allowed = sees(entity, visibility, role, CALLING)
            judge = functools.partial(judge_item, entity, visibility, role, expected=allowed)
            self.send(request(one.name, visibility.value), bearer, judge)

    def check_hidden(
        self, entity: EntityOperations, role: Role, bearer: str, made: Entities, team: str, tag: str
    ) -> None:
        """Check that no filter, export, tag or admin page reveals an entity that ``role`` does not see."""
        hidden = {
            (visibility, text)
            for visibility, one in made.items()
            if not sees(entity, visibility, role)
            for text in (one.id, one.name)
        }
        contract = self.link.session.contract
        for surface in surfaces(entity, team, made[Visibility.PRIVATE].name, tag):
            if contract.path(surface.operation) is None or self.link.session.excludes(surface.operation):
                continue
            case = access_case(surface.operation, f"{surface.label} for {role}", surface.path, surface.params)
            self.send(case, bearer, functools.partial(judge_hidden, entity, role, surface, hidden))

    def check_exported(self, entity: EntityOperations, role: Role, bearer: str, made: Entities) -> None:
        """Check that an export of just the entities contains those that ``role`` sees, and no other."""
        if entity is AGENTS:
            return
        case = access_case("POST /export/selective", f"export of selected {entity.kind}s for {role}")
        # Prompts and resources can be selected by their names, too.
        by_name = entity in (PROMPTS, RESOURCES)
        selected = [one.name if by_name else one.id for one in made.values()]
        expected = {visibility: sees(entity, visibility, role) for visibility in made}
        names = {visibility: one.name for visibility, one in made.items()}
        judge = functools.partial(judge_exported, entity, expected, role, names=names)
        self.send(case._replace(json={entity.exported: selected}), bearer, judge)

    def check_tested(self, visibility: Visibility, role: Role, bearer: str, gateway: Answer) -> None:
        """Check that ``role`` tests the connection to a ``gateway`` exactly if it sees it."""
        if not self.documents(TEST, "body gatewayId"):
            return
        body = {"baseUrl": gateway["url"], "gatewayId": gateway.id}
        case = access_case(TEST, f"test of a {visibility} gateway for {role}")._replace(json=body)
        expected = sees(GATEWAYS, visibility, role)
        self.send(case, bearer, functools.partial(judge_tested, visibility, role, expected=expected))

    def check_changing(self, entity: EntityOperations, role: Role, bearer: str, made: Entities) -> None:
        """Check that ``role`` can neither update nor switch nor delete an entity of the team."""
        for visibility, one in made.items():
            path = {entity.parameter: one.id}
            for operation, what, parts in (
                (entity.update, "update", {"json": {"description": "lt-changed"}}),
                (entity.state, "switch", {"params": {"activate": False}}),
                (entity.delete, "delete", {}),
            ):
                label = f"{what} a {visibility} {entity.kind} as {role}"
                self.refused(operation, label, bearer, path=path, **parts)

    def check_scope(
        self, entity: EntityOperations, owner: str, one: Made, body: Body, callers: Callers
    ) -> None:
        """Check that the team owner brings an entity neither into a team of others nor under another account."""
        path = {entity.parameter: one.id}
        for what, sent in (
            ("into a foreign team", {"teamId": callers.other_team}),
            ("into a team whose owner is another user", {"teamId": callers.joined_team}),
            ("under another account", {"ownerEmail": email_of(Role.OUTSIDER)}),
        ):
            label = f"move a {entity.kind} {what}"
            case = access_case(entity.update, label, path)._replace(json=sent)
            self.send(case, owner, functools.partial(judge_scope, label, sent))
        label = f"create a {entity.kind} in a foreign team"
        scope = {"team_id": callers.other_team, "visibility": Visibility.TEAM.value}
        case = access_case(entity.create, label)._replace(json=body(self.name(entity.kind), scope))
        negative = self.negative_caller()
        answer = negative.send(case, owner, functools.partial(judge_foreign, label))
        if answer is not None and answer.status < HTTPStatus.MULTIPLE_CHOICES:
            negative.delete(entity.delete, {entity.parameter: answer.id})

    def check_same_name(
        self, entity: EntityOperations, outsider: str, one: Made, body: Body, callers: Callers
    ) -> None:
        """Check that an entity of another team can have the same name: a new one, and one that becomes the team's."""
        private = {"team_id": callers.other_team, "visibility": Visibility.PRIVATE.value}
        made = self.call(entity.create, json=body(one.name, private), bearer=outsider)
        own: dict[str, Any] = {"bearer": outsider, entity.parameter: made.id}
        try:
            shared = {"visibility": Visibility.TEAM.value}
            self.call(entity.update, json=shared, check=has("visibility", shared["visibility"]), **own)
        finally:
            with self.undoing():
                self.call(entity.delete, **own)
