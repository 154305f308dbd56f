"""Health, version and other metadata that every deployment is watched by."""

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task


class HealthUser(GatewayUser):
    """Probes of an orchestrator."""

    area = "health"
    weight = 2

    @task
    def probes(self) -> None:
        """Liveness and readiness, as an orchestrator asks for them: without a token."""
        self.call(
            "GET /health",
            bearer="",
            check=lambda a: None if a["status"] == "healthy" else expected("the status healthy", a.text),
        )
        self.call(
            "GET /ready",
            bearer="",
            check=lambda a: None if a["status"] == "ready" else expected("the status ready", a.text),
        )


class VersionMetaUser(GatewayUser):
    """Metadata of the gateway."""

    area = "health"

    @task(3)
    def front_door(self) -> None:
        """The root leads to the administrator's pages; the security health lists what it looked at."""
        self.call(
            "GET /",
            check=lambda a: (
                None
                if "/admin" in str(a.headers.get("location"))
                else expected("to be sent to /admin", a.text)
            ),
        )
        self.call(
            "GET /health/security", check=lambda a: None if a["checks"] else expected("checks", a["checks"])
        )

    @task
    def version(self) -> None:
        """Version, database and settings of the running gateway; a dear page: it measures the machine."""
        self.call(
            "GET /version", check=lambda a: None if a["app.version"] else expected("a version", a["app"])
        )
