"""Structured logs: search, one request's trace, and the records of audit, security and performance."""

import datetime as dt
import math
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import has_length
from loadtest.users.base import task
from loadtest.users.checks import both, has
from loadtest.users.identity.checks import at_most, nothing
from loadtest.users.ops.observability import moment
from loadtest.users.read_back import contradiction
from loadtest.users.registry.fixtures import RegistryUser

PAGE = 20
"""Number of entries on a page."""

MOST = 1000
"""The largest page of records; the newest are first."""
HOUR = dt.timedelta(hours=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

PAST, FUTURE = "2000-01-01T00:00:00", "2100-01-01T00:00:00"
BEYOND = 100_000
"""An offset beyond the end of every list."""
NOT_MATCHING: tuple[dict[str, Any], ...] = (
    {"search_text": "no-such-text"},
    {"component": ["no-such-component"]},
    {"user_id": "no-such-user"},
    {"start_time": FUTURE},
    {"end_time": PAST},
    {"min_duration_ms": 10_000_000},
    {"max_duration_ms": -1},
    {"offset": BEYOND},
)
"""Filters that no request matches."""
REVIEWED = ("delete_tool", "delete_resource", "delete_server", "delete_gateway")
"""Actions in the audit trail that require a review."""
NO_SUCH = "no-such-value"
RECORDS = ("GET /api/logs/security-events", "GET /api/logs/audit-trails")
NO_RECORDS: tuple[dict[str, str | int], ...] = (
    {"start_time": FUTURE},
    {"end_time": PAST},
    {"offset": BEYOND},
)
"""Filters that no record matches."""


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
            check=lambda a: _about(a, correlation_id, found["results"]),
        )
        own = {"correlation_id": correlation_id, "component": ["http_gateway"], "limit": PAGE}
        every = {
            "start_time": PAST,
            "end_time": FUTURE,
            "sort_by": "timestamp",
            "sort_order": "asc",
        }
        self.call("POST /api/logs/search", json=own | every, check=_only_of(correlation_id))
        for other in NOT_MATCHING:
            none = has_length(0, at="results")
            counted = none if "offset" in other else both(none, has("total", 0))
            self.call("POST /api/logs/search", json=own | other, check=counted)

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
            newest: dict[str, str | int] = {"limit": PAGE, "since": PAST}
            done = announces(str(tool["name"]), by=self.link.session.credentials.email)
            self.call("GET /api/logs/activity", params=newest, check=done)
            # The creation of the tool is one of at least two activities, with that of the fixture's tools.
            self.call("GET /api/logs/activity", params=newest | {"limit": 1}, check=has_length(1, at="items"))
            self.call("GET /api/logs/activity", params={"since": FUTURE}, check=has_length(0, at="items"))

    @task
    def audited(self) -> None:
        """A tool is created, changed and deleted, and each of it is in the audit trail."""
        with self.tool() as tool:
            self.update("PUT /tools/{tool_id}", tool_id=tool.id, json={"description": "Changed."})
        who = self.link.session.credentials.email
        of_tools = {"resource_type": "tool", "user_id": who, "limit": MOST}
        actions = ("create_tool", "update_tool", "delete_tool")
        audited = has_audited(tool.id, *actions) if self.switched_on("AUDIT_TRAIL_ENABLED") else None
        self.call("GET /api/logs/audit-trails", params=of_tools, check=audited)

    @task
    def records(self) -> None:
        """Audit trail and security events of the last hours."""
        for operation in RECORDS:
            self.call(operation, params={"limit": PAGE}, check=at_most(PAGE, least=0))
            for none in NO_RECORDS:
                self.call(operation, params=none, check=nothing)
        for parameter in ("severity", "event_type"):
            self.call(RECORDS[0], params={parameter: NO_SUCH}, check=nothing)
        for resolved in (False, True):
            self.call(RECORDS[0], params={"resolved": resolved}, check=are_resolved(resolved))
        for parameter in ("action", "resource_type", "user_id"):
            self.call(RECORDS[1], params={parameter: NO_SUCH}, check=nothing)
        for needed in (False, True):
            self.call(RECORDS[1], params={"requires_review": needed}, check=need_review(needed))

    @task
    def performance(self) -> None:
        """Duration of the requests of today, for all of the gateway and for one component."""
        figures, daily = "GET /api/logs/performance-metrics", {"hours": 1, "aggregation": "24h"}
        stored = not self.switched_off("STRUCTURED_LOGGING_DATABASE_ENABLED")
        everything = self.call(figures, params=daily, check=has_durations if stored else _is_list)
        for key, parameter in (("component", "component"), ("operation_type", "operation")):
            self.call(figures, params=daily | {parameter: NO_SUCH}, check=nothing)
            for value in {str(one[key]) for one in everything.json}:
                self.call(figures, params=daily | {parameter: value}, check=are_all(key, value))


