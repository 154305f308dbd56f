"""The runtimes of MCP and A2A. Switching to the current runtime changes nothing."""

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task


class RuntimeUser(GatewayUser):
    """An administrator who looks at the runtimes."""

    area = "runtime"

    @task
    def mcp_mode(self) -> None:
        """The runtime of MCP, read and set to its current value."""
        mode = self.call("GET /admin/runtime/mcp-mode")["effective_mode"]
        self.call(
            "PATCH /admin/runtime/mcp-mode",
            json={"mode": mode},
            check=lambda a: (
                None if a["effective_mode"] == mode else expected("the mode as it was", a["effective_mode"])
            ),
        )

    @task
    def a2a_mode(self) -> None:
        """The runtime of A2A, read."""
        self.call("GET /admin/runtime/a2a-mode")

    @task
    def a2a_mode_set(self) -> None:
        """The runtime of A2A, set to the default."""
        self.call("PATCH /admin/runtime/a2a-mode", json={"mode": "shadow"})
