"""Counts of uses, rankings and echoed requests: right responses pass, wrong ones are reported."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.federation.checks import echoed_whole
from loadtest.users.ops.counting import Uses, ranks, shows_uses
from loadtest.users.ops.metrics import have_rates

FAILED = {
    "totalExecutions": 2,
    "successfulExecutions": 0,
    "failedExecutions": 2,
    "failureRate": 1.0,
    "minResponseTime": 0.0,
    "maxResponseTime": 0.1,
    "avgResponseTime": 0.05,
    "lastExecutionTime": "2026-01-01T00:00:00",
}
NEVER = dict.fromkeys(FAILED) | {
    "totalExecutions": 0,
    "successfulExecutions": 0,
    "failedExecutions": 0,
    "failureRate": 0.0,
}


def answer(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("uses", "metrics", "right"),
    [
        (Uses(0, 2), FAILED, True),
        (Uses(0, 0), NEVER, True),
        (Uses(1, 1), FAILED, False),
        (Uses(0, 2), NEVER, False),
        (Uses(0, 2), FAILED | {"failureRate": 0.0}, False),
        (Uses(0, 2), FAILED | {"avgResponseTime": None}, False),
        (Uses(0, 2), FAILED | {"totalExecutions": 3}, False),
        (Uses(0, 0), NEVER | {"lastExecutionTime": "2026-01-01T00:00:00"}, False),
        (Uses(0, 0), None, False),
    ],
)
def test_uses_in_a_list(uses: Uses, metrics: Any, right: bool) -> None:
    assert (shows_uses("a", uses)(answer([{"id": "a", "metrics": metrics}])) is None) == right


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ("<td>1</td><td>a</td><td>2</td><td>9ms</td><td>0.0%</td>", True),
        ("<td>1</td><td>a</td><td>2</td><td>9ms</td><td>N/A</td>", False),
        ("<td>1</td><td>a</td><td>3</td><td>9ms</td><td>0.0%</td>", False),
        ("<td>1</td><td>b</td><td>2</td><td>9ms</td><td>0.0%</td>", False),
    ],
)
def test_uses_in_a_ranking(row: str, right: bool) -> None:
    page = f"<table><tbody><tr>{row}</tr></tbody></table>"
    shown = Answer("GET /x", 200, {"content-type": "text/html"}, page.encode())
    assert (ranks("a", Uses(0, 2))(shown) is None) == right


@pytest.mark.parametrize(("rate", "right"), [(0.0, True), (100, True), (None, False)])
def test_everything_that_was_used_has_a_rate(rate: float | None, right: bool) -> None:
    row = {"executionCount": 2, "successRate": rate, "avgResponseTime": 0.0}
    performers = {"tools": [row], "resources": [], "prompts": [], "servers": []}
    assert (have_rates(answer({"topPerformers": performers})) is None) == right


@pytest.mark.parametrize(
    ("received", "right"),
    [
        ({"json": {"a": 1}}, True),
        ({"json": {"a": 1, "b": 2}}, False),
        ({"form": {"a": 1}}, False),
    ],
)
def test_the_whole_body_is_compared(received: dict[str, Any], right: bool) -> None:
    said = {"content": [{"text": msgspec.json.encode(received).decode()}]}
    assert (echoed_whole("json", {"a": 1})(answer({"result": said})) is None) == right
