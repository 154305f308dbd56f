"""The runtimes of MCP and A2A. Switching to the current runtime changes nothing."""

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import GatewayUser, task


class RuntimeUser(GatewayUser):
    """An administrator who looks at the runtimes."""

    area = "runtime"

    @task
    def mcp_mode(self) -> None:
        """The runtime of MCP, read and set to its current value."""
        mode = self.call("GET /admin/runtime/mcp-mode", check=has_mode)["effective_mode"]
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
        self.call("GET /admin/runtime/a2a-mode", check=has_mode)

    @task
    def a2a_mode_set(self) -> None:
        """The runtime of A2A, set to the default."""
        self.call("PATCH /admin/runtime/a2a-mode", json={"mode": "shadow"}, check=has_mode)


def has_mode(answer: Answer) -> Mismatch | None:
    """Check that a runtime has a mode."""
    return None if answer["effective_mode"] else expected("a mode", answer.json)
