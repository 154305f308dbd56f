"""Faults are chosen for operations that can have them, by a seed."""

from __future__ import annotations

import pytest
from exchanges_of import exchange
from hypothesis import given
from hypothesis import strategies as st

from loadtest.mutation.candidates import choose, find
from loadtest.mutation.exchanges import Exchange, Exchanges, Sender
from loadtest.mutation.faults import FaultKind

TOOL = {"id": "1", "name": "echo", "enabled": True, "createdAt": "2026-01-01T00:00:00Z"}
RPC = {"jsonrpc": "2.0", "id": "a", "method": "tools/list"}
OBSERVED: dict[str, list[Exchange]] = {
    "GET /tools": [exchange("GET /tools", "/tools?limit=2&tags=a", [TOOL])],
    "GET /tools/{tool_id}": [exchange("GET /tools/{tool_id}", "/tools/1", TOOL)],
    "PUT /tools/{tool_id}": [exchange("PUT /tools/{tool_id}", "/tools/1", TOOL, fields=TOOL)],
    "POST /tools/{tool_id}/state": [exchange("POST /tools/{tool_id}/state", "/tools/1/state", TOOL)],
    "DELETE /tools/{tool_id}": [exchange("DELETE /tools/{tool_id}", "/tools/1", status=204)],
    "POST /admin/tools": [exchange("POST /admin/tools", "/admin/tools", {"success": True}, form="name=a")],
    "POST /admin/tools/{tool_id}/edit": [
        exchange("POST /admin/tools/{tool_id}/edit", "/admin/tools/1/edit", {}, form="name=a")
    ],
    "POST /rpc tools/list": [
        exchange(
            "POST /rpc tools/list",
            "/rpc",
            {"jsonrpc": "2.0", "id": "a", "result": {"tools": [TOOL]}},
            fields=RPC,
        )
    ],
    "GET /secret": [exchange("GET /secret", "/secret", status=401, sender=Sender.ANONYMOUS)],
    "GET /other": [exchange("GET /other", "/other", status=403, sender=Sender.OTHER)],
    "GET /health": [exchange("GET /health", "/health", {}, sender=Sender.ANONYMOUS)],
}


def of(kind: FaultKind) -> set[str]:
    return {fault.operation for fault in choose(OBSERVED, seed=0, most=None, kinds=[kind])}


@pytest.mark.parametrize(
    ("kind", "operations"),
    [
        (FaultKind.DELETION, {"DELETE /tools/{tool_id}"}),
        (FaultKind.UPDATE, {"PUT /tools/{tool_id}", "POST /admin/tools/{tool_id}/edit"}),
        (FaultKind.FORM, {"POST /admin/tools"}),
        (FaultKind.SWITCH, {"POST /tools/{tool_id}/state"}),
        (FaultKind.PAGINATION, {"GET /tools"}),
        (FaultKind.FILTER, {"GET /tools"}),
        (FaultKind.EMPTY_LIST, {"GET /tools", "POST /rpc tools/list"}),
        (FaultKind.WRONG_ITEM, {"GET /tools/{tool_id}"}),
        (FaultKind.JSONRPC_ERROR, {"POST /rpc tools/list"}),
        (FaultKind.AUTHENTICATION, {"GET /secret"}),
        (FaultKind.PERMISSION, {"GET /other"}),
        (FaultKind.STATUS_500, OBSERVED.keys() - {"GET /secret", "GET /other"}),
    ],
)
def test_a_kind_applies_to_operations(kind: FaultKind, operations: set[str]) -> None:
    assert of(kind) == operations


def test_a_filter_is_a_parameter_that_was_sent() -> None:
    fault = find(FaultKind.FILTER, "GET /tools", OBSERVED["GET /tools"], 0)
    assert fault is not None
    assert (fault.parameter, fault.detail) == ("tags", "?tags")


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (FaultKind.KEY_DROPPED, {("id",), ("name",), ("enabled",), ("createdAt",)}),
        (FaultKind.KEY_RETYPED, {("id",), ("name",), ("enabled",), ("createdAt",)}),
        (FaultKind.TEXT_CHANGED, {("id",), ("name",)}),
        (FaultKind.NUMBER_CHANGED, {("enabled",)}),
    ],
)
def test_a_seed_chooses_the_member(kind: FaultKind, paths: set[tuple[str, ...]]) -> None:
    operation = "GET /tools/{tool_id}"
    found = {fault.path for seed in range(60) if (fault := find(kind, operation, OBSERVED[operation], seed))}
    assert found == paths


def test_the_members_of_a_json_rpc_message_itself_are_left_out() -> None:
    operation = "POST /rpc tools/list"
    for seed in range(40):
        fault = find(FaultKind.KEY_DROPPED, operation, OBSERVED[operation], seed)
        assert fault is not None
        assert fault.path[0] == "result"
        assert len(fault.path) > 1


@given(st.integers(), st.integers(1, 20))
def test_a_seed_always_chooses_the_same_and_no_more_than_asked(seed: int, most: int) -> None:
    observed: Exchanges = OBSERVED
    chosen = choose(observed, seed=seed, most=most)
    assert chosen == choose(dict(reversed(OBSERVED.items())), seed=seed, most=most)
    assert set(chosen) <= set(choose(observed, seed=seed, most=None))
    for kind in FaultKind:
        assert sum(fault.kind is kind for fault in chosen) <= most
