"""Updates of every kind of entity with a ``PUT``, verified by reading it again."""

from __future__ import annotations

from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import RegistryUser

CHANGED = "Changed by the load test."
CHANGED_TEMPLATE = "Greet {{ who }} in two sentences."
CHANGED_TEXT = "a changed text of the load test"


class EntityUpdateUser(RegistryUser):
    """Every kind of entity, updated."""

    area = "updates"
    weight = 3

    @task(3)
    def update_tool(self) -> None:
        """A tool with a new description, and a new name."""
        with self.tool() as tool:
            name = self.name("tool")
            self.call(
                "PUT /tools/{tool_id}",
                tool_id=tool.id,
                json={"description": CHANGED, "displayName": name},
                check=has("description", CHANGED),
            )
            self.call("GET /tools/{tool_id}", tool_id=tool.id, check=has("displayName", name))

    @task(3)
    def update_resource(self) -> None:
        """A resource with other content."""
        with self.resource() as resource:
            self.call(
                "PUT /resources/{resource_id}",
                resource_id=resource.id,
                json={"description": CHANGED, "content": CHANGED_TEXT},
                check=has("description", CHANGED),
            )
            self.call(
                "GET /resources/{resource_id}", resource_id=resource.id, check=has("text", CHANGED_TEXT)
            )

    @task(3)
    def update_prompt(self) -> None:
        """A prompt with a new template, which is used from then on."""
        with self.prompt() as prompt:
            self.call(
                "PUT /prompts/{prompt_id}",
                prompt_id=prompt.id,
                json={"description": CHANGED, "template": CHANGED_TEMPLATE},
                check=has("template", CHANGED_TEMPLATE),
            )
            self.call(
                "POST /prompts/{prompt_id}",
                prompt_id=prompt.id,
                json={"who": "Ada"},
                check=has("messages.0.content.text", "Greet Ada in two sentences."),
            )

    @task(2)
    def update_server(self) -> None:
        """A virtual server that gets a tool."""
        with self.tool() as tool, self.server() as server:
            self.call(
                "PUT /servers/{server_id}",
                server_id=server.id,
                json={"description": CHANGED, "associatedTools": [tool.id]},
                check=has("description", CHANGED),
            )
            self.call("GET /servers/{server_id}/tools", server_id=server.id, check=has("0.id", tool.id))

    @task(1)
    def update_gateway(self) -> None:
        """A federated server with a new description."""
        with self.gateway() as gateway:
            self.call(
                "PUT /gateways/{gateway_id}",
                gateway_id=gateway.id,
                json={"description": CHANGED},
                check=has("description", CHANGED),
            )
            self.call("GET /gateways/{gateway_id}", gateway_id=gateway.id, check=has("description", CHANGED))

    @task(2)
    def update_agent(self) -> None:
        """An agent with a new description."""
        with self.agent() as agent:
            self.call(
                "PUT /a2a/{agent_id}",
                agent_id=agent.id,
                json={"description": CHANGED},
                check=has("description", CHANGED),
            )
            self.call("GET /a2a/{agent_id}", agent_id=agent.id, check=has("description", CHANGED))
