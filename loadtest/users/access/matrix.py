"""Which caller sees which entity, by visibility. Pure.

The rule is that of the gateway (``mcpgateway/services/base_service.py``, ``_apply_visibility_filter``): public entities
are for every signed-in user, team entities for members of the team, private ones for their owner. An administrator sees
the entities of every team, and no private ones of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from loadtest.client.answer import Answer, Problem
from loadtest.client.protocols import jsonrpc
from loadtest.client.refusal import Finding, is_crash, is_refusal, outcome_of
from loadtest.fixtures.callers import Role
from loadtest.results.failures import ProblemKind
from loadtest.results.refusals import Standing


class Visibility(StrEnum):
    """Visibility of an entity that the team owner created for the team."""

    PRIVATE = "private"
    TEAM = "team"
    PUBLIC = "public"


class EntityOperations(NamedTuple):
    """The operations of one kind of entity that visibility concerns."""

    kind: str
    """Singular, as in messages."""
    permission: str
    """Prefix of its permissions: ``tools`` in ``tools.read``."""
    create: str
    item: str
    items: str
    update: str
    state: str
    delete: str
    parameter: str
    admin: tuple[str, str, str, str]
    """List, table, ids and search of the admin UI."""
    rpc_list: str = ""
    """JSON-RPC method, without an endpoint; empty if it has none."""
    rpc_call: str = ""
    rpc_older: str = ""
    """The gateway's own older method that lists them, if there is one."""

    @property
    def exported(self) -> str:
        """The name of the kind in exports and tags: ``a2a_agents``, else the plural."""
        return "a2a_agents" if self.kind == "agent" else f"{self.kind}s"


TOOLS = EntityOperations(
    "tool",
    "tools",
    "POST /tools",
    "GET /tools/{tool_id}",
    "GET /tools",
    "PUT /tools/{tool_id}",
    "POST /tools/{tool_id}/state",
    "DELETE /tools/{tool_id}",
    "tool_id",
    (
        "GET /admin/tools",
        "GET /admin/tools/partial",
        "GET /admin/tools/ids",
        "GET /admin/tools/search",
    ),
    "tools/list",
    "tools/call",
    "list_tools",
)
RESOURCES = EntityOperations(
    "resource",
    "resources",
    "POST /resources",
    "GET /resources/{resource_id}",
    "GET /resources",
    "PUT /resources/{resource_id}",
    "POST /resources/{resource_id}/state",
    "DELETE /resources/{resource_id}",
    "resource_id",
    (
        "GET /admin/resources",
        "GET /admin/resources/partial",
        "GET /admin/resources/ids",
        "GET /admin/resources/search",
    ),
    "resources/list",
    "resources/read",
)
PROMPTS = EntityOperations(
    "prompt",
    "prompts",
    "POST /prompts",
    "GET /prompts/{prompt_id}",
    "GET /prompts",
    "PUT /prompts/{prompt_id}",
    "POST /prompts/{prompt_id}/state",
    "DELETE /prompts/{prompt_id}",
    "prompt_id",
    (
        "GET /admin/prompts",
        "GET /admin/prompts/partial",
        "GET /admin/prompts/ids",
        "GET /admin/prompts/search",
    ),
    "prompts/list",
    "prompts/get",
)
SERVERS = EntityOperations(
    "server",
    "servers",
    "POST /servers",
    "GET /servers/{server_id}",
    "GET /servers",
    "PUT /servers/{server_id}",
    "POST /servers/{server_id}/state",
    "DELETE /servers/{server_id}",
    "server_id",
    (
        "GET /admin/servers",
        "GET /admin/servers/partial",
        "GET /admin/servers/ids",
        "GET /admin/servers/search",
    ),
)
GATEWAYS = EntityOperations(
    "gateway",
    "gateways",
    "POST /gateways",
    "GET /gateways/{gateway_id}",
    "GET /gateways",
    "PUT /gateways/{gateway_id}",
    "POST /gateways/{gateway_id}/state",
    "DELETE /gateways/{gateway_id}",
    "gateway_id",
    (
        "GET /admin/gateways",
        "GET /admin/gateways/partial",
        "GET /admin/gateways/ids",
        "GET /admin/gateways/search",
    ),
    rpc_older="list_gateways",
)
AGENTS = EntityOperations(
    "agent",
    "a2a",
    "POST /a2a",
    "GET /a2a/{agent_id}",
    "GET /a2a",
    "PUT /a2a/{agent_id}",
    "POST /a2a/{agent_id}/state",
    "DELETE /a2a/{agent_id}",
    "agent_id",
    (
        "GET /admin/a2a",
        "GET /admin/a2a/partial",
        "GET /admin/a2a/ids",
        "GET /admin/a2a/search",
    ),
)

