"""Health, version and other metadata that every deployment is watched by."""

from loadtest.users.base import GatewayUser, task


class HealthUser(GatewayUser):
    """Probes of an orchestrator."""

    area = "health"
    weight = 2

    @task
    def probes(self) -> None:
        """Liveness and readiness, as an orchestrator asks for them: without a token."""
        self.call("GET /health", bearer="", check=lambda a: None if a["status"] == "healthy" else a.text)
        self.call("GET /ready", bearer="", check=lambda a: None if a["status"] == "ready" else a.text)
