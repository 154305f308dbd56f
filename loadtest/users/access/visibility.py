"""Who sees, calls and changes which entity: each kind in each visibility, for each role."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.caller import StepFailed
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.fixtures.callers import Callers, Role, email_of
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase
from loadtest.users.access.matrix import (
    AGENTS,
    CALLING,
    FOREIGN,
    GATEWAYS,
    NOT_OWNING,
    PROMPTS,
    RESOURCES,
    SERVERS,
    TOOLS,
    EntityOperations,
    Surface,
    Visibility,
    as_it_is,
    judge_binding,
    judge_completed,
    judge_foreign,
    judge_hidden,
    judge_item,
    judge_like_unknown,
    judge_scope,
    judge_shown,
    sees,
    surfaces,
)
from loadtest.users.base import FixtureMissing, named, task
from loadtest.users.checks import lists
from loadtest.users.identity.checks import SESSION as COOKIE
from loadtest.users.mcp.jsonrpc import INITIALIZE
from loadtest.users.mcp.streams import session_of
from loadtest.users.registry.fixtures import (
    INFO,
    RegistryUser,
    new_gateway,
    new_prompt,
    new_resource,
    new_tool,
)

RPC = "POST /rpc"
MCP = "POST /mcp/"
UNRESTRICTED = (Role.ADMINISTRATOR, Role.READ_TOKEN)
"""Roles whose lists of the parts of a server are not checked: all parts are listed, or the token must not list them."""
OF_SERVER = "POST /servers/{server_id}/mcp"
PARTS = {
    TOOLS: "GET /servers/{server_id}/tools",
    RESOURCES: "GET /servers/{server_id}/resources",
    PROMPTS: "GET /servers/{server_id}/prompts",
}
"""By kind: the list of the parts of a virtual server."""
COMPLETE = "completion/complete"
PROTOCOL = "POST /protocol/completion/complete"

Body = Callable[[str, Mapping[str, str]], dict[str, Any]]
"""Returns the body that creates an entity with a name in a scope."""


class Made(NamedTuple):
    """An entity of the team owner."""

    id: str
    name: str
    """Name or, of a resource, address by which MCP finds it."""


class BindingOperations(NamedTuple):
    """The operations of the bindings of plugins to one kind of entity."""

    kind: str
    create: str
    items: str
    """Of one team."""
    all_items: str
    delete: str
    delete_all: str
    """By their reference."""

    def request(self, team: str, agent: str, reference: str, policy: Mapping[str, Any]) -> dict[str, Any]:
        """Return the query and the body that bind a plugin to the tools of ``team``, or to one ``agent`` of it."""
        if self.kind == "tool":
            named = {**policy, "tool_names": ["*"], "binding_reference_id": reference}
            return {"json": {"teams": {team: {"policies": [named]}}}}
        return {"params": {"team_id": team}, "json": {"agent_name": agent, "on_error": "ignore", **policy}}


PLUGIN = "OutputLengthGuardPlugin"
BINDINGS = (
    BindingOperations(
        "tool",
        "POST /tools/plugin_bindings/",
        "GET /tools/plugin_bindings/{team_id}",
        "GET /tools/plugin_bindings/",
        "DELETE /tools/plugin_bindings/{binding_id}",
        "DELETE /tools/plugin_bindings/",
    ),
    BindingOperations(
        "agent",
        "POST /a2a-agents/plugin-bindings/",
        "GET /a2a-agents/plugin-bindings/{team_id}",
        "GET /a2a-agents/plugin-bindings/",
        "DELETE /a2a-agents/plugin-bindings/{binding_id}",
        "DELETE /a2a-agents/plugin-bindings/",
    ),
)


class AccessUser(RegistryUser):
    """Callers of every role, and the entities of a team."""

    area = "access"
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
    def completion_of_prompts(self) -> None:
        """Completion of an argument of a prompt."""

        def completion(name: str) -> Mapping[str, Any]:
            return {
                "ref": {"type": "ref/prompt", "name": name},
                "argument": {"name": "who", "value": "lt"},
            }

        with self.everybody(PROMPTS, lambda name, scope: new_prompt(name, scope=scope)) as (bearers, made):
            for role, bearer in bearers.items():
                self.check_completing(PROMPTS, role, bearer, made, completion)

    @task
    def completion_of_resources(self) -> None:
        """Completion of the address of a resource, with a public template."""
        template = f"loadtest://{self.name('template')}/{{name}}"

        def completion(address: str) -> Mapping[str, Any]:
            return {
                "ref": {"type": "ref/resource", "uri": template},
                "argument": {"name": "name", "value": address.rpartition("/")[2]},
            }

        own = self.documented("POST /resources", {"uri_template": template}, under="resource")
        public = new_resource(self.name("template"), uri=template, **own)
        with (
            self.everybody(RESOURCES, lambda name, scope: new_resource(name, scope=scope)) as (bearers, made),
            self.created("POST /resources", json=public, delete="DELETE /resources/{resource_id}", read=INFO),
        ):
            for role, bearer in bearers.items():
                self.check_completing(RESOURCES, role, bearer, made, completion)

    @task
    def templates(self) -> None:
        """Templates of resources, in the lists of MCP."""

        def template(name: str, scope: Mapping[str, str]) -> dict[str, Any]:
            address = f"loadtest://{name}/{{part}}"
            own = self.documented("POST /resources", {"uri_template": address}, under="resource")
            return new_resource(name, scope=scope, uri=address, **own)

        method, member = "resources/templates/list", "resourceTemplates"
        with self.everybody(RESOURCES, template) as (bearers, made):
            named_ones = {
                visibility: one._replace(name=one.name.split("/")[2]) for visibility, one in made.items()
            }
            for role, bearer in bearers.items():
                self.check_listed(RESOURCES, role, bearer, named_ones, f"{RPC} {method}", member=member)
                if role in (Role.TEAMMATE, Role.OUTSIDER):
                    with self.mcp_session(bearer) as session:
                        listed = f"{MCP} {method}"
                        self.check_listed(RESOURCES, role, bearer, named_ones, listed, session, member)

    @contextmanager
    def everybody(
        self, entity: EntityOperations, body: Body
    ) -> Iterator[tuple[dict[Role, str], dict[Visibility, Made]]]:
        """Create an entity in each visibility as the team owner for the ``with`` block.

        Yields:
            the token of each role with an account and of the API token of the team, and the entities.
        """
        with self.roles(entity.items) as callers, ExitStack() as undo:
            session = self.link.session
            owner = callers.bearer(Role.OWNER, session)
            made = {
                visibility: undo.enter_context(self.made(entity, visibility, body, callers.team, owner))
                for visibility in Visibility
            }
            bearers: dict[Role, str] = {
                role: callers.bearer(role, session)
                for role in Role
                if role not in (Role.TEAM_TOKEN, Role.READ_TOKEN)
            }
            bearers[Role.TEAM_TOKEN] = undo.enter_context(self.api_token(callers.team, owner, ()))
            yield bearers, made

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

    @task
    def parts_of_a_server(self) -> None:
        """Parts of a public virtual server: at its address, by JSON-RPC, and in a session with it."""
        service = self.backend("rest")
        bodies: dict[EntityOperations, Body] = {
            TOOLS: lambda name, scope: new_tool(name, service, scope=scope),
            RESOURCES: lambda name, scope: new_resource(name, scope=scope),
            PROMPTS: lambda name, scope: new_prompt(name, scope=scope),
        }
        with self.roles("GET /servers/{server_id}/tools") as callers, ExitStack() as undo:
            owner = callers.bearer(Role.OWNER, self.link.session)
            parts = {
                entity: {
                    visibility: undo.enter_context(self.made(entity, visibility, body, callers.team, owner))
                    for visibility in Visibility
                }
                for entity, body in bodies.items()
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
                if role in (Role.TEAMMATE, Role.OUTSIDER):
                    with self.mcp_session(bearer, public.id) as session:
                        for entity, made in parts.items():
                            self.check_parts_in_session(entity, role, bearer, made, public.id, session)

    def bearers(self, callers: Callers, undo: ExitStack) -> dict[Role, str]:
        """Return a token of each role; API tokens are revoked by ``undo``."""
        owner = callers.bearer(Role.OWNER, self.link.session)
        tokens = {Role.TEAM_TOKEN: (), Role.READ_TOKEN: ("tools.read",)}
        return {
            role: undo.enter_context(self.api_token(callers.team, owner, tokens[role]))
            if role in tokens
            else callers.bearer(role, self.link.session)
            for role in Role
        }

    def check_parts(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Mapping[Visibility, Made],
        server: str,
    ) -> None:
        """Check that the lists of a virtual server show ``role`` the parts of one kind that it sees, and no other."""
        expected = {visibility: sees(entity, visibility, role) for visibility in made}
        ids = {visibility: one.id for visibility, one in made.items()}
        label = f"{entity.kind}s of a server for {role}"
        path = {"server_id": server}
        for what, params in ((label, {}), (f"{label}, with inactive ones", {"include_inactive": True})):
            case = NegativeCase(PARTS[entity], CaseGroup.NO_PERMISSION, what, path, params)
            self.send(case, bearer, lambda answer: judge_shown(entity, expected, role, answer, ids))
        names = {visibility: one.name for visibility, one in made.items()}
        member = entity.rpc_list.partition("/")[0]
        case = NegativeCase(
            f"{RPC} {entity.rpc_list}",
            CaseGroup.NO_PERMISSION,
            label,
            {},
            {},
            json=jsonrpc.request(entity.rpc_list, {"server_id": server}, "lt-negative"),
            headers={"Accept": jsonrpc.ACCEPT},
        )
        self.send(case, bearer, lambda answer: judge_shown(entity, expected, role, answer, names, member))

    def check_parts_in_session(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Mapping[Visibility, Made],
        server: str,
        session: str,
    ) -> None:
        """Check what a session with a virtual server shows, and which parts of one kind ``role`` uses in it."""
        names = {visibility: one.name for visibility, one in made.items()}
        expected = {visibility: sees(entity, visibility, role) for visibility in made}
        member = entity.rpc_list.partition("/")[0]

        def case(method: str, label: str, params: Mapping[str, Any] | None) -> NegativeCase:
            return NegativeCase(
                f"{OF_SERVER} {method}",
                CaseGroup.NO_PERMISSION,
                label,
                {"server_id": server},
                {},
                json=jsonrpc.request(method, params, "lt-negative"),
                headers={"Accept": jsonrpc.ACCEPT, SESSION: session},
            )

        label = f"{entity.kind}s of a server for {role}"
        self.send(
            case(entity.rpc_list, label, None),
            bearer,
            lambda answer: judge_shown(entity, expected, role, answer, names, member),
        )
        for visibility, one in made.items():
            label = f"{visibility} {entity.kind} of a server for {role}"
            allowed = sees(entity, visibility, role, CALLING)
            # A tool that is unknown in a session is the error of its call.
            judge = (
                self._item_judge(entity, visibility, role, allowed)
                if allowed or entity is not TOOLS
                else functools.partial(judge_foreign, label)
            )
            self.send(case(entity.rpc_call, label, used(entity, one)), bearer, judge)

    @task
    def parts_of_a_gateway(self) -> None:
        """Private parts of a public federated server, in every list that is restricted to the server."""
        address = self.backend("mcp_small")
        with self.roles("GET /gateways") as callers:
            owner = callers.bearer(Role.OWNER, self.link.session)

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
                        bearer = callers.bearer(role, self.link.session)
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
            case = NegativeCase(
                surface.operation, CaseGroup.NO_PERMISSION, f"{surface.label} for {role}", {}, surface.params
            )
            self.send(case, bearer, functools.partial(judge_hidden, entity, role, surface, hidden))

    @task
    def parts_of_a_team(self) -> None:
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
                bearer = callers.bearer(role, self.link.session)
                for operation, body in requests:
                    self.refused(operation, f"team of others as {role}", bearer, path=path, json=body)

    @task
    def bindings(self) -> None:
        """Plugins bound to the tools and agents of a team."""
        for binding in BINDINGS:
            if not self.offers(binding.create):
                continue
            with self.roles(binding.items) as callers:
                owner = callers.bearer(Role.OWNER, self.link.session)
                reference = self.name("binding")
                policy = {"plugin_id": PLUGIN, "mode": "permissive", "priority": 10, "config": {}}
                sent = binding.request(callers.team, self.name("agent"), reference, policy)
                with self.bound(binding, sent, owner) as identity:
                    for role in NOT_OWNING:
                        bearer = callers.bearer(role, self.link.session)
                        self.check_bindings(binding, role, bearer, callers.team, reference, identity)
                        label = f"bind a plugin to {binding.kind}s of the team as {role}"
                        self.refused(binding.create, label, bearer, **sent)
                    listed = lists(identity, at="bindings")
                    self.call(binding.items, bearer=owner, check=listed, team_id=callers.team)

    @contextmanager
    def bound(self, binding: BindingOperations, sent: Mapping[str, Any], owner: str) -> Iterator[str]:
        """Bind a plugin as the team owner for the ``with`` block, and yield the id of the binding."""
        made = self.call(binding.create, bearer=owner, **sent)
        identity = str(made.json.get("id") or made["bindings.0.id"])
        try:
            yield identity
        finally:
            self.call(binding.delete, bearer=owner, binding_id=identity)

    def check_bindings(
        self, binding: BindingOperations, role: Role, bearer: str, team: str, reference: str, identity: str
    ) -> None:
        """Check that ``role`` can neither remove nor, from outside the team, see a binding of the team."""
        by_reference = {"binding_reference_id": reference}
        label = f"unbind a plugin from {binding.kind}s of the team as {role}"
        self.refused(binding.delete, label, bearer, path={"binding_id": identity})
        nowhere: Mapping[str, str] = {}
        others = [(binding.delete_all, f"{label} by reference", nowhere, by_reference)]
        if role in FOREIGN:
            label = f"bindings of {binding.kind}s of the team for {role}"
            others.append((binding.items, label, {"team_id": team}, {}))
            others.append((binding.all_items, f"all {label}", nowhere, {}))
            others.append((binding.all_items, f"{label} by reference", nowhere, by_reference))
        for operation, what, path, params in others:
            case = NegativeCase(operation, CaseGroup.NO_PERMISSION, what, path, params)
            self.send(case, bearer, functools.partial(judge_binding, what, identity))

    @task
    def sessions(self) -> None:
        """The id of a session is useless to another user."""

        def prompt(name: str, scope: Mapping[str, str]) -> dict[str, Any]:
            return new_prompt(name, scope=scope)

        with self.roles("POST /mcp/ prompts/list") as callers:
            owner, outsider = (
                callers.bearer(role, self.link.session) for role in (Role.OWNER, Role.OUTSIDER)
            )
            with (
                self.made(PROMPTS, Visibility.PRIVATE, prompt, callers.team, owner) as made,
                self.mcp_session(owner) as session,
            ):
                self.check_foreign_session(session, outsider, made)
                self.check_foreign_session(session, outsider, made, cookie=owner)
                self.rpc("POST /mcp/ prompts/list", headers={SESSION: session}, bearer=owner)
            with self.stream("GET /sse", bearer=owner) as events:
                session = session_of(events)
                body = jsonrpc.request("tools/list", None, "lt-negative")
                label = "session of another user"
                self.refused("POST /message", label, outsider, json=body, params={"session_id": session})

    def check_foreign_session(self, session: str, outsider: str, made: Made, cookie: str = "") -> None:
        """Check that a member of another team gains nothing by the session of the owner of ``made``.

        With a ``cookie`` of the owner beside the token of the member, the token decides.
        """
        label = f"session of another user{', with a cookie' if cookie else ''}"
        own = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        case = NegativeCase(
            "POST /mcp/ prompts/list",
            CaseGroup.NO_PERMISSION,
            label,
            {},
            {},
            json=jsonrpc.request("prompts/list", None, "lt-negative"),
            headers={"Accept": jsonrpc.ACCEPT, SESSION: session} | own,
        )
        ids, hidden = {Visibility.PRIVATE: made.name}, {Visibility.PRIVATE: False}
        self.send(
            case,
            outsider,
            lambda answer: judge_shown(PROMPTS, hidden, Role.OUTSIDER, answer, ids, "prompts"),
        )
        if cookie:
            return
        by_rpc = case._replace(operation=f"{RPC} prompts/list")
        self.send(by_rpc, outsider, lambda answer: judge_foreign(label, answer))
        self.refused("GET /mcp/", label, outsider, headers={"Accept": "text/event-stream", SESSION: session})
        self.refused("DELETE /mcp/", label, outsider, headers={SESSION: session})

    def check_access(self, entity: EntityOperations, body: Body) -> None:
        """Create an entity in each visibility as the team owner, and check what every role sees and changes."""
        with self.roles(entity.items) as callers, ExitStack() as undo:
            owner = callers.bearer(Role.OWNER, self.link.session)
            tag = self.name("tag")
            made = {
                visibility: undo.enter_context(self.made(entity, visibility, body, callers.team, owner, tag))
                for visibility in Visibility
            }
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
            self.check_scope(entity, owner, made[Visibility.TEAM], body, callers)
            for one in made.values():
                self.call(entity.item, bearer=owner, **named({entity.parameter: one.id}))

    def check_reading(
        self, entity: EntityOperations, role: Role, bearer: str, made: Mapping[Visibility, Made]
    ) -> None:
        """Check the list and the items of the REST API."""
        ids = {visibility: one.id for visibility, one in made.items()}
        expected = {visibility: sees(entity, visibility, role) for visibility in made}
        self.send(
            NegativeCase(entity.items, CaseGroup.NO_PERMISSION, f"list for {role}", {}, {"limit": 0}),
            bearer,
            lambda answer: judge_shown(entity, expected, role, answer, ids),
        )
        for visibility, one in made.items():
            path = {entity.parameter: one.id}
            case = NegativeCase(entity.item, CaseGroup.NO_PERMISSION, f"{visibility} for {role}", path, {})
            self.send(case, bearer, self._item_judge(entity, visibility, role, expected[visibility]))

    def check_calling(
        self, entity: EntityOperations, role: Role, bearer: str, made: Mapping[Visibility, Made]
    ) -> None:
        """Check the list and the items of MCP, by JSON-RPC and in a session."""
        self.check_listed(entity, role, bearer, made, f"{RPC} {entity.rpc_list}")
        self.check_items(entity, role, bearer, made, RPC)
        if role in (Role.TEAMMATE, Role.OUTSIDER):
            with self.mcp_session(bearer) as session:
                self.check_listed(entity, role, bearer, made, f"{MCP} {entity.rpc_list}", session)
                self.check_items(entity, role, bearer, made, MCP, session)

    def check_listed(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Mapping[Visibility, Made],
        operation: str,
        session: str = "",
        member: str = "",
    ) -> None:
        """Check a list of JSON-RPC, in the ``member`` of its result; by default that of the kind."""
        names = {visibility: one.name for visibility, one in made.items()}
        expected = {visibility: sees(entity, visibility, role) for visibility in made}
        member = member or f"{entity.kind}s"
        method = operation.rpartition(" ")[2]
        self.send(
            self.rpc_case(
                operation, f"list for {role}", jsonrpc.request(method, None, "lt-negative"), session
            ),
            bearer,
            lambda answer: judge_shown(entity, expected, role, answer, names, member),
        )

    def check_items(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Mapping[Visibility, Made],
        endpoint: str,
        session: str = "",
    ) -> None:
        """Call each entity at an endpoint of JSON-RPC."""

        def request(name: str, label: str) -> NegativeCase:
            params: dict[str, Any] = {"uri" if entity is RESOURCES else "name": name}
            if entity is not RESOURCES:
                params["arguments"] = {"text": "lt"} if entity is TOOLS else {"who": "lt"}
            message = jsonrpc.request(entity.rpc_call, params, "lt-negative")
            return self.rpc_case(f"{endpoint} {entity.rpc_call}", f"{label} for {role}", message, session)

        # An unknown tool is an error of the tool here, as that of its service would be.
        if entity is TOOLS and session:
            self.check_like_unknown(entity, role, bearer, made, request, hidden_only=False)
            return
        for visibility, one in made.items():
            allowed = sees(entity, visibility, role, CALLING)
            judge = self._item_judge(entity, visibility, role, allowed)
            self.send(request(one.name, visibility.value), bearer, judge)

    def check_like_unknown(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Mapping[Visibility, Made],
        request: Callable[[str, str], NegativeCase],
        *,
        hidden_only: bool,
    ) -> None:
        """Check that a ``request`` about an entity that ``role`` does not see is answered as one about an unknown one.

        One about an entity that ``role`` may call must be answered otherwise, unless ``hidden_only``.

        ``request`` returns the request about the entity with a name, and a label.
        """
        other = self.name("unknown")
        unknown = self.negative_caller().send(request(other, "unknown"), bearer, as_it_is)
        if unknown is None:
            return
        way = "" if hidden_only else CALLING
        for visibility, one in made.items():
            shown = sees(entity, visibility, role, way)
            if shown and hidden_only:
                continue
            names = (one.name, other)
            judge = functools.partial(
                judge_like_unknown, entity, visibility, role, names, unknown, expected=shown
            )
            self.send(request(one.name, visibility.value), bearer, judge)

    @staticmethod
    def rpc_case(operation: str, label: str, message: Any, session: str = "") -> NegativeCase:
        """Return a JSON-RPC request, in an MCP session if its id is given."""
        headers = {"Accept": jsonrpc.ACCEPT} | ({SESSION: session} if session else {})
        return NegativeCase(operation, CaseGroup.NO_PERMISSION, label, {}, {}, json=message, headers=headers)

    def check_completing(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Mapping[Visibility, Made],
        completion: Callable[[str], Mapping[str, Any]],
    ) -> None:
        """Check that completion, at each endpoint, reveals an entity to those only who see it.

        ``completion`` returns the parameters of the request about an entity with this name.
        """

        def check(case: Callable[[Mapping[str, Any], str], NegativeCase]) -> None:
            def request(name: str, label: str) -> NegativeCase:
                return case(completion(name), f"completion of a {label} {entity.kind} for {role}")

            if entity is not RESOURCES:
                # Releases complete no argument of a prompt of their own, whoever asks.
                self.check_like_unknown(entity, role, bearer, made, request, hidden_only=True)
                return
            for visibility, one in made.items():
                shown = sees(entity, visibility, role)
                judge = functools.partial(judge_completed, entity, visibility, role, one.name, expected=shown)
                self.send(request(one.name, visibility.value), bearer, judge)

        def message(endpoint: str, session: str = "") -> Callable[[Mapping[str, Any], str], NegativeCase]:
            return lambda params, label: self.rpc_case(
                f"{endpoint} {COMPLETE}", label, jsonrpc.request(COMPLETE, params, "lt-negative"), session
            )

        check(message(RPC))
        check(
            lambda params, label: NegativeCase(PROTOCOL, CaseGroup.NO_PERMISSION, label, {}, {}, json=params)
        )
        if role in (Role.TEAMMATE, Role.OUTSIDER):
            with self.mcp_session(bearer) as session:
                check(message(MCP, session))

    def check_hidden(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Mapping[Visibility, Made],
        team: str,
        tag: str,
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
            label = f"{surface.label} for {role}"
            case = NegativeCase(
                surface.operation, CaseGroup.NO_PERMISSION, label, surface.path, surface.params
            )
            self.send(case, bearer, functools.partial(judge_hidden, entity, role, surface, hidden))

    def check_changing(
        self, entity: EntityOperations, role: Role, bearer: str, made: Mapping[Visibility, Made]
    ) -> None:
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
        """Check that the team owner brings an entity neither into a foreign team nor under another account."""
        path = {entity.parameter: one.id}
        for what, sent in (
            ("into a foreign team", {"teamId": callers.other_team}),
            ("under another account", {"ownerEmail": email_of(Role.OUTSIDER)}),
        ):
            label = f"move a {entity.kind} {what}"
            case = NegativeCase(entity.update, CaseGroup.NO_PERMISSION, label, path, {}, json=sent)
            self.send(case, owner, functools.partial(judge_scope, label, sent))
        label = f"create a {entity.kind} in a foreign team"
        scope = {"team_id": callers.other_team, "visibility": Visibility.TEAM.value}
        case = NegativeCase(
            entity.create, CaseGroup.NO_PERMISSION, label, {}, {}, json=body(self.name(entity.kind), scope)
        )
        negative = self.negative_caller()
        answer = negative.send(case, owner, lambda answer: judge_foreign(label, answer))
        if answer is not None and answer.status < HTTPStatus.MULTIPLE_CHOICES:
            negative.delete(entity.delete, {entity.parameter: answer.id})

    def refused(
        self,
        operation: str,
        label: str,
        bearer: str,
        *,
        path: Mapping[str, str] | None = None,
        params: Mapping[str, str | int | bool] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a request that must be refused."""
        case = NegativeCase(
            operation, CaseGroup.NO_PERMISSION, label, path or {}, params or {}, json, headers=headers or {}
        )
        self.send(case, bearer, lambda answer: judge_foreign(label, answer))

    def send(self, case: NegativeCase, bearer: str, judge: Callable[[Answer], Any]) -> None:
        """Send one request and report how ``judge`` finds the response."""
        self.negative_caller().send(case, bearer, judge)

    @contextmanager
    def roles(self, operation: str) -> Iterator[Callers]:
        """Yield the callers for the ``with`` block; without them, the check of ``operation`` is undecided.

        Raises:
            FixtureMissing: there are none.
        """
        callers = self.link.fixture.callers
        if callers is None:
            self.negative_caller().undecided(
                NegativeCase(operation, CaseGroup.NO_PERMISSION, "callers of each role", {}, {})
            )
            raise FixtureMissing
        yield callers

    @contextmanager
    def made(
        self,
        entity: EntityOperations,
        visibility: Visibility,
        body: Body,
        team: str,
        owner: str,
        tag: str = "",
    ) -> Iterator[Made]:
        """Create an entity as the team owner for the ``with`` block, with a ``tag`` if there is one."""
        sent = body(self.name(entity.kind), {"team_id": team, "visibility": visibility.value})
        sent.get(entity.kind, sent)["tags"] = [tag] if tag else []
        made = self.call(entity.create, json=sent, bearer=owner)
        try:
            yield Made(made.id, str(made["uri" if entity is RESOURCES else "name"]))
        finally:
            self.call(entity.delete, bearer=owner, **named({entity.parameter: made.id}))

    @contextmanager
    def api_token(self, team: str, owner: str, permissions: tuple[str, ...]) -> Iterator[str]:
        """Create an API token of the team for the ``with`` block."""
        body: dict[str, Any] = {"name": self.name("token"), "expires_in_days": 1}
        if permissions:
            body["scope"] = {"permissions": list(permissions)}
        made = self.call("POST /tokens/teams/{team_id}", team_id=team, json=body, bearer=owner)
        try:
            yield str(made["access_token"])
        finally:
            self.call("DELETE /tokens/{token_id}", token_id=str(made["token.id"]), bearer=owner)

    @contextmanager
    def mcp_session(self, bearer: str, server: str = "") -> Iterator[str]:
        """Open an MCP session, with a virtual server if one is given, for the ``with`` block, and yield its id."""
        path = {"server_id": server} if server else {}
        begin = "POST /servers/{server_id}/mcp initialize" if server else "POST /mcp/ initialize"
        end = "DELETE /servers/{server_id}/mcp" if server else "DELETE /mcp/"
        begun = self.rpc(begin, INITIALIZE, bearer=bearer, **named(path))
        session = str(begun.headers.get(SESSION) or "")
        try:
            yield session
        finally:
            with suppress(StepFailed):
                self.call(end, headers={SESSION: session}, bearer=bearer, unlisted=True, **named(path))

    @staticmethod
    def _item_judge(
        entity: EntityOperations, visibility: Visibility, role: Role, expected: bool
    ) -> Callable[[Answer], Any]:
        return lambda answer: judge_item(entity, visibility, role, answer, expected=expected)


def used(entity: EntityOperations, made: Made) -> dict[str, Any]:
    """Return the parameters with which JSON-RPC calls, reads or fills in an entity."""
    if entity is RESOURCES:
        return {"uri": made.name}
    return {"name": made.name, "arguments": {"text": "lt"} if entity is TOOLS else {"who": "lt"}}
