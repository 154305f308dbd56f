"""A request is assigned to the operation as the scenarios name it."""

from __future__ import annotations

import pytest

from loadtest.mutation.routing import Router

OPERATIONS = (
    "GET /tools",
    "GET /tools/",
    "GET /tools/{tool_id}",
    "GET /tools/export",
    "DELETE /roots/{uri}",
    "POST /rpc",
    "POST /rpc tools/list",
    "POST /servers/{server_id}/mcp tools/call",
    "GET /a.b/{x}",
)


@pytest.mark.parametrize(
    ("method", "path", "body", "operation"),
    [
        ("GET", "/tools", b"", "GET /tools"),
        ("GET", "/v1/tools", b"", "GET /tools"),
        ("GET", "/tools/", b"", "GET /tools/"),
        ("GET", "/v1/tools/1", b"", "GET /tools/{tool_id}"),
        ("GET", "/tools/export", b"", "GET /tools/export"),
        ("DELETE", "/roots/http%3A%2F%2Fa", b"", "DELETE /roots/{uri}"),
        ("POST", "/rpc", b'{"jsonrpc": "2.0", "method": "tools/list"}', "POST /rpc tools/list"),
        ("POST", "/rpc", b'{"method": "other"}', "POST /rpc"),
        ("POST", "/rpc", b"[1]", "POST /rpc"),
        ("POST", "/rpc", b"{", "POST /rpc"),
        ("POST", "/servers/1/mcp", b'{"method": "tools/call"}', "POST /servers/{server_id}/mcp tools/call"),
        ("POST", "/servers/1/mcp", b'{"method": "ping"}', "POST /servers/{server_id}/mcp"),
    ],
)
def test_a_request_has_one_operation(method: str, path: str, body: bytes, operation: str) -> None:
    match = Router(OPERATIONS).match(method, path, body)
    assert match is not None
    assert match.operation == operation


@pytest.mark.parametrize(("method", "path"), [("POST", "/tools"), ("GET", "/tools/1/2"), ("GET", "/aXb/1")])
def test_an_unknown_request_has_none(method: str, path: str) -> None:
    assert Router(OPERATIONS).match(method, path) is None


def test_the_values_of_a_template_stay_encoded() -> None:
    match = Router(OPERATIONS).match("DELETE", "/v1/roots/http%3A%2F%2Fa")
    assert match is not None
    assert match.parameters == {"uri": "http%3A%2F%2Fa"}