_SEEN: dict[Role, frozenset[Visibility]] = {
    Role.ADMINISTRATOR: frozenset({Visibility.TEAM, Visibility.PUBLIC}),
    Role.OWNER: frozenset(Visibility),
    Role.TEAMMATE: frozenset({Visibility.TEAM, Visibility.PUBLIC}),
    Role.DEVELOPER: frozenset({Visibility.TEAM, Visibility.PUBLIC}),
    Role.OUTSIDER: frozenset({Visibility.PUBLIC}),
    Role.VIEWER: frozenset({Visibility.PUBLIC}),
    Role.TEAM_TOKEN: frozenset(Visibility),
    Role.READ_TOKEN: frozenset(Visibility),
    Role.ANONYMOUS: frozenset(),
}
READ_TOKEN_PERMISSION = "tools"  # noqa: S105
"""The only permission of the scoped token is to read these."""
CALLING = "call"
"""The way that needs more than permission to read."""
_MAY_NOT_CALL = (Role.VIEWER, Role.READ_TOKEN)
"""Roles without permission to call tools."""
FOREIGN = (Role.OUTSIDER, Role.VIEWER, Role.ANONYMOUS)
"""Roles outside the team, without permission to change its entities."""
NOT_OWNING = (*FOREIGN, Role.DEVELOPER)
"""Roles that may change no entity of the team owner: a member needs to own it, whatever the permissions."""


def sees(entity: EntityOperations, visibility: Visibility, role: Role, way: str = "") -> bool:
    """Return whether ``role`` sees an entity of the team owner; ``way`` is :data:`CALLING` for a call of a tool."""
    if role is Role.READ_TOKEN and entity.permission != READ_TOKEN_PERMISSION:
        return False
    if way == CALLING and entity is TOOLS and role in _MAY_NOT_CALL:
        return False
    return visibility in _SEEN[role]


_NO_ACCESS = (401, 403)
"""Statuses of a request whose credential does not give access, whatever the request names."""


class Surface(NamedTuple):
    """A request, other than for the list or an item, whose response can contain entities of one kind."""

    operation: str
    params: Mapping[str, str | int | bool]
    label: str
    path: Mapping[str, str] = {}


def surfaces(entity: EntityOperations, team: str, name: str, tag: str) -> tuple[Surface, ...]:
    """Return the requests that could reveal the entity ``name`` of ``team``: filters, exports, tags, admin pages.

    All entities of the team that are compared have the ``tag``.
    """
    listed, table, ids, search = entity.admin
    every = {"include_inactive": True}
    kind = entity.kind
    return (
        Surface(entity.items, {"team_id": team, "limit": 0}, "filter by a foreign team"),
        Surface(entity.items, {"visibility": Visibility.PRIVATE, "limit": 0}, "filter by private"),
        Surface(entity.items, {**every, "limit": 0}, "list with inactive ones"),
        Surface("GET /export", {"types": entity.exported, **every}, f"export of {kind}s"),
        Surface("GET /tags", {"entity_types": entity.exported, "include_entities": True}, f"tags of {kind}s"),
        Surface(
            "GET /tags/{tag_name}/entities",
            {"entity_types": entity.exported},
            f"{kind}s of a tag",
            {"tag_name": tag},
        ),
        Surface("GET /tags/{tag_name}/entities", {}, f"every kind of a tag, {kind}s", {"tag_name": tag}),
        Surface("GET /tags/", {"include_entities": True}, f"all tags, of {kind}s"),
        Surface("GET /export", {"tags": tag, **every}, f"export of a tag, {kind}s"),
        Surface(listed, {**every, "per_page": 500}, "admin list"),
        Surface(table, {**every, "per_page": 500}, "admin table"),
        Surface(ids, {**every, "team_id": team}, "admin ids"),
        Surface(ids, every, "admin ids of every team"),
        Surface(table, {**every, "per_page": 500, "team_id": team}, "admin table of a foreign team"),
        Surface(search, {"q": name, **every}, "admin search"),
        Surface(search, {"tags": tag, **every, "team_id": team}, "admin search in a foreign team"),
        Surface("GET /admin/search", {"q": name, **every}, f"admin search for a {kind}"),
        Surface(
            "GET /admin/search",
            {"tags": tag, **every, "team_id": team},
            f"admin search in a foreign team for a {kind}",
        ),
        Surface(
            "GET /admin/tool-ops/partial",
            {**every, "per_page": 500, "team_id": team},
            f"admin table of operations of a foreign team, {kind}s",
        ),
        Surface(
            "GET /admin/export/configuration", {"types": entity.exported, **every}, f"admin export of {kind}s"
        ),
    )


