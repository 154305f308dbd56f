"""Traces and spans of requests: lists, queries, export, maintenance."""

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import Any

import gevent
import msgspec

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.admin.checks import has_all, has_length
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import ANSWERED, INVALID_REQUEST, both, has, requests_counted
from loadtest.users.federation.checks import calls_fail
from loadtest.users.registry.fixtures import ADDRESS, new_tool

PAGE = 20
"""Number of traces on a page."""

YEAR = 365
"""Retention in days, large enough that the cleanup deletes nothing that other users read."""

LOOKS, LOOK_AGAIN = 50, 0.1
"""How often, and after how many seconds, a trace is looked at until it is complete."""
PAST, FUTURE = "2000-01-01T00:00:00", "2100-01-01T00:00:00"
BETWEEN = {"start_time": PAST, "end_time": FUTURE}
UNSERVED = "http://127.0.0.1:9"
"""An address without a server: the port is that of the obsolete discard service."""
LONG = 1_000_000
"""Milliseconds that no call takes."""
BEYOND = 100_000
"""An offset beyond the end of every list."""
ODD = 1439
"""An interval in minutes whose multiples are no multiples of an hour or of a day."""
MATCHING = BETWEEN | {
    "min_duration_ms": 0,
    "max_duration_ms": LONG,
    "status": "ok",
    "http_status_code": 200,
    "http_method": "POST",
}
"""Filters that a successful call matches."""
NOT_MATCHING: tuple[dict[str, str | int], ...] = (
    {"start_time": FUTURE},
    {"end_time": PAST},
    {"min_duration_ms": LONG},
    {"max_duration_ms": 0},
    {"status": "error"},
    {"http_status_code": 404},
    {"http_method": "DELETE"},
    {"user_email": "unknown@example.com"},
    {"offset": BEYOND},
)
"""Filters that it does not match."""
NO_SPANS: tuple[dict[str, str | int], ...] = (
    {"resource_type": "no-such-type"},
    {"resource_name": "no-such-name"},
    {"start_time": FUTURE},
    {"end_time": PAST},
    {"offset": BEYOND},
)


ALSO_MATCHING: tuple[dict[str, Any], ...] = (
    {"http_status_code_in": [200, 404]},
    {"http_method_in": ["PUT", "POST"]},
    {"name_contains": "/RPC"},
    {"status_not_in": ["error"]},
)
"""Filters of a query that a successful call matches."""
NOR_MATCHING: tuple[dict[str, Any], ...] = (
    {"http_status_code_in": [404]},
    {"http_method_in": ["PUT"]},
    {"name_contains": "no-such-name"},
    {"user_email_in": ["unknown@example.com"]},
    {"status_not_in": ["ok"]},
    {"start_time": FUTURE},
    {"end_time": PAST},
)
"""Filters of a query that it does not match."""
WRONG: tuple[dict[str, Any], ...] = ({"order_by": "no_such_order"}, {"limit": 0}, {"start_time": "no time"})
ATTRIBUTES = {"http.method": "POST"}
"""An attribute of the trace of each call."""
OTHER_ATTRIBUTES = {"http.method": "DELETE"}


class TracingUser(GatewayUser):
    """A user whose calls can be recognised in their traces."""

    abstract = True

    def traced(self, marker: str) -> list[str]:
        """Make two calls with ``marker`` in their query; return the ids of their traces, the newest first.

        A trace is completed after its response is sent.
        """
        ping = jsonrpc.request("ping", {}, marker)
        query, pong = {"trace": marker}, has("id", marker)
        for _ in range(2):
            self.call("POST /rpc/ ping", json=ping, params=query, unlisted=True, check=pong)
        own = {"attribute_search": marker}
        for _ in range(LOOKS):
            listed = self.call("GET /observability/traces", params=own).json
            if len(listed) == 2 and all(trace["duration_ms"] is not None for trace in listed):
                break
            gevent.sleep(LOOK_AGAIN)
        found = self.call("GET /observability/traces", params=own, check=are_complete(2))
        return [str(trace["trace_id"]) for trace in found.json]


