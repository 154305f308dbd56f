"""Tools without a server behind them: calling one on purpose shows that the gateway says so and does not hang."""

from __future__ import annotations

from locust import tag

from loadtest.users.base import GatewayUser, task


class VirtualToolUser(GatewayUser):
    """A caller of a tool whose host does not resolve: the failure is the known category ``dns-virtual-tool``."""

    area = "virtual-tools"

    @tag("slow")
    @task
    def unresolvable_host(self) -> None:
        """A tool at a host of the reserved domain ``.invalid`` (RFC 6761) is made, called and deleted."""
        name = self.name("tool")
        tool = {
            "name": f"test-api-tool-{name}",
            "url": f"http://{name}.invalid/",
            "description": "A tool without a server.",
            "integration_type": "REST",
            "request_type": "POST",
            "input_schema": {"type": "object", "properties": {}},
        }
        with self.created("POST /tools", json={"tool": tool}, delete="DELETE /tools/{tool_id}") as made:
            self.rpc("POST /rpc tools/call", {"name": made["name"], "arguments": {}})