def judge_hidden(
    entity: EntityOperations,
    role: Role,
    surface: Surface,
    hidden: Iterable[tuple[Visibility, str]],
    answer: Answer,
) -> Finding:
    """Return whether a response reveals one of the ``hidden`` ids or names, which the request does not contain."""
    text = answer.text
    for visibility, identity in sorted(hidden):
        sent = (*surface.params.values(), *surface.path.values())
        if identity in text and not any(identity in str(value) for value in sent):
            where = f"{surface.label} shows a {visibility} {entity.kind} of the team to {role}"
            return _wrong(ProblemKind.UNAUTHORIZED, where)
    return Finding(Standing.AS_RECORDED)


def judge_shown(
    entity: EntityOperations,
    expected: Mapping[Visibility, bool],
    role: Role,
    answer: Answer,
    ids: Mapping[Visibility, str],
    member: str = "",
) -> Finding:
    """Return whether a list shows exactly the ``expected`` entities to ``role``.

    ``ids`` has the value by which each is found; ``member`` is the member of a JSON-RPC result that has the list.
    """
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"the list of {entity.kind}s for {role} failed")
    shown = _texts(answer, member) if not is_refusal(outcome) else frozenset()
    for visibility, identity in ids.items():
        if (identity in shown) and not expected[visibility]:
            return _wrong(
                ProblemKind.UNAUTHORIZED, f"a {visibility} {entity.kind} of the team is listed for {role}"
            )
    for visibility, identity in ids.items():
        if identity not in shown and expected[visibility]:
            return _wrong(
                ProblemKind.CONTENT, f"a {visibility} {entity.kind} of the team is not listed for {role}"
            )
    return Finding(Standing.AS_RECORDED)


def judge_item(
    entity: EntityOperations, visibility: Visibility, role: Role, answer: Answer, *, expected: bool
) -> Finding:
    """Return whether an entity is shown to ``role`` as ``expected``, or its call answered."""
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"a {visibility} {entity.kind} of the team failed for {role}")
    shown = not is_refusal(outcome) or outcome.endswith("tool-error")
    if shown and not expected:
        return _wrong(
            ProblemKind.UNAUTHORIZED, f"a {visibility} {entity.kind} of the team is shown to {role}"
        )
    if expected and not shown:
        return _wrong(ProblemKind.CONTENT, f"a {visibility} {entity.kind} of the team is not shown to {role}")
    return Finding(Standing.AS_RECORDED)


def judge_foreign(what: str, answer: Answer) -> Finding:
    """Return whether a request of a caller without permission was refused; ``what`` completes "… is let in"."""
    outcome = outcome_of(answer)
    if is_refusal(outcome):
        return Finding(Standing.AS_RECORDED)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"{what}: expected a refusal, got an error")
    return _wrong(ProblemKind.UNAUTHORIZED, f"{what}: expected a refusal, but the request was accepted")


