"""Which caller sees which entity, by visibility. Pure.

The rule is that of the gateway (``mcpgateway/services/base_service.py``, ``_apply_visibility_filter``): public entities
are for every signed-in user, team entities for members of the team, private ones for their owner. An administrator sees
the entities of every team, and no private ones of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from loadtest.fixtures.callers import Role


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
