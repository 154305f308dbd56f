"""Writing: creation and deletion of one entity of every kind."""

from __future__ import annotations

from loadtest.users.base import task
from loadtest.users.registry.fixtures import (
    INFO,
    PARTS,
    RegistryUser,
    new_agent,
    new_prompt,
    new_resource,
    new_server,
    new_tool,
)


class WriteAPIUser(RegistryUser):
    """A pipeline that creates and deletes entities all day."""

    area = "writing"
    weight = 3

    @task(4)
    def local(self) -> None:
        """A tool, a resource, a prompt and a server with all of them, which need no backend."""
        service = self.backend("rest")
        with (
            self.created(
                "POST /tools/",
                json=new_tool(self.name("tool"), service),
                delete="DELETE /tools/{tool_id}",
            ) as tool,
            self.created(
                "POST /resources/",
                json=new_resource(self.name("resource")),
                delete="DELETE /resources/{resource_id}",
                read=INFO,
            ) as resource,
            self.created(
                "POST /prompts/",
                json=new_prompt(self.name("prompt")),
                delete="DELETE /prompts/{prompt_id}",
            ) as prompt,
            self.created(
                "POST /servers/",
                json=new_server(
                    self.name("server"),
                    associated_tools=[tool.id],
                    associated_resources=[resource.id],
                    associated_prompts=[prompt.id],
                ),
                delete="DELETE /servers/{server_id}",
                differs=PARTS,
            ),
        ):
            pass

    @task(2)
    def remote(self) -> None:
        """An agent, which has a backend. MCP servers are created in :mod:`.gateways` only."""
        with self.created(
            "POST /a2a/",
            json=new_agent(self.name("agent"), self.backend("a2a")),
            delete="DELETE /a2a/{agent_id}",
        ):
            pass
