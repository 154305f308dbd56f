"""The administrator's pages on traces: dashboards, statistics, saved queries."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import gevent
from locust import tag

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import has_length, shows
from loadtest.users.base import GatewayUser, named, task
from loadtest.users.checks import both, has
from loadtest.users.ops.observability import ODD, TracingUser, answered_at, reaches
from loadtest.users.read_back import Listed

HOURS = {"hours": 1}
PAGE = 20
"""Traces on a page."""
RUNNING_TIME = 12.0
"""Seconds that a call takes whose trace is opened meanwhile."""
LOOK_AGAIN = 0.1
NUMBERS = re.compile(r">\s*(\d+(?:\.\d+)?)\s*<")
"""Figures on a page: the total of the requests, the percentage of successes, the number of errors."""
ROUNDED = 0.05
"""Half of the last digit of the percentage."""
UNFINISHED = {"status_not_in": ["ok", "error"], "limit": PAGE}

MATCHING: dict[str, str | int] = {
    "time_range": "1h",
    "status_filter": "ok",
    "min_duration": 0,
    "max_duration": 1_000_000,
    "http_method": "POST",
    "name_search": "/rpc",
}
"""Filters that a successful call matches."""
NOT_MATCHING: tuple[dict[str, str | int], ...] = (
    {"status_filter": "error"},
    {"min_duration": 1_000_000},
    {"max_duration": 0},
    {"http_method": "DELETE"},
    {"user_email": "unknown@example.com"},
    {"name_search": "no-such-name"},
    {"tool_name": "no-such-tool"},
)
"""Filters that it does not match."""
QUERIES = Listed("GET /admin/observability/queries")
PAGES = (
    ("GET /admin/observability/partial", "Observability"),
    ("GET /admin/observability/metrics/partial", "Metrics"),
    ("GET /admin/observability/tools/partial", "Tool"),
    ("GET /admin/observability/prompts/partial", "Prompt"),
    ("GET /admin/observability/resources/partial", "Resource"),
)
FEW, MANY = 5, 100
"""The smallest and the largest number of entries that every list of figures can be limited to."""
BUCKETS = {"time_buckets": 10, "latency_buckets": 5}
OVER_TIME = (
    ("GET /admin/observability/metrics/timeseries", "request_count"),
    ("GET /admin/observability/metrics/percentiles", "p95"),
)
RANKINGS = ("GET /admin/observability/metrics/top-slow", "GET /admin/observability/metrics/top-volume")
"""Lists of what was requested, which are not empty after a request."""
TOOLS = (
    "GET /admin/observability/tools/usage",
    "GET /admin/observability/tools/performance",
    "GET /admin/observability/tools/errors",
)
PROMPTS = (
    "GET /admin/observability/prompts/usage",
    "GET /admin/observability/prompts/performance",
    "GET /admin/observability/prompts/errors",
)
RESOURCES = (
    "GET /admin/observability/resources/usage",
    "GET /admin/observability/resources/performance",
    "GET /admin/observability/resources/errors",
)


class AdminObservabilityUser(TracingUser):
    """An administrator who watches the gateway in the browser."""

    area = "admin-observability"
    weight = 2

    @task(2)
    def dashboards(self) -> None:
        """The page and its tabs."""
        for operation, text in PAGES:
            self.call(operation, check=shows(text))

    @task(2)
    def metrics(self) -> None:
        """Figures over time, after a call that is one of them."""
        before = answered_at(self.rpc("POST /rpc/ tools/list"))
        self.rpc("POST /rpc/ tools/list")
        for operation, member in OVER_TIME:
            for minutes, most in ((5, 13), (ODD, 2)):
                every = HOURS | {"interval_minutes": minutes}
                points = has_points(member, most)
                recent = reaches("timestamps", before, minutes)
                self.call(operation, params=every, check=both(points, recent))
        self.call("GET /admin/observability/metrics/heatmap", params=HOURS | BUCKETS, check=is_heatmap)
        for operation in RANKINGS:
            self.call(operation, params=HOURS | {"limit": 1}, check=has_length(1, at="endpoints"))
        errors = "GET /admin/observability/metrics/top-errors"
        self.call(errors, params=HOURS | {"limit": 1}, check=has_few("endpoints", 1))

    @task(2)
    def tools(self) -> None:
        """Figures of tools, after a call of one."""
        name = self.fixture.tools["echo"]
        self.rpc("POST /rpc/ tools/call", {"name": name, "arguments": {"text": "hi"}})
        for operation in TOOLS:
            self.call(operation, params=HOURS | {"limit": FEW}, check=has_few("tools", FEW))
            self.call(operation, params=HOURS | {"limit": MANY}, check=has_figures("tools", name))
        chains = "GET /admin/observability/tools/chains"
        self.call(chains, params=HOURS | {"limit": FEW}, check=has_few("chains", FEW))

    @task
    def prompts_and_resources(self) -> None:
        """Figures of prompts and resources, after one of each was used."""
        prompt = self.fixture.prompts["greet"]
        self.rpc("POST /rpc/ prompts/get", {"name": prompt, "arguments": {"name": "Ada"}})
        for operation in PROMPTS:
            self.call(operation, params=HOURS | {"limit": FEW}, check=has_few("prompts", FEW))
            self.call(operation, params=HOURS | {"limit": MANY}, check=has_figures("prompts", prompt))
        uri = min(self.fixture.resources)
        self.rpc("POST /rpc/ resources/read", {"uri": uri})
        for operation in RESOURCES:
            self.call(operation, params=HOURS | {"limit": FEW}, check=has_few("resources", FEW))
            self.call(operation, params=HOURS | {"limit": MANY}, check=has_figures("resources", uri))

    @task(2)
    def traces(self) -> None:
        """Two traces that every filter of the list finds or leaves out, and one of them opened."""
        marker = self.name("trace")
        ids = self.traced(marker)
        self.call("GET /admin/observability/stats", params=HOURS, check=adds_up)
        listed, own = "GET /admin/observability/traces", {"attribute_search": marker}
        self.call(listed, params={**own, **MATCHING}, check=lists_traces(ids))
        self.call(listed, params=own | {"limit": 1}, check=lists_traces(ids[:1]))
        for other in NOT_MATCHING:
            self.call(listed, params={**own, **other}, check=lists_traces([]))
        self.call("GET /admin/observability/trace/{trace_id}", trace_id=ids[0], check=shows(ids[0]))

    @tag("slow")
    @task
    def running_trace(self) -> None:
        """A trace opened while its request still runs."""
        slow = {"name": self.fixture.tools["slow"], "arguments": {"seconds": RUNNING_TIME}}
        with self.meanwhile(lambda: self.rpc("POST /rpc/ tools/call", slow)):
            trace_id = self.unfinished()
            self.call("GET /admin/observability/trace/{trace_id}", trace_id=trace_id, check=shows(trace_id))

    def unfinished(self) -> str:
        """Return the trace of the request that has been running longest; wait until there is one."""
        deadline = time.monotonic() + RUNNING_TIME / 2
        while time.monotonic() < deadline:
            running = _running(self.call("POST /observability/traces/query", json=UNFINISHED))
            if running:
                return running[-1]
            gevent.sleep(LOOK_AGAIN)
        listed = self.call(
            "POST /observability/traces/query",
            json=UNFINISHED,
            check=lambda a: None if _running(a) else expected("a trace of the request that runs"),
            waits=RUNNING_TIME,
        )
        return _running(listed)[-1]

    @task(2)
    def saved_query(self) -> None:
        """A query: saved, listed, opened, changed, used, deleted."""
        name = self.name("query")
        with self.created(
            "POST /admin/observability/queries",
            json={
                "name": name,
                "description": "A query of the load test.",
                "filter_config": {"status": "error"},
                "is_shared": True,
            },
            delete="DELETE /admin/observability/queries/{query_id}",
            read=QUERIES,
        ) as query:
            own = {"query_id": query.id}
            self.call("GET /admin/observability/queries", check=lambda a: _listed(a, name))
            self.call(
                "GET /admin/observability/queries/{query_id}",
                **named(own),
                check=lambda a: (
                    None if a["name"] == name else expected("the query that was asked for", a["name"])
                ),
            )
            changed = {
                "name": self.name("renamed"),
                "description": "Changed.",
                "filter_config": {"status": "ok"},
                "is_shared": True,
            }
            own_only, shared = {"is_shared": False}, {"is_shared": True}
            for changes in (changed, own_only, shared):
                self.update("PUT /admin/observability/queries/{query_id}", query_id=query.id, json=changes)
            self.call(
                "POST /admin/observability/queries/{query_id}/use",
                **named(own),
                check=lambda a: None if a["use_count"] == 1 else expected("one use", a["use_count"]),
                effect=lambda _: self.counts_use(query.id),
            )
            # Last, because a version that knows no owner fails here.
            self.call("GET /admin/observability/queries/{query_id}", **named(own), check=self.is_owned)

    def is_owned(self, answer: Answer) -> Mismatch | None:
        """Check that a query belongs to the user who saved it."""
        right = answer["user_email"] == self.link.session.credentials.email
        return None if right else expected("the user who saved the query as its owner", answer["user_email"])

    def counts_use(self, query: str) -> Mismatch | None:
        """Return a mismatch if the query was not used once."""
        read = self.call("GET /admin/observability/queries/{query_id}", query_id=query)
        return has("use_count", 1)(read)


def adds_up(answer: Answer) -> Mismatch | None:
    """Check that the figures of a page fit together: the errors are no more than what has not succeeded.

    The share of successes is rounded to a tenth of a percent.
    """
    figures = [float(one) for one in NUMBERS.findall(answer.text)]
    if len(figures) > len(("total", "rate")):
        total, succeeded, failed = figures[:3]
        if total > 0 and succeeded > 0 and failed <= total * (100 - succeeded + ROUNDED) / 100:
            return None
    return expected("numbers of requests and errors, and a rate, that fit together", answer.text)


def _trace_ids(page: str) -> list[str]:
    return re.findall(r"/observability/trace/([0-9a-f-]{32,36})", page)


def lists_traces(ids: list[str]) -> Check:
    """Return a check that a page lists just the traces with these ids."""

    def check(answer: Answer) -> Mismatch | None:
        shown = list(dict.fromkeys(_trace_ids(answer.text)))
        right = shown == ids and (bool(ids) or "No traces found" in answer.text)
        return None if right else expected(f"{len(ids)} traces, those of the calls", shown)

    return check


def _running(answer: Answer) -> list[str]:
    return [trace["trace_id"] for trace in answer.json if trace["duration_ms"] is None]


def _listed(answer: Answer, name: str) -> Mismatch | None:
    return (
        None
        if any(query["name"] == name for query in answer.json)
        else expected("the query in the list", [query["name"] for query in answer.json])
    )


def has_few(member: str, most: int) -> Check:
    """Return a check that the list ``member`` has at most this number of entries."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer[member]
        right = isinstance(found, list) and len(found) <= most
        return None if right else expected(f"at most {most} entries in {member}", found)

    return check


