"""Disabling and enabling entities, with the current and the deprecated operations."""

from __future__ import annotations

from loadtest.users.base import task
from loadtest.users.checks import enabled
from loadtest.users.registry.fixtures import RegistryUser

OFF = {"activate": False}
ON = {"activate": True}


class EntityToggleUser(RegistryUser):
    """Every kind of entity, disabled and enabled."""

    area = "toggles"
    weight = 3

    @task(3)
    def tool_state(self) -> None:
        """A tool that is disabled and enabled again."""
        with self.tool() as tool:
            for how, on in ((OFF, False), (ON, True)):
                self.call(
                    "POST /tools/{tool_id}/state",
                    tool_id=tool.id,
                    params=how,
                    check=enabled(on, under="tool"),
                )

    @task(3)
    def resource_state(self) -> None:
        """A resource that is disabled and enabled again."""
        with self.resource() as resource:
            for how, on in ((OFF, False), (ON, True)):
                self.call(
                    "POST /resources/{resource_id}/state",
                    resource_id=resource.id,
                    params=how,
                    check=enabled(on, under="resource"),
                )

    @task(3)
    def prompt_state(self) -> None:
        """A prompt that is disabled and enabled again."""
        with self.prompt() as prompt:
            for how, on in ((OFF, False), (ON, True)):
                self.call(
                    "POST /prompts/{prompt_id}/state",
                    prompt_id=prompt.id,
                    params=how,
                    check=enabled(on, under="prompt"),
                )

    @task(2)
    def server_state(self) -> None:
        """A virtual server that is disabled and enabled again."""
        with self.server() as server:
            for how, on in ((OFF, False), (ON, True)):
                self.call(
                    "POST /servers/{server_id}/state", server_id=server.id, params=how, check=enabled(on)
                )

    @task(1)
    def gateway_state(self) -> None:
        """A federated server that is disabled and enabled again."""
        with self.gateway() as gateway:
            for how, on in ((OFF, False), (ON, True)):
                self.call(
                    "POST /gateways/{gateway_id}/state",
                    gateway_id=gateway.id,
                    params=how,
                    check=enabled(on, under="gateway"),
                )

    @task(2)
    def agent_state(self) -> None:
        """An agent that is disabled and enabled again."""
        with self.agent() as agent:
            for how, on in ((OFF, False), (ON, True)):
                self.call("POST /a2a/{agent_id}/state", agent_id=agent.id, params=how, check=enabled(on))

    @task
    def tool_toggle(self) -> None:
        """A tool that is disabled with the deprecated operation."""
        with self.tool() as tool:
            self.call("POST /tools/{tool_id}/toggle", tool_id=tool.id, params=OFF)

    @task
    def resource_toggle(self) -> None:
        """A resource that is disabled with the deprecated operation."""
        with self.resource() as resource:
            self.call("POST /resources/{resource_id}/toggle", resource_id=resource.id, params=OFF)

    @task
    def prompt_toggle(self) -> None:
        """A prompt that is disabled with the deprecated operation."""
        with self.prompt() as prompt:
            self.call("POST /prompts/{prompt_id}/toggle", prompt_id=prompt.id, params=OFF)

    @task
    def server_toggle(self) -> None:
        """A virtual server that is disabled with the deprecated operation."""
        with self.server() as server:
            self.call("POST /servers/{server_id}/toggle", server_id=server.id, params=OFF)

    @task
    def gateway_toggle(self) -> None:
        """A federated server that is disabled with the deprecated operation."""
        with self.gateway() as gateway:
            self.call("POST /gateways/{gateway_id}/toggle", gateway_id=gateway.id, params=OFF)

    @task
    def agent_toggle(self) -> None:
        """An agent that is disabled with the deprecated operation."""
        with self.agent() as agent:
            self.call("POST /a2a/{agent_id}/toggle", agent_id=agent.id, params=OFF)