class ObservabilityUser(TracingUser):
    """A person who follows requests through the gateway."""

    area = "observability"
    weight = 2

    @task(3)
    def traces(self) -> None:
        """Two JSON-RPC calls leave traces, which every filter of the list finds or leaves out."""
        marker = self.name("trace")
        ids = self.traced(marker)
        listed, own = "GET /observability/traces", {"attribute_search": marker}
        for offset, newest in enumerate(ids):
            paged = own | {"limit": 1, "offset": offset}
            self.call(listed, params=paged, check=are_traces([newest]))
        self.call(listed, params=own | MATCHING, check=are_traces(ids))
        for other in NOT_MATCHING:
            self.call(listed, params={**own, **other}, check=are_traces([]))
        trace = has_all({"trace_id": ids[0], "http_method": "POST", "http_status_code": 200, "status": "ok"})
        self.call("GET /observability/traces/{trace_id}", trace_id=ids[0], check=trace)
        spans, of_trace = "GET /observability/spans", {"trace_id": ids[0]}
        self.call(spans, params=of_trace | BETWEEN, check=are_spans_of(ids[0]))
        for none in NO_SPANS:
            self.call(spans, params={**of_trace, **none}, check=has_length(0))

    @task
    def query(self) -> None:
        """The traces of two calls, found or left out by each filter of a query, in each order."""
        own = {"attribute_search": self.name("trace")}
        ids = self.traced(own["attribute_search"])
        for more in ALSO_MATCHING:
            self.call("POST /observability/traces/query", json=own | more, check=are_traces(ids))
        for other in NOR_MATCHING:
            self.call("POST /observability/traces/query", json=own | other, check=are_traces([]))
        oldest = are_traces(ids[::-1])
        self.call("POST /observability/traces/query", json=own | {"order_by": "start_time_asc"}, check=oldest)
        for order, falls in (("duration_asc", False), ("duration_desc", True)):
            check = are_ordered(ids, falls=falls)
            self.call("POST /observability/traces/query", json=own | {"order_by": order}, check=check)
        for wrong in WRONG:
            self.call(
                "POST /observability/traces/query",
                json=own | wrong,
                refusals=INVALID_REQUEST,
                check=is_refused,
            )

    @task
    def attributes(self) -> None:
        """The traces of two calls, found or left out by one of their attributes."""
        own = {"attribute_search": self.name("trace")}
        ids = self.traced(own["attribute_search"])
        for name in ("attribute_filters", "attribute_filters_or"):
            for values, found in ((ATTRIBUTES, ids), (OTHER_ATTRIBUTES, [])):
                self.call(
                    "POST /observability/traces/query", json=own | {name: values}, check=are_traces(found)
                )

    @task
    def lines(self) -> None:
        """The traces of an interval, exported as lines of JSON, in which those of two calls are."""
        ids = self.traced(self.name("trace"))
        newest, oldest = (
            self.call("GET /observability/traces/{trace_id}", trace_id=one, check=has("trace_id", one))
            for one in ids
        )
        between = {"start_time": oldest["start_time"], "end_time": newest["end_time"], "http_method": "POST"}
        self.call(
            "POST /observability/traces/export",
            params={"format": "ndjson"},
            json=between,
            check=are_lines(ids, str(oldest["start_time"]), str(newest["end_time"])),
        )
        self.call(
            "POST /observability/traces/export",
            params={"format": "json"},
            json=between | {"start_time": FUTURE, "end_time": None},
            check=has_length(0),
        )

    @task
    def failed_call(self) -> None:
        """The span of a tool call that fails has ended, with an error."""
        name = self.name("tool")
        body = new_tool(name, UNSERVED)
        with self.created(
            "POST /tools", json=body, delete="DELETE /tools/{tool_id}", differs=ADDRESS
        ) as tool:
            called = {"name": tool["name"], "arguments": {"text": "hi"}}
            request = jsonrpc.request("tools/call", called, name)
            self.call(
                "POST /rpc/ tools/call", json=request, unlisted=True, refusals=ANSWERED, effect=calls_fail
            )
            own = {"resource_type": "tool", "resource_name": tool["name"]}
            for _ in range(LOOKS):
                spans = self.call("GET /observability/spans", params=own).json
                if spans and all(span["end_time"] for span in spans):
                    break
                gevent.sleep(LOOK_AGAIN)
            self.call("GET /observability/spans", params=own, check=have_failed)

    @task(2)
    def analysis(self) -> None:
        """Query by method and status, statistics, export."""
        self.rpc("POST /rpc/ ping")
        wanted = {"http_method": "POST", "status_in": ["ok", "error"], "limit": PAGE}
        self.call("POST /observability/traces/query", json=wanted, check=_found)
        self.call("GET /observability/stats", params={"hours": 1}, check=_adds_up)
        performance = "GET /observability/analytics/query-performance"
        self.call(performance, params={"hours": 1}, check=_percentiles_rise)
        export = "POST /observability/traces/export"
        self.call(export, params={"format": "json"}, json=wanted, check=_found)
        self.call(export, params={"format": "csv"}, json=wanted, check=_is_csv)

    @task
    def figures(self) -> None:
        """Number and duration of requests over time."""
        if not self.offers("GET /observability/metrics/timeseries"):
            return
        before = answered_at(self.rpc("POST /rpc/ ping"))
        self.rpc("POST /rpc/ ping")
        for minutes in (5, ODD):
            lately, recent = {"hours": 1, "interval_minutes": minutes}, reaches("buckets", before, minutes)
            counts = "GET /observability/metrics/timeseries"
            self.call(counts, params=lately, check=both(requests_counted, recent))
            percentiles = "GET /observability/metrics/percentiles"
            self.call(percentiles, params=lately, check=both(_rises, recent))

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


