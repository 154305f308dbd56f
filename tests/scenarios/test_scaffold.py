"""A new scenario is valid source, reads back and deletes, and marks what the contract does not state."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from supported import NEWEST

from loadtest.core.errors import UsageError
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.openapi.contract import Contract, read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.scenarios.scaffold import new_scenario
from loadtest.scenarios.source import read_sources

DOCUMENT = Path(__file__).parents[2] / "docs" / "scenarios.md"


@pytest.fixture(scope="module")
def newest() -> Contract:
    return read_contract(contract_of(NEWEST).document)


def calls(tmp_path: Any, contract: Contract, operation: str) -> set[str]:
    made = new_scenario(contract, operation)
    (tmp_path / made.filename).write_text(made.text)
    custom = read_sources([str(tmp_path)])
    (found,) = [one for one in discover_scenarios(custom=custom) if one.name.startswith(made.user_class)]
    return {call.operation for call in found.calls}


PLANNED = {
    "POST /teams/": {"POST /teams/", "GET /teams/{team_id}", "DELETE /teams/{team_id}"},
    "POST /rbac/roles": {
        *("POST /rbac/roles", "GET /rbac/roles", "GET /rbac/roles/{role_id}", "DELETE /rbac/roles/{role_id}"),
    },
    "DELETE /teams/{team_id}": {"POST /teams/", "GET /teams/{team_id}", "DELETE /teams/{team_id}"},
    "POST /servers/{server_id}/state": {
        *("POST /servers", "POST /servers/{server_id}/state", "GET /servers/{server_id}"),
        "DELETE /servers/{server_id}",
    },
    "GET /tools/{tool_id}": {"GET /tools/{tool_id}"},
    "GET /health": {"GET /health"},
}


@pytest.mark.parametrize(("operation", "planned"), PLANNED.items(), ids=list(PLANNED))
def test_it_calls_what_belongs_to_the_operation(
    tmp_path: Any, newest: Contract, operation: str, planned: set[str]
) -> None:
    assert calls(tmp_path, newest, operation) == planned


def test_a_list_without_pages_is_the_read_back(newest: Contract) -> None:
    assert 'read=Listed("GET /rbac/roles")' in new_scenario(newest, "POST /rbac/roles").text
    assert "Listed" not in new_scenario(newest, "POST /teams/").text


def test_an_id_within_the_response_is_found(newest: Contract) -> None:
    assert 'key="token.id"' in new_scenario(newest, "POST /tokens").text


def test_every_operation_of_a_version_gives_valid_source(newest: Contract) -> None:
    for operation in newest.operations:
        made = new_scenario(newest, operation)
        tree = ast.parse(made.text)
        assert "TODO" in made.text, operation
        imported = {one.name for node in tree.body if isinstance(node, ast.ImportFrom) for one in node.names}
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert imported <= used, operation


def test_an_unknown_operation_is_one_line(newest: Contract) -> None:
    with pytest.raises(UsageError, match=r"^POST /nothing: the gateway does not offer this operation"):
        new_scenario(newest, "POST /nothing")


NAMED = {"type": "string"}
PROPERTIES = {"name": NAMED, "size": {"type": "integer", "minimum": 1}, "colour": NAMED}
NEW = {"type": "object", "properties": PROPERTIES, "required": ["name", "size"]}
WIDGET = {"type": "object", "properties": PROPERTIES | {"id": NAMED}, "required": ["id", "name", "size"]}


def responses(status: str, schema: Any) -> dict[str, Any]:
    return {"responses": {status: {"content": {"application/json": {"schema": schema}}}}}


def test_the_documentation_shows_what_is_written() -> None:
    of_one = {"parameters": [{"name": "widget_id", "in": "path", "required": True, "schema": NAMED}]}
    created = {"requestBody": {"content": {"application/json": {"schema": NEW}}}, **responses("201", WIDGET)}
    contract = read_contract(
        {
            "openapi": "3.1.0",
            "info": {"title": "Widgets", "version": "1"},
            "paths": {
                "/widgets": {"post": {"tags": ["Widgets"], **created}},
                "/widgets/{widget_id}": {
                    "get": {**of_one, **responses("200", WIDGET)},
                    "delete": {**of_one, "responses": {"204": {}}},
                },
            },
        }
    )
    assert new_scenario(contract, "POST /widgets").text in DOCUMENT.read_text()