def has_figures(member: str, name: str) -> Check:
    """Return a check that the list ``member`` has the figures of ``name``, and that all figures are consistent.

    The list may have others instead if it is full.
    """

    def check(answer: Answer) -> Mismatch | None:
        found = answer[member]
        if len(found) < MANY and not any(name in one.values() for one in found):
            return expected(f"figures of {name}", found)
        others = [one for one in found if not _is_consistent(one)]
        return expected("counts, shares and durations that fit together", others) if others else None

    return check


def _is_consistent(figures: dict[str, Any]) -> bool:
    """Return whether the figures of one tool, prompt or resource do not contradict each other."""
    if (total := figures.get("total_count")) is not None:
        failed = figures["error_count"]
        rate: float = figures["error_rate"]
        return 0 <= failed <= total > 0 and math.isclose(rate, 100 * failed / total, abs_tol=0.01)
    if (share := figures.get("percentage")) is not None:
        return bool(figures["count"] > 0 and 0 <= share <= 100)
    rising = [figures[f"p{percent}"] for percent in (50, 90, 95, 99)]
    least, usual, most = (figures[f"{name}_duration_ms"] for name in ("min", "avg", "max"))
    ordered = rising == sorted(rising) and least <= usual <= most
    return bool(figures["count"] > 0 and ordered and least <= rising[0] and rising[-1] <= most)


