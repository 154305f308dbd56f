"""The administrator's pages on the machine, its workers, caches, and how many entities there are."""

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.pages import shows

CHEAP = (
    ("GET /admin/performance/cache", "connected"),
    ("GET /admin/performance/requests", "requests_total"),
    ("GET /admin/performance/history", "aggregates"),
)


class AdminPerformanceUser(GatewayUser):
    """An administrator who watches the machine in the browser."""

    area = "admin-performance"

    @task(2)
    def figures(self) -> None:
        """Caches, requests, history, and what is stored."""
        for operation, member in CHEAP:
            self.call(
                operation, check=lambda a, m=member: None if a[m] is not None else expected(f"a member {m}")
            )
        self.call(
            "GET /admin/system/stats",
            check=lambda a: None if a["users.total"] else expected("users", a["users"]),
        )
        self.call("GET /admin/maintenance/partial", check=shows("Maintenance"))

    @task
    def machine(self) -> None:
        """Processor, memory and workers; each of these pages measures for a tenth of a second."""
        self.call(
            "GET /admin/performance/system",
            check=lambda a: None if a["cpu_count"] else expected("a processor", a["cpu_count"]),
        )
        self.call("GET /admin/performance/workers", check=lambda a: None if a.json else expected("a worker"))
        self.call(
            "GET /admin/performance/stats",
            check=lambda a: None if a["system"] else expected("figures of the system"),
        )
