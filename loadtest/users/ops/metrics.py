"""Metrics of entities and of the process, and maintenance of the stored metrics."""

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task

YEAR = 365
"""Retention in days, large enough that the maintenance deletes nothing that other users read."""


class MetricsUser(GatewayUser):
    """Metrics as dashboards and Prometheus read them."""

    area = "metrics"

    @task(4)
    def dashboards(self) -> None:
        """Totals of every kind of entity, for the API, the administrator's page and Prometheus."""
        self.call("GET /metrics", check=lambda a: None if a["tools"] else expected("metrics of tools"))
        self.call("GET /admin/metrics", check=lambda a: None if a["tools"] else expected("metrics of tools"))
        self.call("GET /admin/metrics/partial", params={"entity_type": "tools"})
        self.call(
            "GET /metrics/prometheus",
            headers={"Accept": "text/plain"},
            check=lambda a: (
                None if "# TYPE " in a.text else expected("the text format of Prometheus", a.text)
            ),
        )

    @task
    def reset_kind(self) -> None:
        """Metrics of one kind of entity are deleted; those of all others stay."""
        self.call(
            "POST /metrics/reset",
            params={"entity": "prompt"},
            check=lambda a: None if a["status"] == "success" else expected("the status success", a.text),
        )

    @task
    def reset_all(self) -> None:
        """The administrator's button: all metrics are deleted."""
        self.call(
            "POST /admin/metrics/reset", check=lambda a: None if a["success"] else expected("success", a.text)
        )


class MetricsMaintenanceUser(GatewayUser):
    """Clean-up and roll-up of stored metrics."""

    area = "metrics"

    @task(3)
    def status(self) -> None:
        """Configuration and results of the maintenance."""
        self.call(
            "GET /api/metrics/config",
            check=lambda a: None if a["cleanup.enabled"] else expected("the status success", a.text),
        )
        self.call("GET /api/metrics/stats")

    @task
    def upkeep(self) -> None:
        """Roll up the last hour, then delete metrics older than a year."""
        self.call("POST /api/metrics/rollup", json={"hours_back": 1, "force_reprocess": False})
        self.call("POST /api/metrics/cleanup", json={"retention_days": YEAR, "include_rollup": True})
