"""Structured logs: search, one request's trace, and the records of audit, security and performance."""

from loadtest.client.answer import Answer
from loadtest.users.base import GatewayUser, task

PAGE = 20
"""Entries that a person looks at."""

RECORDS = ("GET /api/logs/security-events", "GET /api/logs/audit-trails", "GET /api/logs/performance-metrics")


class LogSearchExtendedUser(GatewayUser):
    """A person who looks for what went wrong."""

    area = "logs"
    weight = 2

    @task(3)
    def search(self) -> None:
        """The newest entries, then by level and component."""
        self.call("POST /api/logs/search", json={"limit": PAGE}, check=_found)
        self.call(
            "POST /api/logs/search",
            json={"level": ["INFO"], "component": ["http_gateway"], "limit": PAGE, "sort_order": "asc"},
            check=_found,
        )

    @task(2)
    def trace(self) -> None:
        """What the gateway logged for one request of ours, found by its correlation id."""
        made = self.call("GET /tags")
        correlation_id = str(made.headers["x-correlation-id"])
        self.call(
            "GET /api/logs/trace/{correlation_id}",
            correlation_id=correlation_id,
            check=lambda a: None if a["logs"] else "nothing was logged for a request that was answered",
        )

    @task
    def records(self) -> None:
        """Audit trail, security events and performance of the last hours."""
        for operation in RECORDS:
            self.call(operation, params={"limit": PAGE} if "performance" not in operation else {"hours": 1})


def _found(answer: Answer) -> str | None:
    if not answer["results"]:
        return "no entry was found"
    return None if len(answer["results"]) <= PAGE else f"more than the {PAGE} entries that were asked for"