def has_points(member: str, most: int) -> Check:
    """Return a check that there are figures for some points in time, at most this number, ``member`` among them."""

    def check(answer: Answer) -> Mismatch | None:
        times, found = answer["timestamps"], answer[member]
        right = 0 < len(times) <= most and len(found) == len(times)
        return None if right else expected(f"{member} at 1 to {most} points in time", times)

    return check


def is_set(member: str) -> Check:
    """Return a check that ``member`` has a value."""
    return lambda answer: None if answer[member] is not None else expected(f"a member {member}")


def is_heatmap(answer: Answer) -> Mismatch | None:
    """Check that a heatmap has the numbers of rows and columns that were asked for."""
    rows, columns = answer["latency_labels"], answer["time_labels"]
    sizes = {len(row) for row in answer["data"]}
    right = len(rows) == BUCKETS["latency_buckets"] and len(columns) == BUCKETS["time_buckets"]
    matches = len(answer["data"]) in (len(rows), len(columns)) and sizes <= {len(rows), len(columns)}
    return (
        None if right and matches else expected("a heatmap of the size asked for", (len(rows), len(columns)))
    )


CHEAP = (
    ("GET /admin/performance/cache", "connected"),
    ("GET /admin/performance/requests", "requests_total"),
)


class AdminPerformanceUser(GatewayUser):
    """An administrator who watches the machine in the browser."""

    area = "admin-performance"

    @task(2)
    def figures(self) -> None:
        """Caches, requests, history, and what is stored."""
        for operation, member in CHEAP:
            self.call(operation, check=is_set(member))
        for period in ("hourly", "daily"):
            self.call(
                "GET /admin/performance/history",
                params={"period_type": period, "hours": 2},
                check=has("period_type", period),
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
            check=lambda a: (
                None
                if a["system"] and a["workers"]
                else expected("figures of the system and its workers", a.json)
            ),
        )
