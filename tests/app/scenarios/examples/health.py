"""A scenario for one of the operations of the stub."""

from loadtest.users import GatewayUser, task


class OnlyHealthUser(GatewayUser):
    """The health."""

    area = "stub"

    @task
    def health(self) -> None:
        """Ask for it."""
        self.call("GET /health")
