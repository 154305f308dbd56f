"""Traces and spans of requests: lists, queries, export, maintenance."""

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import requests_counted

PAGE = 20
"""Number of traces on a page."""

YEAR = 365
"""Retention in days, large enough that the cleanup deletes nothing that other users read."""

LATELY = {"hours": 1, "interval_minutes": 5}
STATISTICS = ("GET /observability/stats", "GET /observability/analytics/query-performance")


class ObservabilityUser(GatewayUser):
    """A person who follows requests through the gateway."""

    area = "observability"
    weight = 2

    @task(3)
    def traces(self) -> None:
        """A JSON-RPC call leaves a trace, which is listed and opened with its spans."""
        self.rpc("POST /rpc/ tools/list")
        newest = self.call("GET /observability/traces", params={"limit": PAGE}, check=_found)
        trace_id = str(newest["0.trace_id"])
        self.call(
            "GET /observability/traces/{trace_id}",
            trace_id=trace_id,
            check=lambda a: (
                None if a["trace_id"] == trace_id else expected("the trace that was asked for", a["trace_id"])
            ),
        )
        self.call("GET /observability/spans", params={"trace_id": trace_id, "limit": PAGE})

    @task(2)
    def analysis(self) -> None:
        """Query by method and status, statistics, export."""
        self.rpc("POST /rpc/ ping")
        wanted = {"http_method": "POST", "status_in": ["ok", "error"], "limit": PAGE}
        self.call("POST /observability/traces/query", json=wanted, check=_found)
        for operation in STATISTICS:
            self.call(operation, params={"hours": 1})
        self.call("POST /observability/traces/export", params={"format": "json"}, json=wanted, check=_found)

    @task
    def figures(self) -> None:
        """Number and duration of requests over time."""
        if not self.offers("GET /observability/metrics/timeseries"):
            return
        self.rpc("POST /rpc/ ping")
        self.call(
            "GET /observability/metrics/timeseries",
            params=LATELY,
            check=requests_counted,
        )
        self.call("GET /observability/metrics/percentiles", params=LATELY, check=_rises)

    @task
    def upkeep(self) -> None:
        """Traces older than a year are cleaned up."""
        self.call(
            "DELETE /observability/traces/cleanup",
            params={"days": YEAR},
            check=lambda a: (
                None if a["deleted"] == 0 else expected("no trace of this run to be deleted", a["deleted"])
            ),
        )


def _rises(answer: Answer) -> Mismatch | None:
    if not answer["buckets"]:
        return expected("a request to be measured", answer.json)
    rows = zip(answer["p50"], answer["p95"], answer["p99"], strict=True)
    rising = all(p50 <= p95 <= p99 for p50, p95, p99 in rows)
    return None if rising else expected("percentiles that rise", answer.json)


def _found(answer: Answer) -> Mismatch | None:
    if not answer.json:
        return expected("a trace")
    return None if len(answer.json) <= PAGE else expected(f"at most {PAGE} traces", len(answer.json))
