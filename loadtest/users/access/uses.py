"""Who may use what belongs to a team, not just see it: talk to an agent, fill in a prompt, read a resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.callers import Role
from loadtest.users.base import FixtureMissing, task
from loadtest.users.checks import answers, has
from loadtest.users.registry.a2a import invocation, rpc_message
from loadtest.users.registry.fixtures import (
    PRIVATE,
    TEXT,
    RegistryUser,
    new_agent,
    new_prompt,
    new_resource,
    of_team,
)

HIDDEN = (400, 403, 404)
"""Statuses of the use of an entity that the caller must not use."""


class UsePermissionUser(RegistryUser):
    """The owner of a team, one of its members, and a user of another team."""

    area = "access"

    @task
    def agents(self) -> None:
        """An agent of a team and a private one answer their owner in every way, and no user of another team."""
        for scope in self.scopes():
            owner, outsider = self.bearer(Role.OWNER), self.bearer(Role.OUTSIDER)
            body = new_agent(self.name("agent"), self.backend("a2a"), scope=scope)
            agent = self.call("POST /a2a", json=body, bearer=owner)
            try:
                text = self.name("text")
                said = invocation(text)
                invoke: dict[str, Any] = {"json": said, "agent_name": agent["name"]}
                self.call("POST /a2a/{agent_name}/invoke", bearer=owner, check=answers(text), **invoke)
                self.hidden("POST /a2a/{agent_name}/invoke", outsider, text, **invoke)
                if self.offers("POST /a2a/invoke"):
                    by_id: dict[str, Any] = {"json": said | {"agent_id": agent.id}}
                    self.call("POST /a2a/invoke", bearer=owner, check=answers(text), **by_id)
                    self.hidden("POST /a2a/invoke", outsider, text, **by_id)
                    message = rpc_message(text) | {"id": self.name("text")}
                    own: dict[str, Any] = {"json": message, "agent_name": agent["name"]}
                    self.call("POST /a2a/{agent_name}/jsonrpc", bearer=owner, check=answers(text), **own)
                    self.hidden("POST /a2a/{agent_name}/jsonrpc", outsider, text, **own)
            finally:
                self.call("DELETE /a2a/{agent_id}", agent_id=agent.id, bearer=owner)

    @task
    def prompts(self) -> None:
        """A prompt of a team is filled in by its members, a private one by its owner alone."""
        for scope in self.scopes():
            owner = self.bearer(Role.OWNER)
            body = new_prompt(self.name("prompt"), scope=scope)
            prompt = self.call("POST /prompts", json=body, bearer=owner)
            try:
                text = "Greet Ada in one sentence."
                filled = has("messages.0.content.text", text)
                for bearer, allowed in self.users(scope):
                    uses: dict[str, Any] = {"json": {"who": "Ada"}, "prompt_id": prompt.id}
                    self.tries("POST /prompts/{prompt_id}", bearer, text, filled, allowed=allowed, **uses)
            finally:
                self.call("DELETE /prompts/{prompt_id}", prompt_id=prompt.id, bearer=owner)

    @task
    def resources(self) -> None:
        """A resource of a team is read by its members, a private one by its owner alone."""
        for scope in self.scopes():
            owner = self.bearer(Role.OWNER)
            name = self.name("resource")
            text = f"{TEXT} {name}"
            body = new_resource(name, scope=scope, content=text)
            resource = self.call("POST /resources", json=body, bearer=owner)
            try:
                for bearer, allowed in self.users(scope):
                    own: dict[str, Any] = {"resource_id": resource.id}
                    read = has("text", text)
                    self.tries("GET /resources/{resource_id}", bearer, text, read, allowed=allowed, **own)
            finally:
                self.call("DELETE /resources/{resource_id}", resource_id=resource.id, bearer=owner)

    def scopes(self) -> tuple[dict[str, str], ...]:
        """Return the scopes of an entity of the team, and of a private one of its owner.

        Raises:
            FixtureMissing: there is no team. The scenario ends without a failure.
        """
        callers = self.link.fixture.callers
        if callers is None:
            raise FixtureMissing
        return of_team(callers.team), PRIVATE | {"team_id": callers.team}

    def bearer(self, role: Role) -> str:
        """Return the token of ``role``.

        Raises:
            FixtureMissing: there is none. The scenario ends without a failure.
        """
        callers = self.link.fixture.callers
        if callers is None:
            raise FixtureMissing
        return callers.bearer(role, self.link.session)

    def users(self, scope: dict[str, str]) -> Iterator[tuple[str, bool]]:
        """Yield the token of each role, and whether it may use an entity in this ``scope``."""
        yield self.bearer(Role.OWNER), True
        yield self.bearer(Role.TEAMMATE), scope["visibility"] == "team"
        yield self.bearer(Role.OUTSIDER), False
        yield self.bearer(Role.VIEWER), False

    def tries(
        self, operation: str, bearer: str, text: str, check: Check, *, allowed: bool, **sent: Any
    ) -> None:
        """Use an entity with the token ``bearer``, whose result ``check`` expects, or must not have the ``text``."""
        if allowed:
            self.call(operation, bearer=bearer, check=check, **sent)
        else:
            self.hidden(operation, bearer, text, **sent)

    def hidden(self, operation: str, bearer: str, text: str, **sent: Any) -> None:
        """Try to use an entity with the token ``bearer``, which must be refused, without the ``text`` of the result."""

        def check(answer: Answer) -> Mismatch | None:
            refused = answer.status in HIDDEN and text not in answer.text
            return None if refused else expected("an entity of others not to be used", answer.status)

        self.call(operation, bearer=bearer, refusals=HIDDEN, effect=check, **sent)
