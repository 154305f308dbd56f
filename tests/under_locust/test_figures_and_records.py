"""Figures over time and on pages, and records of audit: each check accepts what is right and rejects the rest."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.client.mismatch import content_problem
from loadtest.users.admin.config import has_view
from loadtest.users.admin.observability import adds_up
from loadtest.users.identity.oauth import sent_to
from loadtest.users.ops.log_search import announces, has_audited
from loadtest.users.ops.metrics import figures_agree
from loadtest.users.ops.observability import ODD, reaches

if TYPE_CHECKING:
    from loadtest.client.caller import Check

BEFORE = dt.datetime(2026, 11, 30, 16, 4, 59, tzinfo=dt.UTC)
ALIGNED = dt.datetime.fromtimestamp(BEFORE.timestamp() // (ODD * 60) * (ODD * 60), dt.UTC).isoformat()
PROVIDER = "http://127.0.0.1:1"
ACTIONS = ("create_tool", "update_tool", "delete_tool")


def said(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


def figures(*values: str) -> Answer:
    text = "".join(f"<div>Some figure</div><div>{value}</div>" for value in values)
    return Answer("GET /x", 200, {"content-type": "text/html"}, text.encode())


def views(*records: tuple[str, str, str]) -> Answer:
    return said([{"action": a, "resource_type": kind, "resource_id": name} for a, kind, name in records])


def audit(*, reviewed: str = "delete_tool", without: str = "") -> Answer:
    actions = [one for one in ("create_tool", "update_tool", "delete_tool") if one != without]
    own = {"resource_id": "t", "success": True}
    return said([{"action": one, "requires_review": one == reviewed, **own} for one in actions])


def activity(**other: str) -> Answer:
    usual = {"source": "audit", "status": "success", "resource_type": "tool", "resource_name": "t"}
    return said({"items": [usual | {"actor": "a@b"} | other]})


def times(least: float, average: float, greatest: float) -> Answer:
    """Return a list of one entity that was used three times."""
    counts = {"totalExecutions": 3, "successfulExecutions": 3, "failedExecutions": 0, "failureRate": 0.0}
    named = {"minResponseTime": least, "avgResponseTime": average, "maxResponseTime": greatest}
    return said([{"metrics": counts | named | {"lastExecutionTime": "2026-11-30T16:00:00Z"}}])


def location(query: str) -> Answer:
    return Answer("GET /x", 307, {"location": f"{PROVIDER}/authorize?{query}"}, b"")


RIGHT: list[tuple[Check, Answer]] = [
    (reaches("times", BEFORE, 5), said({"times": ["2026-11-30T16:00:00+00:00"]})),
    (reaches("times", BEFORE, ODD), said({"times": [ALIGNED]})),
    (adds_up, figures("200", "95.0<span>%</span>", "10", "3")),
    (adds_up, figures("200", "100.0<span>%</span>", "0", "3")),
    (has_view("p"), views(("view", "plugin", "p"), ("view", "plugin", "q"))),
    (has_audited("t", *ACTIONS), audit()),
    (announces("t", by="a@b"), activity()),
    (figures_agree, times(0.1, 0.2, 0.4)),
    (figures_agree, times(0.1, 0.1, 0.1)),
    (sent_to(PROVIDER, names_resource=True), location("resource=a")),
    (sent_to(PROVIDER, names_resource=False), location("scope=a")),
]
WRONG: list[tuple[Check, Answer]] = [
    (reaches("times", BEFORE, 5), said({"times": ["2026-11-30T15:00:00+00:00"]})),
    (reaches("times", BEFORE, ODD), said({"times": ["2026-11-30T16:00:00+00:00"]})),
    (adds_up, figures("200", "95.0<span>%</span>", "190", "3")),
    (adds_up, figures("0", "0.0<span>%</span>", "0", "0")),
    (adds_up, figures("200")),
    (has_view("p"), views(("view", "plugin", "q"))),
    (has_view("p"), views(("view", "plugin", "p"), ("create_tool", "tool", "t"))),
    (has_audited("t", *ACTIONS), audit(reviewed="")),
    (announces("t", by="a@b"), activity(status="error")),
    (announces("t", by="a@b"), activity(actor="c@d")),
    (announces("t", by="a@b"), activity(resource_name="u")),
    (has_audited("t", *ACTIONS), audit(reviewed="create_tool")),
    (has_audited("t", *ACTIONS), audit(without="update_tool")),
    (figures_agree, times(0.1, 0.2, 0.2)),
    (figures_agree, times(0.2, 0.2, 0.4)),
    (figures_agree, times(0.1, 0.5, 0.4)),
    (sent_to(PROVIDER, names_resource=True), location("scope=a")),
    (sent_to(PROVIDER, names_resource=False), location("resource=a")),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_the_expected_response_passes(check: Check, answer: Answer) -> None:
    assert check(answer) is None


@pytest.mark.parametrize(("check", "answer"), WRONG)
def test_another_response_is_a_problem(check: Check, answer: Answer) -> None:
    assert content_problem(answer, check) is not None