def announces(tool: str, *, by: str) -> Check:
    """Return a check that a list of activities has a success of ``by`` with this ``tool``."""
    wanted = ("audit", "success", "tool", tool, by)

    def check(answer: Answer) -> Mismatch | None:
        found = [
            (one["source"], one["status"], one["resource_type"], one["resource_name"], one["actor"])
            for one in answer["items"]
        ]
        return (
            None
            if wanted in found
            else expected("the creation of the tool as a success of its creator", found)
        )

    return check


def has_audited(entity: str, *actions: str) -> Check:
    """Return a check that the records of audit have these ``actions`` on an ``entity``.

    Only the deletion of what others use requires a review.
    """

    def check(answer: Answer) -> Mismatch | None:
        own = [one for one in answer.json if one["resource_id"] == entity and one["success"]]
        found = {one["action"]: one["requires_review"] for one in own}
        missing = sorted(set(actions) - found.keys())
        if missing:
            return expected(f"{', '.join(missing)} in the audit trail", sorted(found))
        wrong = [one for one in actions if found[one] is not (one in REVIEWED)]
        return expected("deletions to require a review", found) if wrong else None

    return check


def has_durations(answer: Answer) -> Mismatch | None:
    """Check that requests were counted, and that no figure contradicts another."""
    others = [one for one in answer.json if not _is_consistent(one)]
    if others or not answer.json:
        return expected("durations of requests that fit together", others)
    return None


def _is_consistent(figures: dict[str, Any]) -> bool:
    """Return whether the figures of one component in one interval do not contradict each other."""
    total, failed = figures["request_count"], figures["error_count"]
    durations = [figures[f"{name}_duration_ms"] for name in ("min", "p50", "p95", "p99", "max")]
    average = figures["avg_duration_ms"]
    return bool(
        0 <= failed <= total > 0
        and math.isclose(figures["error_rate"], failed / total, abs_tol=0.01)
        and durations == sorted(durations)
        and durations[0] <= average <= durations[-1]
        and _is_aligned(figures)
    )


def _is_aligned(figures: dict[str, Any]) -> bool:
    """Return whether an interval begins at a multiple of its length."""
    start, end = moment(figures["window_start"]), moment(figures["window_end"])
    return start < end and (start - EPOCH) % (end - start) == dt.timedelta(0)


def are_all(key: str, value: str) -> Check:
    """Return a check that there are entries, all of which have this ``value``."""
    return lambda a: (
        None
        if a.json and all(one[key] == value for one in a.json)
        else expected(f"only entries whose {key} is {value}", a.json)
    )


def are_resolved(resolved: bool) -> Check:
    """Return a check that each security event of a list is resolved, or not."""
    return lambda a: _all_have(a, "resolved", resolved)


def need_review(needed: bool) -> Check:
    """Return a check that each record of a list requires a review, or not."""
    return lambda a: _all_have(a, "requires_review", needed)


def _all_have(answer: Answer, key: str, value: bool) -> Mismatch | None:
    others = [one for one in answer.json if one[key] is not value]
    return expected(f"only records with {key} {value}", others) if others else None


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


def _about(answer: Answer, correlation_id: str, found: list[Any]) -> Mismatch | None:
    if not answer["logs"]:
        return expected("the entry in its own trace")
    if any(entry["correlation_id"] != correlation_id for entry in answer["logs"]):
        return expected("only entries of the request in its trace")
    by_id = {entry["id"]: entry for entry in found}
    differing = (
        contradiction(by_id.get(entry["id"]), entry, "of an entry in a trace to be as the search showed it")
        for entry in answer["logs"]
    )
    return next((one for one in differing if one is not None), None)


def _only_of(correlation_id: str) -> Check:
    """Return a check that there are entries, all of one request, the oldest first."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer["results"]
        times = [entry["timestamp"] for entry in found]
        same = all(entry["correlation_id"] == correlation_id for entry in found)
        right = bool(found) and same and times == sorted(times)
        return None if right else expected("entries of the request, the oldest first", found)

    return check


def _is_list(answer: Answer) -> Mismatch | None:
    return None if isinstance(answer.json, list) else expected("a list", answer.json)
