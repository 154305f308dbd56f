"""A scenario for an operation that no gateway has."""

from loadtest.users import GatewayUser, task


class BrandNewUser(GatewayUser):
    """What is new."""

    area = "brand"

    @task
    def new(self) -> None:
        """Read it."""
        self.call("GET /brand/new")
