"""Custom scenarios that call the stub, with a failure and a known failure."""

from loadtest.users import GatewayUser, checks, task

from .words import WORD


class StubVersionUser(GatewayUser):
    """The version of the stub."""

    area = "stub"
    replaces = "VersionMetaUser"

    @task
    def wrong(self) -> None:
        """Expect another version."""
        self.call(
            "GET /version",
            check=checks.has("app.version", WORD),
        )

    @task
    def also_wrong(self) -> None:
        """Expect something else, which is a known failure."""
        self.call("GET /ready", check=checks.has("status", "known"))
