"""An API token of the administrator for one team: what it shows, and what it must not show."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.fixtures.callers import Role
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase
from loadtest.users.access.checks import DENIED, NO_ACCESS, is_denied, is_no_access, judge_reserved
from loadtest.users.base import named, task
from loadtest.users.checks import ANSWERED, both, has, lists
from loadtest.users.federation.checks import calls_fail
from loadtest.users.identity.fixtures import TOKEN, PeopleUser
from loadtest.users.mcp.open_session import mcp_session
from loadtest.users.read_back import parameters_of
from loadtest.users.registry.fixtures import (
    INFO,
    PRIVATE,
    RegistryUser,
    new_agent,
    new_gateway,
    new_prompt,
    new_resource,
    new_server,
    new_tool,
    of_team,
)

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""
MOST = 100
REFUSED = (*NO_ACCESS, *ANSWERED)
"""Statuses of a list of another team, which may have public entities instead."""


MCP_LISTS = {
    "POST /mcp/ tools/list": ("GET /tools", "name"),
    "POST /mcp/ resources/list": ("GET /resources", "uri"),
    "POST /mcp/ prompts/list": ("GET /prompts", "name"),
}
"""The operation of the API that lists the same, and the member by which a list of MCP names it."""
ROOT_EVENTS = NegativeCase("GET /roots/changes", CaseGroup.NO_PERMISSION, "token for one team", {}, {})


class TeamTokenUser(PeopleUser, RegistryUser):
    """A program with a token of the administrator for one of the teams."""

    area = "tokens"

    @task
    def teams(self) -> None:
        """Lists and searches of teams have the team of the token, and no other."""
        with self.team() as team, self.team() as other, self.token(team) as bearer:
            own = shows_only_team(team, other)
            for operation in ("GET /admin/teams/search", "GET /search", "GET /admin/search"):
                for one, check in ((team, own), (other, shows_only_team(None, other))):
                    query: dict[str, Any] = {"q": one["name"]}
                    if operation != "GET /admin/teams/search":
                        query["entity_types"] = "teams"
                    if self.offers(operation):
                        self.call(operation, params=query, bearer=bearer, check=check)
            self.call("GET /teams/", params={"limit": MOST}, bearer=bearer, check=both(own, has("total", 1)))
            pages: dict[str, Any] = {"bearer": bearer, "headers": {"Accept": "text/html"}}
            for page in ({"per_page": MOST}, {"unified": True}):
                self.call("GET /admin/teams", params=page, check=own, **pages)
            self.call("GET /admin/teams/partial", params={"per_page": MOST}, check=own, **pages)

    @task
    def everybodys(self) -> None:
        """What belongs to no team is refused: the roots, and exports."""
        with self.team() as team, self.token(team) as bearer:
            own: dict[str, Any] = {
                "bearer": bearer,
                "refusals": NO_ACCESS,
                "effect": is_no_access("what belongs to no team to a token for one team"),
            }
            for operation in ("GET /roots", "GET /export", "GET /admin/export/configuration"):
                self.call(operation, **own)
            # It is refused whether there is such a root or not.
            name = self.name("root")
            uri, renamed = f"https://example.com/{name}", {"name": name}
            self.call("POST /export/selective", json={"roots": [uri]}, **own)
            if self.documents("PUT /roots/{root_uri}", "body uri"):
                renamed |= {"uri": uri}
            self.call("GET /roots/{root_uri}", root_uri=uri, **own)
            self.call("POST /roots", json={"uri": uri, "name": name}, **own)
            self.call("PUT /roots/{root_uri}", root_uri=uri, json=renamed, **own)
            self.call("DELETE /roots/{uri}", uri=uri, **own)
            self.call(
                "POST /rpc roots/list",
                json=jsonrpc.request("roots/list", None, self.name("list")),
                bearer=bearer,
                unlisted=True,
                refusals=ANSWERED,
                effect=has_no_result("the roots to a token for one team"),
            )
            # A stream that is opened by mistake does not end.
            reserved = functools.partial(judge_reserved, "changes of the roots by a token for one team")
            self.negative_caller().send(ROOT_EVENTS, bearer, reserved)

    @task
    def creates_private(self) -> None:
        """A token for no team creates nothing that is not public."""
        if (token := self.public_token()) is not None:
            self.creates_nothing(PRIVATE, token, "to create a private entity with a token for no team")

    def creates_nothing(self, scope: Mapping[str, str], bearer: str, what: str) -> None:
        """Create an entity of each kind in a ``scope`` that the token does not allow: each request is refused."""
        name = self.name("entity")
        gateway = new_gateway(name, self.backend("mcp_small"), scope=scope)
        for operation, delete, read, body in (
            (
                "POST /tools",
                "DELETE /tools/{tool_id}",
                None,
                new_tool(name, self.backend("rest"), scope=scope),
            ),
            ("POST /resources", "DELETE /resources/{resource_id}", INFO, new_resource(name, scope=scope)),
            ("POST /prompts", "DELETE /prompts/{prompt_id}", None, new_prompt(name, scope=scope)),
            ("POST /servers", "DELETE /servers/{server_id}", None, new_server(name, scope=scope)),
            ("POST /gateways", "DELETE /gateways/{gateway_id}", None, gateway),
            ("POST /a2a", "DELETE /a2a/{agent_id}", None, new_agent(name, self.backend("a2a"), scope=scope)),
        ):
            made = ""

            def refused(answer: Answer) -> Mismatch | None:
                nonlocal made
                made = "" if answer.status in NO_ACCESS else answer.id
                return is_no_access(what)(answer)

            try:
                self.call(operation, json=body, bearer=bearer, refusals=NO_ACCESS, effect=refused)
            finally:
                if made:
                    with self.undoing():
                        self.delete(delete, read=read, **named({parameters_of(delete)[0]: made}))

    @task
    def other_team(self) -> None:
        """Another team's lists show nothing, and nothing is created there; those of the token's team are whole."""
        with (
            self.team() as team,
            self.team() as other,
            self.token(team) as bearer,
            self.tool(scope=of_team(team.id)) as own,
            self.things(other) as things,
        ):
            of_own = {"team_id": team.id, "limit": 0}
            self.call("GET /tools", params=of_own, bearer=bearer, check=lists(own))
            foreign: dict[str, Any] = {"params": {"team_id": other.id, "limit": 0}, "bearer": bearer}
            for operation, one in things.items():
                self.call(operation, refusals=REFUSED, effect=hides(one), **foreign)
            with self.agent(scope=of_team(other.id)) as agent:
                self.call("GET /a2a", refusals=REFUSED, effect=hides(agent), **foreign)
            self.call("GET /gateways", refusals=REFUSED, effect=shows_nothing, **foreign)
            what = "to create an entity in another team than that of the token"
            self.creates_nothing(of_team(other.id), bearer, what)

    @task
    def owned_elsewhere(self) -> None:
        """What the user of the token owns in another team is in no list, and can be neither read nor called.

        Nor is it in a list of MCP with a token for no team.
        """
        with (
            self.team() as team,
            self.team() as other,
            self.token(team) as bearer,
            self.things(other) as things,
        ):
            every: dict[str, Any] = {"params": {"limit": 0}, "bearer": bearer}
            for operation, one in things.items():
                public = lists(self.everybodys_own[operation])
                self.call(operation, check=both(hides(one), public), **every)
            self.call("GET /gateways", check=lists(self.fixture.gateway_id or ""), **every)
            tool = things["GET /tools"]
            self.rpc("POST /rpc tools/list", bearer=bearer, check=hides(tool, by=str(tool["name"])))
            self.hides_from_no_team(things)
            denied: dict[str, Any] = {
                "bearer": bearer,
                "refusals": DENIED,
                "check": is_denied("an entity of another team to a token for one team"),
            }
            self.call("GET /tools/{tool_id}", tool_id=tool.id, **denied)
            self.call("GET /resources/{resource_id}", resource_id=things["GET /resources"].id, **denied)
            self.call("GET /prompts/{prompt_id}", prompt_id=things["GET /prompts"].id, **denied)
            self.call("GET /servers/{server_id}", server_id=things["GET /servers"].id, **denied)
            use = jsonrpc.request("tools/call", {"name": tool["name"], "arguments": {}}, self.name("call"))
            self.call(
                "POST /rpc tools/call",
                json=use,
                bearer=bearer,
                unlisted=True,
                refusals=ANSWERED,
                effect=calls_fail,
            )

    def hides_from_no_team(self, things: Mapping[str, Answer]) -> None:
        """Read the lists of MCP with a token for no team, in which nothing of a team is."""
        if (bearer := self.public_token()) is None:
            return
        with mcp_session(self, bearer) as session:
            for operation, (listed, key) in MCP_LISTS.items():
                one = things[listed]
                check = hides(one, by=str(one[key]))
                self.rpc(operation, {}, headers={SESSION: session}, bearer=bearer, check=check)

    @task
    def tags(self) -> None:
        """A tag shows nothing of a team to which neither the token nor its user belongs."""
        if (callers := self.fixture.callers) is None:
            return
        tag, owner = self.name("tag"), callers.bearer(Role.OWNER, self.link.session)
        scope = of_team(callers.team)
        body = new_tool(self.name("tool"), self.backend("rest"), scope=scope, tags=[tag])
        with (
            self.team() as team,
            self.token(team) as bearer,
            self.created("POST /tools", json=body, bearer=owner, delete="DELETE /tools/{tool_id}") as tool,
        ):
            of_tools: dict[str, Any] = {"entity_types": "tools"}
            own: dict[str, Any] = {"bearer": bearer, "check": hides(tool)}
            self.call("GET /tags/{tag_name}/entities", tag_name=tag, params=of_tools, **own)
            self.call("GET /tags", params=of_tools | {"include_entities": True}, **own)

    @task
    def activities(self) -> None:
        """The latest activities have those in the team of the token, and none in another team."""
        if not self.offers("GET /api/logs/activity") or not self.switched_on("AUDIT_TRAIL_ENABLED"):
            return
        with (
            self.team() as team,
            self.team() as other,
            self.token(team) as bearer,
            self.tool(scope=of_team(team.id)) as tool,
            self.tool(scope=of_team(other.id)) as hidden,
        ):
            own = has_activity(str(tool["name"]), str(hidden["name"]))
            self.call("GET /api/logs/activity", params={"limit": MOST}, bearer=bearer, check=own)

    @property
    def everybodys_own(self) -> dict[str, str]:
        """A public entity of each kind that belongs to no team, by the operation that lists it."""
        fixture = self.fixture
        return {
            "GET /tools": fixture.tool_ids["echo"],
            "GET /resources": fixture.resources["note://hello"],
            "GET /prompts": fixture.prompt_ids["greet"],
            "GET /servers": fixture.server_id or "",
        }

    @contextmanager
    def things(self, team: Answer) -> Iterator[dict[str, Answer]]:
        """Create one entity of each kind in ``team`` for the ``with`` block, by the operation that lists it."""
        scope = of_team(team.id)
        with (
            self.tool(scope=scope) as tool,
            self.resource(scope=scope) as resource,
            self.prompt(scope=scope) as prompt,
            self.server(scope=scope) as server,
        ):
            yield {
                "GET /tools": tool,
                "GET /resources": resource,
                "GET /prompts": prompt,
                "GET /servers": server,
            }

    @contextmanager
    def token(self, team: Answer) -> Iterator[str]:
        """Create a token for ``team`` for the ``with`` block, and yield it."""
        new = {"name": self.name("token"), "description": "Of one team.", "expires_in_days": DAYS}
        made = self.call("POST /tokens/teams/{team_id}", team_id=team.id, json=new)
        try:
            yield str(made["access_token"])
        finally:
            with self.undoing():
                self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=str(made["token.id"]))


def has_no_result(what: str) -> Check:
    """Return a check that JSON-RPC answers a request that would show ``what`` with an error."""
    return lambda answer: None if "error" in answer.json else expected(f"{what} to be refused", answer.text)


def hides(entity: Answer, *, by: str = "") -> Check:
    """Return a check that a list is refused, or does not have an ``entity`` of another team, by its id or ``by``."""
    named = by or entity.id

    def check(answer: Answer) -> Mismatch | None:
        hidden = answer.status in NO_ACCESS or (answer.status in ANSWERED and named not in answer.text)
        return None if hidden else expected("nothing of another team than that of the token", answer.text)

    return check


def has_activity(name: str, other: str) -> Check:
    """Return a check that a list of activities has one about the entity ``name``, and none about the ``other`` one."""

    def check(answer: Answer) -> Mismatch | None:
        found = {one["resource_name"] for one in answer["items"]}
        if name not in found:
            return expected("an activity in the team of the token", sorted(map(str, found)))
        return None if other not in answer.text else expected("no activity in another team", answer.text)

    return check


def shows_only_team(team: Answer | None, other: Answer) -> Check:
    """Return a check that a response has the id of ``team``, if given, and not that of the ``other`` one."""

    def check(answer: Answer) -> Mismatch | None:
        if team is not None and team.id not in answer.text:
            return expected("the team of the token", answer.text)
        return (
            None
            if other.id not in answer.text
            else expected("no other team than that of the token", answer.text)
        )

    return check


def shows_nothing(answer: Answer) -> Mismatch | None:
    """Return a mismatch if a response that is no refusal lists anything."""
    return expected("an empty list", answer.json) if answer.status not in REFUSED and answer.json else None
