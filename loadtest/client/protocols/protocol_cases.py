"""Negative cases of JSON-RPC and MCP, which a contract does not describe. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadtest.client.protocols.jsonrpc import ACCEPT, request
from loadtest.openapi.negative_cases import NOT_JSON, CaseGroup, NegativeCase

SESSION = "mcp-session-id"
UNKNOWN = "lt-unknown"
UNKNOWN_SESSION = "00000000000040008000000000000000"
_INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "contextforge-loadtest", "version": "1"},
}
_METHODS: Mapping[str, Mapping[str, Any]] = {
    "initialize": _INITIALIZE,
    "ping": {},
    "tools/list": {},
    "tools/call": {"name": UNKNOWN, "arguments": {}},
    "resources/list": {},
    "resources/templates/list": {},
    "resources/read": {"uri": "lt://unknown"},
    "prompts/list": {},
    "prompts/get": {"name": UNKNOWN, "arguments": {}},
    "completion/complete": {
        "ref": {"type": "ref/prompt", "name": UNKNOWN},
        "argument": {"name": "lt", "value": "lt"},
    },
    "logging/setLevel": {"level": "lt-unknown"},
    "roots/list": {},
}
"""Methods with parameters that name nothing."""
_FOR_EVERY_USER = ("initialize", "ping")
"""Methods that need no permission."""
_OF_THE_GATEWAY: Mapping[str, Mapping[str, Any]] = {
    "list_tools": {},
    "list_gateways": {},
    "list_roots": {},
}
"""Older names of methods, which only the gateway's own endpoint has."""
_ALLOWED: Mapping[str, Mapping[str, Any]] = {
    "logging/setLevel": {"level": "info"},
    "resources/subscribe": {"uri": "lt://unknown"},
    "resources/unsubscribe": {"uri": "lt://unknown"},
}
"""Methods with parameters that would be carried out for a caller with the permission. The level is that of the boot."""
_UNKNOWN = {
    "tools/call": "unknown tool",
    "resources/read": "unknown resource",
    "prompts/get": "unknown prompt",
    "completion/complete": "unknown prompt",
    "logging/setLevel": "unknown level",
}
_WRONG: Mapping[str, Any] = {
    "tools/call": {"name": {"lt": "object"}},
    "resources/read": {"uri": 1},
    "prompts/get": {"name": ["lt"]},
    "completion/complete": {"ref": "lt"},
    "logging/setLevel": {"level": 7},
}
_ID = "lt-negative"


def rpc_cases(endpoint: str, path: Mapping[str, str], session: str = "") -> Iterator[NegativeCase]:
    """Yield the cases of a JSON-RPC ``endpoint``, ``/rpc`` or an MCP one; ``path`` has its parameters.

    ``session`` is the id of an MCP session of the administrator, without which every case would be refused alike.
    """
    headers = {"Accept": ACCEPT} | ({SESSION: session} if session else {})

    def case(method: str, group: CaseGroup, label: str, **parts: Any) -> NegativeCase:
        return NegativeCase(
            f"POST {endpoint} {method}".rstrip(), group, label, path, {}, headers=headers, **parts
        )

    for method, params in _METHODS.items():
        yield case(method, CaseGroup.NO_TOKEN, "no token", json=request(method, params, _ID))
    for method, label in _UNKNOWN.items():
        yield case(method, CaseGroup.PROTOCOL, label, json=request(method, _METHODS[method], _ID))
        yield case(method, CaseGroup.PROTOCOL, "wrong parameters", json=request(method, _WRONG[method], _ID))
        yield case(method, CaseGroup.PROTOCOL, "no parameters", json=request(method, {}, _ID))
    for label, body in (
        ("unknown method", request("lt/unknown", {}, _ID)),
        ("wrong JSON-RPC version", request("ping", {}, _ID) | {"jsonrpc": "1.0"}),
        ("no method", {"jsonrpc": "2.0", "id": _ID}),
        ("list of parameters", request("tools/call", ["lt"], _ID)),
        ("empty batch", []),
    ):
        yield case("", CaseGroup.PROTOCOL, label, json=body)
    yield case("", CaseGroup.PROTOCOL, "not JSON", raw=NOT_JSON)


def permission_cases(
    endpoint: str, path: Mapping[str, str], session: str = "", label: str = CaseGroup.NO_PERMISSION.value
) -> Iterator[NegativeCase]:
    """Yield every method of a JSON-RPC ``endpoint`` that needs a permission, for a caller who does not have it.

    ``session`` is the id of an MCP session of that caller; the gateway's own endpoint, ``/rpc``, needs none.
    """
    headers = {"Accept": ACCEPT} | ({SESSION: session} if session else {})
    methods = {**_METHODS, **_ALLOWED, **({} if session else _OF_THE_GATEWAY)}
    for method, params in methods.items():
        if method not in _FOR_EVERY_USER:
            yield NegativeCase(
                f"POST {endpoint} {method}",
                CaseGroup.NO_PERMISSION,
                label,
                path,
                {},
                json=request(method, params, _ID),
                headers=headers,
            )


def session_cases(endpoint: str, path: Mapping[str, str]) -> Iterator[NegativeCase]:
    """Yield the cases of an MCP ``endpoint`` that concern sessions, versions and media types."""
    listed = request("tools/list", {}, _ID)
    usual = {"Accept": ACCEPT}
    unknown = {SESSION: UNKNOWN_SESSION}

    def case(
        operation: str,
        label: str,
        headers: Mapping[str, str],
        json: Any = None,
        group: CaseGroup = CaseGroup.PROTOCOL,
    ) -> NegativeCase:
        return NegativeCase(operation, group, label, path, {}, json=json, headers=headers)

    post, get, delete = (f"{method} {endpoint}" for method in ("POST", "GET", "DELETE"))
    yield case(f"{post} tools/list", "unknown session", usual | unknown, listed)
    yield case(
        f"{post} tools/list",
        "unknown protocol version",
        usual | {"MCP-Protocol-Version": "1999-01-01"},
        listed,
    )
    yield case(f"{post} tools/list", "unacceptable media type", {"Accept": "text/html"}, listed)
    for operation, accept in ((get, "text/event-stream"), (delete, ACCEPT)):
        yield case(operation, "no session", {"Accept": accept})
        yield case(operation, "unknown session", {"Accept": accept} | unknown)
        yield case(operation, "no token", {"Accept": accept}, group=CaseGroup.NO_TOKEN)
    yield case(get, "unacceptable media type", {"Accept": "text/html"})
