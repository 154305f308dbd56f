"""Changes take effect at once, also for those who used or read an entity just before.

The gateway keeps definitions and lists in memory for up to a minute. Each scenario uses an entity, changes it, and
uses it again under the same name. What the second use shows is verified with the change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import Mismatch
from loadtest.client.protocols import jsonrpc
from loadtest.users.access.checks import cannot_be_used, has_result, receives, says
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, both, has, lists, lists_only
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.read_back import Entity, Listed
from loadtest.users.registry.fixtures import MASK, TEXT, RegistryUser, new_tool, of_team

PAGE = 100
"""The largest page of teams in every release; the newest teams are first."""
TEAMS = Listed("GET /teams/", at="teams", params={"limit": PAGE})
ROUNDS = 4
"""How often a team is renamed."""
ECHO = "echo"
"""A tool of the small MCP server."""


class CacheInvalidationUser(RegistryUser, PeopleUser):
    """Entities that are changed, disabled, enabled and deleted while they are in use."""

    area = "updates"
    weight = 2

    @task(2)
    def tool_in_use(self) -> None:
        """A REST tool is called before and after each change: of its address, its method and its headers.

        Other users see its headers masked. One that is sent back so stays as it is beside one that changes.
        """
        service, key = self.backend("rest_shapes"), self.name("key")
        first: dict[str, Any] = {
            "url": f"{service}/received/first",
            "headers": {"X-Load-Test": "first", "X-Session-Token": key},
        }
        body = new_tool(self.name("tool"), service, **first)
        with self.created("POST /tools", json=body, delete="DELETE /tools/{tool_id}") as tool:
            use = self.caller_of(tool["name"])
            use(receives("/received/first", "path"))
            own: dict[str, Any] = {"tool_id": tool.id}
            for changes, now in (
                ({"url": f"{service}/received/second"}, receives("/received/second", "path")),
                ({"requestType": "PUT", "integrationType": "REST"}, receives("PUT", "method")),
                (
                    {"headers": {"X-Load-Test": "2", "X-Session-Token": key}},
                    receives("2", "headers", "x-load-test"),
                ),
            ):
                self.call("PUT /tools/{tool_id}", json=changes, effect=now_shows(now, use), **own)
            for on, now in ((False, cannot_be_used), (True, receives("2", "headers", "x-load-test"))):
                switch: dict[str, Any] = {"params": {"activate": on}, "effect": now_shows(now, use)}
                self.call("POST /tools/{tool_id}/state", **switch, **own)
            masked = has("headers", dict.fromkeys(first["headers"], MASK))
            self.call("GET /tools/{tool_id}", bearer=self.viewer.bearer, check=masked, **own)
            now = both(receives("3", "headers", "x-load-test"), receives(key, "headers", "x-session-token"))
            changes = {"headers": {"X-Load-Test": "3", "X-Session-Token": MASK}}
            self.call("PUT /tools/{tool_id}", json=changes, effect=now_shows(now, use), **own)
        use(effect=cannot_be_used)

    @task(2)
    def prompt_in_use(self) -> None:
        """A prompt is filled in before and after its template changes, and while it is disabled."""
        with self.prompt() as prompt:
            arguments = {"name": prompt["name"], "arguments": {"who": "Ada"}}
            said = "result.messages.0.content.text"

            def use(check: Check | None = None, effect: Effect | None = None) -> Answer:
                return self.asks("POST /rpc prompts/get", arguments, check, effect)

            use(says(said, "Greet Ada in one sentence."))
            own: dict[str, Any] = {"prompt_id": prompt.id}
            changed = says(said, "Say goodbye to Ada.")
            template = {"template": "Say goodbye to {{ who }}."}
            self.call("PUT /prompts/{prompt_id}", json=template, effect=now_shows(changed, use), **own)
            for on, now in ((False, cannot_be_used), (True, changed)):
                switch: dict[str, Any] = {"params": {"activate": on}, "effect": now_shows(now, use)}
                self.call("POST /prompts/{prompt_id}/state", **switch, **own)
        use(effect=cannot_be_used)

    @task(2)
    def resource_in_use(self) -> None:
        """A resource is read before and after its content changes, and while it is disabled."""
        with self.resource(**self.documented("POST /resources", {"title": "In use"}, "resource")) as resource:
            address, said = {"uri": resource["uri"]}, "result.contents.0.text"

            def use(check: Check | None = None, effect: Effect | None = None) -> Answer:
                return self.asks("POST /rpc resources/read", address, check, effect)

            use(says(said, TEXT))
            own: dict[str, Any] = {"resource_id": resource.id}
            content = {"content": f"{TEXT}, changed"}
            changed = says(said, content["content"])
            self.call("PUT /resources/{resource_id}", json=content, effect=now_shows(changed, use), **own)
            for on, now in ((False, cannot_be_used), (True, changed)):
                switch: dict[str, Any] = {"params": {"activate": on}, "effect": now_shows(now, use)}
                self.call("POST /resources/{resource_id}/state", **switch, **own)
        use(effect=cannot_be_used)

    @task
    def federated_tool_in_use(self) -> None:
        """A tool of a federated server is called before the server is disabled, while it is, and afterwards."""
        with self.team() as team, self.gateway(scope=of_team(team.id)) as gateway:
            use = self.caller_of(f"{gateway['slug']}-{ECHO}")
            use(has_result)
            for on, now in ((False, cannot_be_used), (True, has_result)):
                self.call(
                    "POST /gateways/{gateway_id}/state",
                    gateway_id=gateway.id,
                    params={"activate": on},
                    effect=now_shows(now, use),
                )
        use(effect=cannot_be_used)

    @task(2)
    def team_of_a_member(self) -> None:
        """A member reads the list of teams before and after the owner renames one, several times.

        The lists of an account are kept in memory until one of its memberships changes, as other scenarios do with
        the reader's. Only a list that is still in memory shows that the change of the team does not empty it.
        """
        with self.team_of_member() as team:
            for _ in range(ROUNDS):
                renamed = {"name": self.name("renamed"), "description": "Renamed."}
                after = Entity(team.id, {}, renamed)
                self.as_reader(TEAMS.operation, params=TEAMS.params, check=lists(team.id, at="teams"))
                self.call(
                    "PUT /teams/{team_id}",
                    team_id=team.id,
                    json=renamed,
                    effect=functools.partial(self.reads_team, after),
                )

    def reads_team(self, team: Entity, _: Answer) -> Mismatch | None:
        """Return a mismatch if the reader's list does not have a ``team`` as it was changed just before."""
        return TEAMS.shows(self.as_reader, team)

    @task
    def tool_of_a_member(self) -> None:
        """A member reads the list of tools of a team before and after the owner changes one."""
        tag = self.name("tag")
        with self.team_of_member() as team, self.tool(tags=[tag], scope=of_team(team.id)) as tool:
            listed: dict[str, Any] = {"bearer": self.reader.bearer, "params": {"tags": tag}}
            self.call("GET /tools", check=lists_only(tool), **listed)
            self.call(
                "PUT /tools/{tool_id}",
                tool_id=tool.id,
                json={"description": "Changed by the load test."},
                effect=lambda changed: lists_only(changed)(self.call("GET /tools", **listed)),
            )

    @contextmanager
    def team_of_member(self) -> Iterator[Answer]:
        """Create a team for the ``with`` block, of which the reader is a member."""
        with self.team() as team:
            role = {"email": self.reader.email, "role": "member"}
            joined = self.is_member(team, role["email"], role["role"])
            self.call("POST /teams/{team_id}/members", team_id=team.id, json=role, effect=joined)
            yield team

    def as_reader(self, operation: str, **options: Any) -> Answer:
        """Make a call as the reader."""
        return self.call(operation, bearer=self.reader.bearer, **options)

    def caller_of(self, tool: str) -> Callable[..., Answer]:
        """Return a function that calls ``tool`` with a text, and checks the reply if a check is given."""
        arguments = {"name": tool, "arguments": {"text": self.name("text")}}

        def use(check: Check | None = None, effect: Effect | None = None) -> Answer:
            return self.asks("POST /rpc tools/call", arguments, check, effect)

        return use

    def asks(
        self, operation: str, params: dict[str, Any], check: Check | None, effect: Effect | None
    ) -> Answer:
        """Send a JSON-RPC request, whose reply can be an error if it has no ``check``."""
        return self.call(
            operation,
            json=jsonrpc.request(operation.rpartition(" ")[2], params, self.name("call")),
            headers={"Accept": jsonrpc.ACCEPT},
            unlisted=True,
            refusals=() if check else ANSWERED,
            check=check,
            effect=effect,
        )


def now_shows(check: Check, use: Callable[[], Answer]) -> Effect:
    """Return an effect that uses the entity of a change, which must be as ``check`` expects."""
    return lambda _: check(use())
