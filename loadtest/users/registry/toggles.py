"""Disabling and enabling entities, with the current and the deprecated operations.

A disabled entity is in lists only if they are to include inactive ones. Each kind is listed here with all filters: a
new tag, or a new team, makes the results definite, whatever other users create meanwhile.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import DENIED, is_denied
from loadtest.users.base import task
from loadtest.users.checks import both, enabled, ids, is_not_empty, lists, lists_only, of_no_other_team
from loadtest.users.ops.log_search import MOST, has_audited
from loadtest.users.read_back import Created, Item, Listed, properties_of
from loadtest.users.recorded import shown_by
from loadtest.users.registry.fixtures import PRIVATE, PUBLIC, RegistryUser, new_agent, of_team

if TYPE_CHECKING:
    from loadtest.client.answer import Answer
    from loadtest.client.caller import Check

COUNTED_WITHIN = 15.0
"""Seconds within which a disabled agent no longer counts as active; the gateway keeps the numbers for up to ten."""


class EntityToggleUser(RegistryUser):
    """Every kind of entity, disabled and enabled."""

    area = "toggles"
    weight = 3

    @task(3)
    def tool_state(self) -> None:
        """A tool is disabled and enabled again, and the lists of tools show it accordingly."""
        tag = self.name("tag")
        with (
            self.team() as team,
            self.tool(tags=[tag], scope=PRIVATE) as active,
            self.tool(tags=[tag], scope=of_team(team.id)) as tool,
        ):
            read = Listed("GET /tools", params=every_with(tag))
            own: dict[str, Any] = {"tool_id": tool.id, "under": "tool", "read": read}
            self.switch("POST /tools/{tool_id}/state", on=False, **own)
            for operation in ("GET /tools", "GET /tools/"):
                self.check_list(operation, active, tool, among={"tags": tag})
            self.switch("POST /tools/{tool_id}/state", on=True, **own)
            own_team = both(lists_only(active.id, tool.id), names_team(team))
            self.call("GET /tools", params={"tags": tag}, check=own_team)

    @task(3)
    def resource_state(self) -> None:
        """A resource is disabled and enabled again, and the lists of resources show it accordingly."""
        tag = self.name("tag")
        with (
            self.team() as team,
            self.resource(tags=[tag], scope=PRIVATE) as active,
            self.resource(tags=[tag], scope=of_team(team.id)) as resource,
        ):
            read = Listed("GET /resources", params=every_with(tag))
            own: dict[str, Any] = {"resource_id": resource.id, "under": "resource", "read": read}
            self.switch("POST /resources/{resource_id}/state", on=False, **own)
            for operation in ("GET /resources", "GET /resources/"):
                self.check_list(operation, active, resource, among={"tags": tag})
            self.off("GET /resources/{resource_id}", resource_id=resource.id)
            self.switch("POST /resources/{resource_id}/state", on=True, **own)
            own_team = both(lists_only(active.id, resource.id), names_team(team))
            self.call("GET /resources", params={"tags": tag}, check=own_team)
        check_audit(self, "resource", resource.id, "set_resource_state")

    @task(3)
    def prompt_state(self) -> None:
        """A prompt is disabled and enabled again, and the lists of prompts show it accordingly."""
        tag = self.name("tag")
        with (
            self.team() as team,
            self.prompt(tags=[tag], scope=PRIVATE) as active,
            self.prompt(tags=[tag], scope=of_team(team.id)) as prompt,
        ):
            read = Listed("GET /prompts", params=every_with(tag))
            own: dict[str, Any] = {"prompt_id": prompt.id, "under": "prompt", "read": read}
            self.switch("POST /prompts/{prompt_id}/state", on=False, **own)
            for operation in ("GET /prompts", "GET /prompts/"):
                self.check_list(operation, active, prompt, among={"tags": tag})
            self.off("POST /prompts/{prompt_id}", prompt_id=prompt.id, json={"who": "Ada"})
            self.switch("POST /prompts/{prompt_id}/state", on=True, **own)
            own_team = both(lists_only(active.id, prompt.id), names_team(team))
            self.call("GET /prompts", params={"tags": tag}, check=own_team)
        check_audit(self, "prompt", prompt.id, "set_prompt_state")

    @task(2)
    def server_state(self) -> None:
        """A virtual server is disabled and enabled again, and the lists of servers show it accordingly."""
        tag = self.name("tag")
        with (
            self.team() as team,
            self.server(tags=[tag], scope=PRIVATE) as active,
            self.server(tags=[tag], scope=of_team(team.id)) as server,
        ):
            read = Listed("GET /servers", params=every_with(tag))
            own: dict[str, Any] = {"server_id": server.id, "read": read}
            self.switch("POST /servers/{server_id}/state", on=False, **own)
            for operation in ("GET /servers", "GET /servers/"):
                self.check_list(operation, active, server, among={"tags": tag})
            self.switch("POST /servers/{server_id}/state", on=True, **own)
            own_team = both(lists_only(active.id, server.id), names_team(team))
            self.call("GET /servers", params={"tags": tag}, check=own_team)
        check_audit(self, "server", server.id, "deactivate_server", "activate_server")

    @task(1)
    def gateway_state(self) -> None:
        """A federated server is disabled and enabled again, and the lists of them show it accordingly."""
        with (
            self.team() as team,
            self.gateway(scope=of_team(team.id)) as active,
            self.gateway(scope=of_team(team.id)) as gateway,
        ):
            every = of_team(team.id)
            read = Listed("GET /gateways", params=every | {"include_inactive": True})
            own: dict[str, Any] = {"gateway_id": gateway.id, "under": "gateway", "read": read}
            self.switch("POST /gateways/{gateway_id}/state", on=False, **own)
            for operation in ("GET /gateways", "GET /gateways/"):
                self.check_list(operation, active, gateway, among=every)
            self.switch("POST /gateways/{gateway_id}/state", on=True, **own)
            own_team = both(lists_only(active.id, gateway.id), names_team(team))
            self.call("GET /gateways", params=every, check=own_team)
        check_audit(self, "gateway", gateway.id, "set_gateway_state")

    @task
    def gateway_parts(self) -> None:
        """The tools, resources and prompts of a federated server, which are enabled and disabled with it."""
        with self.team() as team, self.gateway(scope=of_team(team.id)) as gateway:
            own = {"gateway_id": gateway.id}
            lists = ("GET /tools", "GET /resources", "GET /prompts")
            # The oldest releases list only tools by their gateway.
            belong = both(is_not_empty, name_gateway(gateway))
            parts = {
                operation: ids(self.call(operation, params=own, check=belong))
                for operation in lists
                if self.documents(operation, "query gateway_id")
            }
            for on in (False, True):
                self.call(
                    "POST /gateways/{gateway_id}/state",
                    gateway_id=gateway.id,
                    params={"activate": on},
                    check=enabled(on, under="gateway"),
                    effect=self.follow(on, parts, among=own),
                )

    @task
    def agent_tool(self) -> None:
        """The tool of an agent, which is enabled and disabled with it."""
        tag = self.name("tag")
        with self.team() as team, self.agent(tags=[tag], scope=of_team(team.id)) as agent:
            own = {"tags": tag}
            parts = {"GET /tools": ids(self.call("GET /tools", params=own, check=is_not_empty))}
            for on in (False, True):
                self.call(
                    "POST /a2a/{agent_id}/state",
                    agent_id=agent.id,
                    params={"activate": on},
                    check=enabled(on),
                    effect=self.follow(on, parts, among=own),
                )

    def follow(self, on: bool, parts: Mapping[str, Collection[str]], *, among: Mapping[str, str]) -> Check:
        """Return a check that what belongs to an entity is listed as enabled, or as disabled, like the entity.

        Args:
            on: whether the entity was enabled, or disabled.
            parts: the ids of what belongs to it, by the operation that lists them.
            among: the query to which they, and nothing else, belong.
        """

        def check(_: Answer) -> Mismatch | None:
            for operation, own in parts.items():
                listed = ids(self.call(operation, params=among))
                if sorted(listed) != (sorted(own) if on else []):
                    only = (
                        "what belongs to the entity" if on else "nothing that belongs to the disabled entity"
                    )
                    return expected(f"{only} in the list of {operation}", listed)
                every = self.call(operation, params={**among, "include_inactive": True})
                states = {str(one["id"]): one["enabled"] for one in every.json}
                if states != dict.fromkeys(own, on):
                    state = "enabled" if on else "disabled"
                    return expected(
                        f"what belongs to the entity to be {state} in the list of {operation}", states
                    )
            return None

        return check

    @task(2)
    def agent_state(self) -> None:
        """An agent is disabled and enabled again, and the lists of agents show it accordingly."""
        tag = self.name("tag")
        with (
            self.team() as team,
            self.agent(tags=[tag], scope=PRIVATE) as active,
            self.agent(tags=[tag], scope=of_team(team.id)) as agent,
        ):
            read = Listed("GET /a2a", params=every_with(tag))
            own: dict[str, Any] = {"agent_id": agent.id, "read": read}
            self.switch("POST /a2a/{agent_id}/state", on=False, **own)
            self.check_count()
            for operation in ("GET /a2a", "GET /a2a/"):
                self.check_list(operation, active, agent, among={"tags": tag})
            self.switch("POST /a2a/{agent_id}/state", on=True, **own)
            own_team = both(lists_only(active.id, agent.id), names_team(team))
            self.call("GET /a2a", params={"tags": tag}, check=own_team)

    def check_count(self) -> None:
        """Check that fewer agents are counted as active than there are, while one is disabled."""
        # Each worker keeps the numbers of agents in its memory.
        if self.link.session.deployment.workers > 1:
            return
        read = functools.partial(self.call, "GET /metrics")
        if not shown_by(time.monotonic() + COUNTED_WITHIN, read, has_inactive_agents):
            read(check=has_inactive_agents, waits=COUNTED_WITHIN)

    def off(self, operation: str, **options: Any) -> None:
        """Use a disabled entity, which must be refused."""
        self.call(operation, refusals=DENIED, check=is_denied("the use of a disabled entity"), **options)

    @task(2)
    def agent_with_tool(self) -> None:
        """An agent is disabled, enabled and deleted, and so is the tool that the gateway created for it."""
        tag, name = self.name("tag"), self.name("agent")
        tool = Listed("GET /tools", key="name", params=every_with(tag))
        read = Created(Item("GET /a2a/{agent_id}"), tool, f"a2a-{name}")
        with self.team() as team:
            body = new_agent(name, self.backend("a2a"), tags=[tag], scope=of_team(team.id))
            with self.created("POST /a2a", json=body, delete="DELETE /a2a/{agent_id}", read=read) as agent:
                for on in (False, True):
                    self.switch("POST /a2a/{agent_id}/state", on=on, read=read, agent_id=agent.id)

    @task
    def agents(self) -> None:
        """The agents with a tag, under both addresses."""
        tag = self.name("tag")
        with self.agent(tags=[tag]) as agent:
            for operation in ("GET /a2a", "GET /a2a/"):
                self.call(operation, params={"tags": tag}, check=lists_only(agent.id))

    @task
    def tools_by_visibility(self) -> None:
        """The private tools are listed without a public one."""
        tag = self.name("tag")
        with self.tool(tags=[tag], scope=PRIVATE) as private, self.tool(tags=[tag], scope=PUBLIC) as public:
            for operation in ("GET /tools", "GET /tools/"):
                for scope, made in ((PRIVATE, private), (PUBLIC, public)):
                    self.call(operation, params={"tags": tag, **scope}, check=lists_only(made))
            self.check_public_token("GET /tools", tag, public)
            self.hides_from_public_token("GET /tools/{tool_id}", tool_id=private.id)

    @task
    def resources_by_visibility(self) -> None:
        """The private resources are listed without a public one."""
        tag = self.name("tag")
        with (
            self.resource(tags=[tag], scope=PRIVATE) as private,
            self.resource(tags=[tag], scope=PUBLIC) as public,
        ):
            for operation in ("GET /resources", "GET /resources/"):
                for scope, made in ((PRIVATE, private), (PUBLIC, public)):
                    self.call(operation, params={"tags": tag, **scope}, check=lists_only(made))
            self.check_public_token("GET /resources", tag, public)
            self.hides_from_public_token("GET /resources/{resource_id}", resource_id=private.id)

    @task
    def prompts_by_visibility(self) -> None:
        """The private prompts are listed without a public one."""
        tag = self.name("tag")
        with (
            self.prompt(tags=[tag], scope=PRIVATE) as private,
            self.prompt(tags=[tag], scope=PUBLIC) as public,
        ):
            for operation in ("GET /prompts", "GET /prompts/"):
                for scope, made in ((PRIVATE, private), (PUBLIC, public)):
                    self.call(operation, params={"tags": tag, **scope}, check=lists_only(made))
            self.check_public_token("GET /prompts", tag, public)
            self.hides_from_public_token(
                "POST /prompts/{prompt_id}", prompt_id=private.id, json={"who": "Ada"}
            )

    @task
    def servers_by_visibility(self) -> None:
        """The private virtual servers are listed without a public one."""
        tag = self.name("tag")
        with (
            self.server(tags=[tag], scope=PRIVATE) as private,
            self.server(tags=[tag], scope=PUBLIC) as public,
        ):
            for operation in ("GET /servers", "GET /servers/"):
                for scope, made in ((PRIVATE, private), (PUBLIC, public)):
                    self.call(operation, params={"tags": tag, **scope}, check=lists_only(made))
            self.check_public_token("GET /servers", tag, public)
            self.hides_from_public_token("GET /servers/{server_id}", server_id=private.id)

    @task
    def agents_by_visibility(self) -> None:
        """The private agents are listed without a public one."""
        tag = self.name("tag")
        with self.agent(tags=[tag], scope=PRIVATE) as private, self.agent(tags=[tag], scope=PUBLIC) as public:
            for operation in ("GET /a2a", "GET /a2a/"):
                for scope, made in ((PRIVATE, private), (PUBLIC, public)):
                    self.call(operation, params={"tags": tag, **scope}, check=lists_only(made))
            self.check_public_token("GET /a2a", tag, public)
            self.hides_from_public_token("GET /a2a/{agent_id}", agent_id=private.id)

    def check_public_token(self, operation: str, tag: str, public: Answer) -> None:
        """List what has a ``tag`` with a token for no team, which shows just what is ``public``."""
        if (token := self.public_token()) is not None:
            self.call(operation, params={"tags": tag}, bearer=token, check=lists_only(public.id))

    def hides_from_public_token(self, operation: str, **options: Any) -> None:
        """Read a private entity of the administrator with a token for no team, which must be refused."""
        if (token := self.public_token()) is not None:
            denied = is_denied("a private entity to a token for no team")
            self.call(operation, bearer=token, refusals=DENIED, check=denied, **options)

    @task
    def gateways_by_visibility(self) -> None:
        """A federated server of a team is listed among those of its visibility only."""
        with self.team() as team, self.gateway(scope=of_team(team.id)) as gateway:
            for operation in ("GET /gateways", "GET /gateways/"):
                for visibility, found in (("team", [gateway.id]), ("private", [])):
                    query = {"team_id": team.id, "visibility": visibility}
                    self.call(operation, params=query, check=lists_only(*found))

    @task
    def public_beside_a_team(self) -> None:
        """What is public is listed with what a team has, whatever kind it is."""
        fixture, team = self.fixture, {"team_id": self.name("team"), "limit": 0}
        own = {"gateway_id": fixture.gateway_id or ""}
        for operation, entity, among in (
            ("GET /gateways", fixture.gateway_id, {}),
            ("GET /servers", fixture.server_id, {}),
            ("GET /tools", fixture.tool_ids["echo"], own),
            ("GET /resources", next(iter(fixture.resources.values())), own),
            ("GET /prompts", fixture.prompt_ids["greet"], own),
        ):
            if not among or self.documents(operation, "query gateway_id"):
                self.call(operation, params=among | team, check=lists(entity or ""))

    @task
    def gateways_of_a_team(self) -> None:
        """The federated servers of another team do not include one without a team."""
        with self.gateway(scope=PRIVATE):
            other = PRIVATE | {"team_id": self.name("team")}
            for operation in ("GET /gateways", "GET /gateways/"):
                self.call(operation, params=other, check=of_no_other_team)

    @task
    def tools_of_a_team(self) -> None:
        """The tools of another team do not include one without a team."""
        tag = self.name("tag")
        with self.tool(tags=[tag], scope=PRIVATE):
            other = {"tags": tag, "team_id": self.name("team")}
            for operation in ("GET /tools", "GET /tools/"):
                self.call(operation, params=other, check=of_no_other_team)

    @task
    def resources_of_a_team(self) -> None:
        """The resources of another team do not include one without a team."""
        tag = self.name("tag")
        with self.resource(tags=[tag], scope=PRIVATE):
            other = {"tags": tag, "team_id": self.name("team")}
            for operation in ("GET /resources", "GET /resources/"):
                self.call(operation, params=other, check=of_no_other_team)

    @task
    def prompts_of_a_team(self) -> None:
        """The prompts of another team do not include one without a team."""
        tag = self.name("tag")
        with self.prompt(tags=[tag], scope=PRIVATE):
            other = {"tags": tag, "team_id": self.name("team")}
            for operation in ("GET /prompts", "GET /prompts/"):
                self.call(operation, params=other, check=of_no_other_team)

    @task
    def servers_of_a_team(self) -> None:
        """The virtual servers of another team do not include one without a team."""
        tag = self.name("tag")
        with self.server(tags=[tag], scope=PRIVATE):
            other = {"tags": tag, "team_id": self.name("team")}
            for operation in ("GET /servers", "GET /servers/"):
                self.call(operation, params=other, check=of_no_other_team)

    @task
    def agents_of_a_team(self) -> None:
        """The agents of another team do not include one without a team."""
        tag = self.name("tag")
        with self.agent(tags=[tag], scope=PRIVATE):
            other = {"tags": tag, "team_id": self.name("team")}
            for operation in ("GET /a2a", "GET /a2a/"):
                self.call(operation, params=other, check=of_no_other_team)

    @task
    def tool_toggle(self) -> None:
        """A tool that is disabled with the deprecated operation."""
        with self.tool() as tool:
            read = Item("GET /tools/{tool_id}")
            self.switch("POST /tools/{tool_id}/toggle", on=False, read=read, under="tool", tool_id=tool.id)

    @task
    def resource_toggle(self) -> None:
        """A resource that is disabled with the deprecated operation."""
        tag = self.name("tag")
        with self.resource(tags=[tag]) as resource:
            own: dict[str, Any] = {"resource_id": resource.id, "under": "resource"}
            read = Listed("GET /resources", params=every_with(tag))
            self.switch("POST /resources/{resource_id}/toggle", on=False, read=read, **own)

    @task
    def prompt_toggle(self) -> None:
        """A prompt that is disabled with the deprecated operation."""
        tag = self.name("tag")
        with self.prompt(tags=[tag]) as prompt:
            own: dict[str, Any] = {"prompt_id": prompt.id, "under": "prompt"}
            read = Listed("GET /prompts", params=every_with(tag))
            self.switch("POST /prompts/{prompt_id}/toggle", on=False, read=read, **own)

    @task
    def server_toggle(self) -> None:
        """A virtual server that is disabled with the deprecated operation."""
        with self.server() as server:
            read = Item("GET /servers/{server_id}")
            self.switch("POST /servers/{server_id}/toggle", on=False, read=read, server_id=server.id)

    @task
    def gateway_toggle(self) -> None:
        """A federated server that is disabled with the deprecated operation."""
        with self.gateway() as gateway:
            own: dict[str, Any] = {"gateway_id": gateway.id, "under": "gateway"}
            read = Item("GET /gateways/{gateway_id}")
            self.switch("POST /gateways/{gateway_id}/toggle", on=False, read=read, **own)

    @task
    def agent_toggle(self) -> None:
        """An agent that is disabled with the deprecated operation."""
        tag = self.name("tag")
        with self.agent(tags=[tag]) as agent:
            tool = Listed("GET /tools", key="name", params=every_with(tag))
            read = Created(Item("GET /a2a/{agent_id}"), tool, f"a2a-{agent['name']}")
            self.switch("POST /a2a/{agent_id}/toggle", on=False, read=read, agent_id=agent.id)


def every_with(tag: str) -> dict[str, str | int | bool]:
    """Return the query for the entities with ``tag``, disabled ones too."""
    return {"tags": tag, "include_inactive": True}


def check_audit(user: RegistryUser, kind: str, entity: str, *states: str) -> None:
    """Check that the audit trail has the creation and the deletion of an entity of ``user``, and its new ``states``."""
    if user.switched_on("AUDIT_TRAIL_ENABLED"):
        audited = has_audited(entity, f"create_{kind}", *states, f"delete_{kind}")
        own = {"resource_type": kind, "user_id": user.link.session.credentials.email, "limit": MOST}
        user.call("GET /api/logs/audit-trails", params=own, check=audited)


def name_gateway(gateway: Answer) -> Check:
    """Return a check that each entity in a list states that it belongs to ``gateway``."""
    wanted = {"gatewayid": gateway.id, "gatewayslug": gateway["slug"]}

    def check(answer: Answer) -> Mismatch | None:
        for one in map(properties_of, answer.json):
            if wrong := [name for name, value in wanted.items() if one.get(name, value) != value]:
                return expected("the server to which each entity in the list belongs", f"{wrong} {one}")
        return None

    return check


def names_team(team: Answer) -> Check:
    """Return a check that each entity of ``team`` in a list states the name of the team."""

    def check(answer: Answer) -> Mismatch | None:
        found = {one.get("team") for one in answer.json if one.get("teamId") == team.id}
        return (
            None if found == {team["name"]} else expected("the name of the entity's team in the list", found)
        )

    return check


def has_inactive_agents(answer: Answer) -> Mismatch | None:
    """Check that not all agents are counted as active."""
    # Releases spell the names in camel case, or with underscores.
    of_agents = answer.json.get("a2aAgents", answer.json.get("a2a_agents")) or {}
    numbers = properties_of(of_agents)
    right = numbers["activeagents"] < numbers["totalagents"]
    return None if right else expected("fewer active agents than agents while one is disabled", numbers)
