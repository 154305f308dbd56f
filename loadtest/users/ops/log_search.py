"""Structured logs: search, one request's trace, and the records of audit, security and performance."""

import datetime as dt

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import mentions
from loadtest.users.base import task
from loadtest.users.registry.fixtures import RegistryUser

PAGE = 20
"""Number of entries on a page."""

HOUR = dt.timedelta(hours=1)

RECORDS = ("GET /api/logs/security-events", "GET /api/logs/audit-trails", "GET /api/logs/performance-metrics")


class LogSearchExtendedUser(RegistryUser):
    """A person who investigates a failure."""

    area = "logs"
    weight = 2

    @task(3)
    def search(self) -> None:
        """The newest entries, by component; then everything that was logged for one of the requests."""
        newest = {"component": ["http_gateway"], "limit": PAGE}
        if self.switched_off("STRUCTURED_LOGGING_DATABASE_ENABLED"):
            self.call("POST /api/logs/search", json=newest)
            self.call("GET /api/logs/trace/{correlation_id}", correlation_id=self.name("request"))
            return
        found = self.call("POST /api/logs/search", json=newest, check=_found)
        correlation_id = _correlation_ids(found)[0]
        self.call(
            "GET /api/logs/trace/{correlation_id}",
            correlation_id=correlation_id,
            check=lambda a: _about(a, correlation_id),
        )

    @task
    def narrowed(self) -> None:
        """The oldest warnings and errors of the last hour that are about a request."""
        self.call(
            "POST /api/logs/search",
            json={
                "level": ["WARNING", "ERROR"],
                "search_text": "Request",
                "start_time": (dt.datetime.now(dt.UTC) - HOUR).isoformat(),
                "limit": PAGE,
                "sort_order": "asc",
            },
            check=_levels,
        )

    @task
    def activity(self) -> None:
        """The latest activities as text, including the creation of a tool."""
        if not self.offers("GET /api/logs/activity"):
            return
        with self.tool() as tool:
            self.call("GET /api/logs/activity", params={"limit": PAGE}, check=mentions(tool["name"]))

    @task
    def records(self) -> None:
        """Audit trail, security events and performance of the last hours."""
        for operation in RECORDS:
            self.call(operation, params={"limit": PAGE} if "performance" not in operation else {"hours": 1})


def _found(answer: Answer) -> Mismatch | None:
    if not answer["results"]:
        return expected("an entry")
    if not _correlation_ids(answer):
        return expected("a correlation id on an entry of a request")
    return (
        None
        if len(answer["results"]) <= PAGE
        else expected(f"at most {PAGE} entries", len(answer["results"]))
    )


def _correlation_ids(answer: Answer) -> list[str]:
    return [entry["correlation_id"] for entry in answer["results"] if entry["correlation_id"]]


def _levels(answer: Answer) -> Mismatch | None:
    others = {entry["level"] for entry in answer["results"]} - {"WARNING", "ERROR"}
    return expected("only entries of the levels asked for", sorted(others)) if others else None


def _about(answer: Answer, correlation_id: str) -> Mismatch | None:
    if not answer["logs"]:
        return expected("the entry in its own trace")
    same = all(entry["correlation_id"] == correlation_id for entry in answer["logs"])
    return None if same else expected("only entries of the request in its trace")
