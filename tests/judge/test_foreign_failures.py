"""The known categories recognise what the gateway's own locustfiles write into their CSV files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from loadtest.judge.categories import load_categories
from loadtest.results.locust_csv import read_csv_run

BUILT_INS = load_categories()


def category(tmp_path: Path, method: str, name: str, error: str) -> str | None:
    """Return the category of the only failure in CSV files as that locustfile writes them."""
    for kind, rows in {
        "stats": [
            ("Type", "Name", "Request Count", "Failure Count"),
            (method, name, "5", "5"),
            ("", "Aggregated", "5", "5"),
        ],
        "failures": [("Method", "Name", "Error", "Occurrences"), (method, name, error, "5")],
    }.items():
        with (tmp_path / f"run_{kind}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    (failure,) = read_csv_run(tmp_path / "run").failures
    found = BUILT_INS.classify(failure)
    return found.name if found else None


def failed(message: str) -> str:
    """Return what Locust writes of ``response.failure(message)``."""
    return f"CatchResponseError({message!r})"


RPC = "JSON-RPC error [-32000]: Internal error - Tool invocation failed: "


@pytest.mark.parametrize(
    ("method", "name", "error", "expected"),
    [
        (
            "POST",
            "/rpc tools/call [virtual]",
            failed(RPC + "[Errno -3] Temporary failure in name resolution"),
            "dns-virtual-tool",
        ),
        (
            "POST",
            "/rpc tools/call [test-api-tool]",
            failed(RPC + "[Errno -2] Name or service not known"),
            "dns-virtual-tool",
        ),
        ("POST", "/rpc tools/call [virtual]", failed(RPC + "something else"), None),
        ("POST", "/rpc tools/list", failed(RPC + "[Errno -3] Temporary failure in name resolution"), None),
        (
            "POST",
            "/rpc tools/call",
            failed(RPC + "All connection attempts failed"),
            "backend-unreachable",
        ),
        ("POST", "/rpc tools/call [rest]", failed(RPC + "timed out after 60s"), "upstream-timeout"),
        (
            "GET",
            "/roots/changes [stress]",
            failed("Invalid JSON: Expecting value: line 1 column 1 (char 0)"),
            "sse-not-json",
        ),
        (
            "GET",
            "/roots/changes",
            failed("Response is HTML not JSON (Content-Type: 'text/event-stream', status: 200)"),
            "sse-not-json",
        ),
        ("GET", "/tools", failed("Invalid JSON: Expecting value: line 1 column 1 (char 0)"), None),
        ("DELETE", "/roots/[uri] [delete]", failed("Unexpected status: 500"), "roots-delete-500"),
        ("DELETE", "/roots/[uri] [delete]", failed("Expected [200, 204], got 500"), "roots-delete-500"),
        ("DELETE", "/roots/[uri] [delete]", failed("Unexpected status: 502"), None),
        ("DELETE", "/tools/[id] [delete]", failed("Expected [200, 204], got 500"), None),
        ("GET", "/tools [stress]", failed("Expected [200], got 429"), "rate-limited"),
        ("GET", "/tools", "BadStatusCode('http://127.0.0.1:4444/tools', code=429)", "rate-limited"),
        ("GET", "/tools", failed("Expected [200], got 401"), "auth-expired"),
        ("GET", "/teams/", failed("Team setup failed: 401"), "auth-expired"),
        ("GET", "/tools", failed("Expected [200], got 403"), None),
        ("GET", "/tools", failed("Infrastructure error: 504"), "upstream-timeout"),
        ("GET", "/tools", failed("Expected [200], got 0"), "gateway-unreachable"),
        ("GET", "/tools", "ConnectionRefusedError(111, 'Connection refused')", "gateway-unreachable"),
        ("GET", "/tools", "TimeoutError('timed out')", "gateway-timeout"),
        (
            "POST",
            "/tools [create]",
            failed("HTTP 500: (sqlite3.OperationalError) database is locked"),
            "sqlite-locked",
        ),
        ("POST", "/llmchat/chat", failed("HTTP 503: LLM chat is not enabled"), "llm-not-configured"),
        ("GET", "/tools", failed("Expected [200], got 500"), None),
    ],
)
def test_category(tmp_path: Path, method: str, name: str, error: str, expected: str | None) -> None:
    assert category(tmp_path, method, name, error) == expected
