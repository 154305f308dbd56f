"""Base of the users who check visibility: callers of each role, and entities of a team."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.client.refusal import Finding
from loadtest.fixtures.callers import Callers, Role
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase
from loadtest.users.access.visibility.findings import (
    as_it_is,
    judge_foreign,
    judge_like_unknown,
    judge_required,
    judge_shown,
)
from loadtest.users.access.visibility.matrix import (
    CALLING,
    RESOURCES,
    TOOLS,
    EntityOperations,
    Visibility,
    sees,
)
from loadtest.users.base import FixtureMissing, named
from loadtest.users.registry.fixtures import RegistryUser

RPC = "POST /rpc"
MCP = "POST /mcp/"
IN_SESSIONS = (Role.TEAMMATE, Role.OUTSIDER)
"""Roles whose requests are made in a session of MCP as well: a session is expensive, and one of each side is enough."""

Body = Callable[[str, Mapping[str, str]], dict[str, Any]]
"""Returns the body that creates an entity with a name in a scope."""


class Made(NamedTuple):
    """An entity of the team owner."""

    id: str
    name: str
    """Name or, of a resource, address by which MCP finds it."""


Entities = Mapping[Visibility, Made]
"""An entity of one kind in each visibility."""


class VisibilityUser(RegistryUser):
    """Callers of every role, and the entities of a team."""

    abstract = True
    area = "access"

    @contextmanager
    def roles(self, operation: str) -> Iterator[Callers]:
        """Yield the callers for the ``with`` block; without them, the check of ``operation`` is undecided.

        Raises:
            FixtureMissing: there are none.
        """
        callers = self.link.fixture.callers
        if callers is None:
            self.negative_caller().undecided(access_case(operation, "callers of each role"))
            raise FixtureMissing
        yield callers

    def bearers(
        self, callers: Callers, undo: ExitStack, *, without: Collection[Role] = ()
    ) -> dict[Role, str]:
        """Return a token of each role, ``without`` some; API tokens are revoked by ``undo``."""
        owner = self.bearer(callers, Role.OWNER)
        tokens = {Role.TEAM_TOKEN: (), Role.READ_TOKEN: ("tools.read",)}
        return {
            role: undo.enter_context(self.api_token(callers.team, owner, tokens[role]))
            if role in tokens
            else self.bearer(callers, role)
            for role in Role
            if role not in without
        }

    def bearer(self, callers: Callers, role: Role) -> str:
        """Return the token of a ``role`` with an account."""
        return callers.bearer(role, self.link.session)

    def made_in_each(
        self, entity: EntityOperations, body: Body, callers: Callers, undo: ExitStack, tag: str = ""
    ) -> Entities:
        """Create an entity in each visibility as the team owner; ``undo`` deletes them."""
        owner = self.bearer(callers, Role.OWNER)
        return {
            visibility: undo.enter_context(self.made(entity, visibility, body, callers.team, owner, tag))
            for visibility in Visibility
        }

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

    def send(self, case: NegativeCase, bearer: str, judge: Callable[[Answer], Finding]) -> None:
        """Send one request and report how ``judge`` finds the response."""
        self.negative_caller().send(case, bearer, judge)

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
        case = access_case(operation, label, path, params)._replace(json=json, headers=headers or {})
        self.send(case, bearer, functools.partial(judge_foreign, label))

    def check_shown(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Entities,
        case: NegativeCase,
        member: str = "",
    ) -> None:
        """Check that a list shows ``role`` the entities that it sees, and no other.

        They are found by their ids, or in the ``member`` of a result of JSON-RPC by their names.
        """
        expected = {visibility: sees(entity, visibility, role) for visibility in made}
        shown = {visibility: one.name if member else one.id for visibility, one in made.items()}
        self.send(case, bearer, lambda answer: judge_shown(entity, expected, role, answer, shown, member))

    def check_listed(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Entities,
        operation: str,
        session: str = "",
        member: str = "",
    ) -> None:
        """Check a list of JSON-RPC, in the ``member`` of its result; by default that of the kind."""
        case = rpc_case(operation, f"list for {role}", session=session)
        self.check_shown(entity, role, bearer, made, case, member or f"{entity.kind}s")

    def check_required(
        self, operation: str, bearer: str, made: Entities, *, session: str, server: str = ""
    ) -> None:
        """Check that a public prompt, which has a required argument, is refused without arguments."""
        label = "public prompt without arguments"
        one = {"name": made[Visibility.PUBLIC].name}
        case = rpc_case(operation, label, one, session=session, server=server)
        self.send(case, bearer, functools.partial(judge_required, label))

    def check_like_unknown(
        self,
        entity: EntityOperations,
        role: Role,
        bearer: str,
        made: Entities,
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


def access_case(
    operation: str,
    label: str,
    path: Mapping[str, str] | None = None,
    params: Mapping[str, str | int | bool] | None = None,
) -> NegativeCase:
    """Return a request of a caller whose access is checked."""
    return NegativeCase(operation, CaseGroup.NO_PERMISSION, label, path or {}, params or {})


def rpc_case(
    operation: str,
    label: str,
    params: Mapping[str, Any] | None = None,
    *,
    session: str = "",
    server: str = "",
) -> NegativeCase:
    """Return a JSON-RPC request, in an MCP session and with a virtual server if their ids are given."""
    headers = {"Accept": jsonrpc.ACCEPT} | ({SESSION: session} if session else {})
    message = jsonrpc.request(operation.rpartition(" ")[2], params, "lt-negative")
    path = {"server_id": server} if server else {}
    return access_case(operation, label, path)._replace(json=message, headers=headers)


def call_of(entity: EntityOperations, name: str) -> dict[str, Any]:
    """Return the parameters with which JSON-RPC calls, reads or fills in the entity with this name or address."""
    if entity is RESOURCES:
        return {"uri": name}
    return {"name": name, "arguments": {"text": "lt"} if entity is TOOLS else {"who": "lt"}}