def answered_at(answer: Answer) -> dt.datetime | None:
    """Return when the gateway sent a response, by its own clock in whole seconds; None if it states none."""
    stated = answer.headers.get("date")
    return None if stated is None else parsedate_to_datetime(stated)


def reaches(member: str, before: dt.datetime | None, minutes: int) -> Check:
    """Return a check that the last interval of ``minutes`` in the list ``member`` ends after the time ``before``.

    Each begins at a multiple of its length, as in every release.
    """

    def check(answer: Answer) -> Mismatch | None:
        begun = [moment(one) for one in answer[member]]
        if any(one.timestamp() % (minutes * 60) for one in begun):
            return expected(f"intervals of {minutes} minutes", answer[member])
        right = before is None or max(begun) + dt.timedelta(minutes=minutes) > before
        return None if right else expected(f"intervals of {minutes} minutes until {before}", answer[member])

    return check


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


def are_traces(ids: list[str]) -> Check:
    """Return a check that a list has just the traces with these ids, in this order."""

    def check(answer: Answer) -> Mismatch | None:
        listed = [trace["trace_id"] for trace in answer.json]
        return None if listed == ids else expected(f"{len(ids)} traces, those of the calls", listed)

    return check


def are_ordered(ids: list[str], *, falls: bool) -> Check:
    """Return a check that a list has just the traces with these ids, whose durations rise, or fall."""

    def check(answer: Answer) -> Mismatch | None:
        durations = [trace["duration_ms"] for trace in answer.json]
        same = {trace["trace_id"] for trace in answer.json} == set(ids) and len(durations) == len(ids)
        right = same and durations == sorted(durations, reverse=falls)
        return None if right else expected("the traces of the calls in order of their durations", answer.json)

    return check


def moment(text: str) -> dt.datetime:
    """Return a time in ISO 8601; databases differ in whether they state the zone, which is UTC, and how."""
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def are_lines(ids: list[str], start: str, end: str) -> Check:
    """Return a check that an export has a line of JSON for each trace, those with these ids, all begun in between."""

    def check(answer: Answer) -> Mismatch | None:
        traces = [msgspec.json.decode(line) for line in answer.text.splitlines()]
        found = {trace["trace_id"] for trace in traces}
        within = (moment(start) <= moment(trace["start_time"]) <= moment(end) for trace in traces)
        right = len(found) == len(traces) and all(within)
        return (
            None
            if right and found >= set(ids)
            else expected("the traces of the interval, one on each line", answer.text)
        )

    return check


def is_refused(answer: Answer) -> Mismatch | None:
    """Check that a query that the gateway does not understand is refused."""
    refused = answer.status in INVALID_REQUEST
    return None if refused else expected("a query with a wrong value to be refused", answer.status)


def are_complete(number: int) -> Check:
    """Return a check that a list has this number of traces, and that their calls have ended."""

    def check(answer: Answer) -> Mismatch | None:
        ended = [trace["trace_id"] for trace in answer.json if trace["duration_ms"] is not None]
        right = len(ended) == len(answer.json) == number
        return None if right else expected(f"{number} traces of calls that have ended", answer.json)

    return check


def have_failed(answer: Answer) -> Mismatch | None:
    """Check that there are spans, all of which have ended with an error."""
    right = answer.json and all(
        span["status"] == "error" and span["end_time"] and span["duration_ms"] is not None
        for span in answer.json
    )
    return None if right else expected("spans that have ended with an error", answer.json)


def are_spans_of(trace: str) -> Check:
    """Return a check that there are spans, all of one trace."""
    return lambda a: (
        None
        if a.json and all(span["trace_id"] == trace for span in a.json)
        else expected("spans of the trace and no other", a.json)
    )


def _adds_up(answer: Answer) -> Mismatch | None:
    total, done, failed = answer["total_traces"], answer["success_count"], answer["error_count"]
    # A call in progress has neither succeeded nor failed.
    right = answer["time_window_hours"] == 1 and 0 < done + failed <= total
    return None if right else expected("counts of traces that add up", answer.json)


def _percentiles_rise(answer: Answer) -> Mismatch | None:
    found = answer["percentiles"]
    values = [answer["min_duration_ms"], *(found[name] for name in ("p50", "p75", "p90", "p95", "p99"))]
    values.append(answer["max_duration_ms"])
    rising = bool(answer["total_traces"]) and values == sorted(values)
    return None if rising else expected("percentiles that rise", answer.json)


def _is_csv(answer: Answer) -> Mismatch | None:
    head, *rows = answer.text.splitlines() or [""]
    right = answer.media_type == "text/csv" and head.startswith("trace_id,") and 0 < len(rows) <= PAGE
    return None if right else expected("traces as CSV", answer.text)
