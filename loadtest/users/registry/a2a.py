"""A2A agents: registration, every way to call them, and plugin bindings."""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import expected
from loadtest.users.base import task
from loadtest.users.checks import answers, has, lists
from loadtest.users.registry.fixtures import RegistryUser, new_agent

PLUGIN = "OutputLengthGuardPlugin"
PRIORITY = 10


class A2AUser(RegistryUser):
    """A user who registers an agent and talks to it."""

    area = "a2a"
    weight = 3

    @task(4)
    def lifecycle(self) -> None:
        """An agent is registered, called and deleted."""
        tag = self.name("tag")
        with self.agent(tags=[tag]) as agent:
            self.call("GET /a2a", params={"tags": tag}, check=lists(agent.id))
            self.call("GET /a2a/{agent_id}", agent_id=agent.id, check=has("id", agent.id))
            text = self.name("text")
            self.call(
                "POST /a2a/{agent_name}/invoke",
                agent_name=agent["name"],
                json={"parameters": question(text), "interaction_type": "query"},
                check=answers(text),
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
                json={"jsonrpc": "2.0", "id": text, **question(text)},
                check=answers(text),
            )

    @task(2)
    def as_tool(self) -> None:
        """An agent that is called as the tool that the gateway creates for it."""
        body = new_agent(self.name("agent"), self.backend("a2a"))
        with self.created("POST /a2a/", json=body, delete="DELETE /a2a/{agent_id}") as agent:
            self.call("GET /a2a/", params={"limit": 5})
            text = self.name("text")
            self.rpc(
                "POST /rpc tools/call",
                {"name": f"a2a-{agent['slug']}", "arguments": {"query": text}},
                check=lambda a: (
                    None
                    if text in a["result.content.0.text"]
                    else expected("the agent's answer to contain the text")
                ),
            )

    @task
    def bindings(self) -> None:
        """A plugin is bound to an agent of a team, found by the team and unbound by its ID."""
        if not self.offers("POST /a2a-agents/plugin-bindings/"):
            return
        with self.team() as team:
            binding = self.bind(team.id)
            try:
                self.call(
                    "GET /a2a-agents/plugin-bindings/{team_id}",
                    team_id=team.id,
                    check=has("bindings.0.id", binding.id),
                )
                self.call("GET /a2a-agents/plugin-bindings/", params={"limit": 5})
            finally:
                self.call("DELETE /a2a-agents/plugin-bindings/{binding_id}", binding_id=binding.id)

    @task
    def bindings_by_reference(self) -> None:
        """Bindings are removed by a reference that has none."""
        self.call(
            "DELETE /a2a-agents/plugin-bindings/",
            params={"binding_reference_id": self.name("binding")},
            check=has("total", 0),
        )

    def bind(self, team: str) -> Answer:
        """Bind a plugin to an agent of ``team`` by name; the agent need not exist yet."""
        agent = self.name("agent")
        return self.call(
            "POST /a2a-agents/plugin-bindings/",
            params={"team_id": team},
            json={
                "agentName": agent,
                "pluginId": PLUGIN,
                "mode": "permissive",
                "priority": PRIORITY,
                "config": {},
            },
            check=has("agentName", agent),
        )


def question(text: str) -> dict[str, Any]:
    """Return a message as A2A 0.3 has it; a newer gateway translates it to 1.0 for the agent.

    Source: https://a2a-protocol.org/v0.3.0/specification/#71-messagesend.
    """
    part = {"kind": "text", "text": text}
    message = {"kind": "message", "messageId": text, "role": "user", "parts": [part]}
    return {"method": "message/send", "params": {"message": message}}
