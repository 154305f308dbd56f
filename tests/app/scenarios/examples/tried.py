"""A scenario of two calls, one of which fails."""

from loadtest.users import GatewayUser, checks, task


class TriedUser(GatewayUser):
    """Two calls."""

    area = "stub"

    @task
    def calls(self) -> None:
        """Succeed, then fail."""
        self.call(
            "GET /version", headers={"X-Entity": self.entity("echo"), "X-Backend": self.backend("words")}
        )
        self.call("GET /ready", check=checks.has("status", "another"))
