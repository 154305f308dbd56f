"""A2A agents: registration, every way to call them, and plugin bindings."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch
from loadtest.users.base import named, task
from loadtest.users.checks import (
    answers,
    both,
    has,
    has_at_least,
    in_scope_of,
    lists_one_of,
    lists_only,
    tool_answers,
    tool_repeats,
)
from loadtest.users.read_back import Listed, NotReadable, ReadBack
from loadtest.users.recorded import recorded
from loadtest.users.registry.fixtures import (
    IS_PUBLIC,
    PRIVATE,
    PURGE_METRICS,
    RegistryUser,
    new_agent,
    of_team,
    without_scope,
)

PLUGIN = "OutputLengthGuardPlugin"
PRIORITY = 10
PROPERTIES: dict[str, Any] = {
    "agent_type": "jsonrpc",
    "protocol_version": "1.0",
    "capabilities": {"streaming": False},
    "config": {"loadtest": True},
    "passthrough_headers": ["X-Load-Test"],
}
"""Further properties of an agent, without its credentials."""


class A2AUser(RegistryUser):
    """A user who registers an agent and talks to it."""

    area = "a2a"
    weight = 3

    @task(4)
    def lifecycle(self) -> None:
        """An agent is registered, called and deleted."""
        tag = self.name("tag")
        credentials = {"auth_type": "bearer", "auth_token": self.secret()}
        with self.agent(tags=[tag], **PROPERTIES, **credentials) as agent:
            self.call("GET /a2a", params={"tags": tag}, check=lists_only(agent))
            text = self.name("text")
            self.call(
                "POST /a2a/{agent_name}/invoke",
                agent_name=agent["name"],
                json=invocation(text),
                check=answers(text),
            )
            self.check_record(agent)

    def check_record(self, agent: Answer) -> None:
        """Check that a call of ``agent`` is recorded, as its properties state it."""
        again = question(self.name("text"))
        recorded(
            "lastInteraction",
            use=lambda: self.call(
                "POST /a2a/{agent_name}/invoke", agent_name=agent["name"], json={"parameters": again}
            ),
            read=lambda check: self.call("GET /a2a/{agent_id}", agent_id=agent.id, check=check),
        )

    @task(2)
    def in_every_way(self) -> None:
        """An agent that is called by its ID, and in its own protocol."""
        if not self.offers("POST /a2a/invoke"):
            return
        body = new_agent(self.name("agent"), self.backend("a2a"))
        with self.created("POST /a2a/", json=body, delete="DELETE /a2a/{agent_id}") as agent:
            text = self.name("text")
            self.call(
                "POST /a2a/invoke",
                json={"agent_id": agent.id, "parameters": {"query": text}, "interaction_type": "query"},
                check=answers(text),
            )
            self.call(
                "POST /a2a/{agent_name}/jsonrpc",
                agent_name=agent["name"],
                json=rpc_message(text),
                check=answers(text),
            )

    @task(2)
    def as_tool(self) -> None:
        """An agent that is called as the tool that the gateway creates for it."""
        body = without_scope(new_agent(self.name("agent"), self.backend("a2a")))
        with self.created(
            "POST /a2a/", json=body, check=IS_PUBLIC, delete="DELETE /a2a/{agent_id}", deletion=PURGE_METRICS
        ) as agent:
            text = self.name("text")
            self.rpc(
                "POST /rpc tools/call",
                {"name": f"a2a-{agent['slug']}", "arguments": {"query": text}},
                check=tool_answers(text),
            )

    @task
    def custom_as_tool(self) -> None:
        """An agent with a protocol of its own, which responds with JSON of every type, called as a tool."""
        address = f"{self.backend('rest_shapes')}/received"
        body = new_agent(self.name("agent"), address, agent_type="custom")
        with self.created("POST /a2a", json=body, delete="DELETE /a2a/{agent_id}") as agent:
            text = self.name("text")
            self.rpc(
                "POST /rpc tools/call",
                {"name": f"a2a-{agent['slug']}", "arguments": {"query": text}},
                check=tool_repeats(text),
            )

    @task
    def scope_of_tool(self) -> None:
        """The tool that the gateway creates for an agent is as visible as the agent, also after an update."""
        with self.team() as team:
            for scope in (of_team(team.id), PRIVATE):
                tag = self.name("tag")
                body = new_agent(self.name("agent"), self.backend("a2a"), scope=scope, tags=[tag])
                of_agent = functools.partial(self.check_tool, tag)
                with self.created(
                    "POST /a2a", json=body, delete="DELETE /a2a/{agent_id}", check=of_agent
                ) as agent:
                    changed = {"description": self.name("description")}
                    self.update("PUT /a2a/{agent_id}", agent_id=agent.id, json=changed, check=of_agent)

    def check_tool(self, tag: str, agent: Answer) -> Mismatch | None:
        """Return a mismatch if the tool of ``agent``, which has its ``tag``, has another visibility, team or owner."""
        return in_scope_of(agent)(self.call("GET /tools", params={"tags": tag}))

    @task
    def bindings(self) -> None:
        """A plugin is bound to an agent of a team, found by the team and unbound by its ID."""
        if not self.offers("POST /a2a-agents/plugin-bindings/"):
            return
        with self.team() as team:
            of_team = {"team_id": team.id}
            read = Listed("GET /a2a-agents/plugin-bindings/{team_id}", at="bindings", path=of_team)
            with self.bound(team.id, read) as first, self.bound(team.id, read) as second:
                both_of_them = {first.id, second.id}
                seen: set[str] = set()
                for offset in (0, 1):
                    page = self.call(
                        "GET /a2a-agents/plugin-bindings/{team_id}",
                        params={"limit": 1, "offset": offset},
                        check=both(has("total", 2), lists_one_of(both_of_them - seen, at="bindings")),
                        **named(of_team),
                    )
                    seen.add(str(page["bindings.0.id"]))
                # Bindings of all teams, and none with an unknown reference.
                self.call(
                    "GET /a2a-agents/plugin-bindings/",
                    params={"limit": 1, "offset": 0},
                    check=both(has_at_least("total", 2), lists_one_of((), at="bindings")),
                )
                other = {"binding_reference_id": self.name("binding")}
                self.call("GET /a2a-agents/plugin-bindings/", params=other, check=has("total", 0))
                self.call(
                    "GET /a2a-agents/plugin-bindings/{team_id}",
                    params=other,
                    check=has("total", 0),
                    **named(of_team),
                )
                self.call(
                    "GET /a2a-agents/plugin-bindings/{team_id}",
                    team_id=self.name("team"),
                    check=both(has("total", 0), lists_only(at="bindings")),
                )

    @task
    def bindings_by_reference(self) -> None:
        """Bindings are removed by a reference that has none."""
        self.delete(
            "DELETE /a2a-agents/plugin-bindings/",
            params={"binding_reference_id": self.name("binding")},
            check=has("total", 0),
            identity="none",
            read=NotReadable("a binding of an agent gets no reference, so nothing is deleted"),
        )

    def bound(self, team: str, read: ReadBack) -> AbstractContextManager[Answer]:
        """Bind a plugin to an agent of ``team`` by name for the ``with`` block; the agent need not exist yet."""
        binding = {
            "agentName": self.name("agent"),
            "pluginId": PLUGIN,
            "mode": "permissive",
            "priority": PRIORITY,
            "config": {},
            "onError": "ignore",
        }
        return self.created(
            "POST /a2a-agents/plugin-bindings/",
            params={"team_id": team},
            json=binding,
            delete="DELETE /a2a-agents/plugin-bindings/{binding_id}",
            read=read,
        )


def question(text: str) -> dict[str, Any]:
    """Return a message as A2A 0.3 has it; a newer gateway translates it to 1.0 for the agent.

    Source: https://a2a-protocol.org/v0.3.0/specification/#71-messagesend.
    """
    part = {"kind": "text", "text": text}
    message = {"kind": "message", "messageId": text, "role": "user", "parts": [part]}
    return {"method": "message/send", "params": {"message": message}}


def invocation(text: str) -> dict[str, Any]:
    """Return the body of a call of an agent by its name, with this ``text``."""
    return {"parameters": question(text), "interaction_type": "query"}


def newer_invocation(text: str) -> dict[str, Any]:
    """Return the same with the message in the form of A2A 1.0."""
    message = {"messageId": text, "role": "ROLE_USER", "parts": [{"text": text}]}
    said = {"method": "SendMessage", "params": {"message": message}}
    return {"parameters": said, "interaction_type": "query"}


def rpc_message(text: str) -> dict[str, Any]:
    """Return a message to an agent in its own protocol, with this ``text``, which is its id, too."""
    return {"jsonrpc": "2.0", "id": text, **question(text)}