def judge_scope(what: str, sent: Mapping[str, str], answer: Answer) -> Finding:
    """Return whether an update that moves an entity was refused, or had no effect; ``sent`` is its new scope."""
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"{what}: expected a refusal, got an error")
    if not is_refusal(outcome) and any(answer.json.get(name) == value for name, value in sent.items()):
        return _wrong(ProblemKind.UNAUTHORIZED, f"{what}: expected a refusal or no effect, but it was moved")
    return Finding(Standing.AS_RECORDED)


def judge_reserved(what: str, answer: Answer) -> Finding:
    """Return whether a request was refused because of its credential; ``what`` completes "… is let in".

    A refusal for another reason, such as an unknown id, has passed the access check.
    """
    if answer.status in _NO_ACCESS:
        return Finding(Standing.AS_RECORDED)
    return _wrong(
        ProblemKind.UNAUTHORIZED, f"{what}: expected to be forbidden, but the request passed the access check"
    )


def as_it_is(_: Answer) -> Finding:
    """Accept any answer: others are compared with it."""
    return Finding(Standing.AS_RECORDED)


def judge_like_unknown(
    entity: EntityOperations,
    visibility: Visibility,
    role: Role,
    named: tuple[str, str],
    unknown: Answer,
    answer: Answer,
    *,
    expected: bool,
) -> Finding:
    """Return whether an ``answer`` differs from that about an ``unknown`` entity exactly if it is ``expected`` to.

    The names of the entity and of the unknown one, ``named``, are not compared.
    """
    if is_crash(outcome_of(answer)):
        return _wrong(ProblemKind.REFUSAL, f"a {visibility} {entity.kind} of the team failed for {role}")
    name, other = named
    like_unknown = (answer.status, answer.text.replace(name, "")) == (
        unknown.status,
        unknown.text.replace(other, ""),
    )
    if not like_unknown and not expected:
        return _wrong(
            ProblemKind.UNAUTHORIZED,
            f"the answer about a {visibility} {entity.kind} of the team reveals to {role} that it exists",
        )
    if like_unknown and expected:
        return _wrong(ProblemKind.CONTENT, f"a {visibility} {entity.kind} of the team is unknown to {role}")
    return Finding(Standing.AS_RECORDED)


def judge_completed(
    entity: EntityOperations,
    visibility: Visibility,
    role: Role,
    address: str,
    answer: Answer,
    *,
    expected: bool,
) -> Finding:
    """Return whether a completion of the start of an ``address`` contains it exactly if it is ``expected``.

    The request does not contain the whole address.
    """
    if is_crash(outcome_of(answer)):
        return _wrong(
            ProblemKind.REFUSAL, f"the completion of a {visibility} {entity.kind} failed for {role}"
        )
    shown = address in answer.text
    if shown and not expected:
        return _wrong(
            ProblemKind.UNAUTHORIZED, f"the address of a {visibility} {entity.kind} is completed for {role}"
        )
    if expected and not shown:
        return _wrong(
            ProblemKind.CONTENT, f"the address of a {visibility} {entity.kind} is not completed for {role}"
        )
    return Finding(Standing.AS_RECORDED)


def judge_binding(what: str, binding: str, answer: Answer) -> Finding:
    """Return whether a response shows the ``binding`` of a foreign team; ``what`` names the request."""
    if binding in answer.text:
        return _wrong(ProblemKind.UNAUTHORIZED, f"{what}: expected no binding of the team in the response")
    return Finding(Standing.AS_RECORDED)


def _wrong(problem: ProblemKind, message: str) -> Finding:
    return Finding(Standing.FAILED, problem, message)


def _texts(answer: Answer, member: str) -> frozenset[str]:
    """Return the ids, names and addresses of the entities in a list, a page, or the result of a JSON-RPC call."""
    try:
        found: Any = jsonrpc.reply(answer).get("result") if member else answer.json
    except Problem:
        return frozenset()
    if member and isinstance(found, dict):
        found = found.get(member)
    return frozenset(
        str(one[key])
        for one in _members(found)
        if isinstance(one, dict)
        for key in ("id", "name", "uri")
        if one.get(key) is not None
    )


def _members(found: Any) -> Iterator[Any]:
    if isinstance(found, list):
        yield from found
    elif isinstance(found, dict):
        for value in found.values():
            if isinstance(value, list):
                yield from value
