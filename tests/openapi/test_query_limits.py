"""Every documented limit of a query parameter is violated in one of two requests."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.core.operations import METHODS, canonical
from loadtest.openapi.contract import read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.openapi.query_limits import TOO_LARGE, WRONG, invalid_queries, named_in
from loadtest.versions.data import available


def document_with(**parameters: Any) -> dict[str, Any]:
    listed = [{"in": "query", "name": name, "schema": schema} for name, schema in parameters.items()]
    by_id = {"in": "path", "name": "team_id", "schema": {"type": "string"}}
    path = {"get": {"parameters": [by_id, *listed], "responses": {}}}
    return {"info": {"version": "1"}, "paths": {"/teams/{team_id}": path}}


def sent(documented: dict[str, Any], offered: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    cases = invalid_queries(read_contract(documented), read_contract(offered or documented))
    assert {one.operation for one in cases} <= {"GET /teams/{team_id}"}
    return {one.label: dict(one.params) for one in cases}


OR_NULL = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("schema", "wrong", "too_large"),
    [
        ({"type": "boolean"}, "perhaps", None),
        ({"type": "integer"}, "many", None),
        ({"type": "integer", "minimum": 0}, -1, None),
        ({"type": "integer", "minimum": 1, "maximum": 500}, 0, 501),
        ({"type": "number", "minimum": 0.5, "maximum": 1.5}, 0, 2),
        (OR_NULL, 0, 10),
        ({"type": "string"}, None, None),
        ({"type": "string", "maxLength": 3}, None, "xxxx"),
        ({"type": "string", "maxLength": 100_000}, None, None),
        ({"type": "string", "minLength": 1}, None, None),
        ({"type": "string", "minLength": 3}, "xx", None),
        ({"type": "string", "pattern": "^(json|csv)$"}, "<load test>", None),
        ({"type": "string", "pattern": "t"}, None, None),
        ({"type": "string", "enum": ["asc", "desc"]}, "<load test>", None),
        ({"type": "array", "items": {"type": "integer"}}, None, None),
        ({}, None, None),
    ],
)
def test_a_limit_is_violated(schema: dict[str, Any], wrong: Any, too_large: Any) -> None:
    expected = {WRONG: wrong, TOO_LARGE: too_large}
    assert sent(document_with(one=schema)) == {
        label: {"one": value} for label, value in expected.items() if value is not None
    }


def test_one_request_violates_the_limits_of_all_parameters() -> None:
    document = document_with(limit={"type": "integer", "minimum": 1, "maximum": 5}, all={"type": "boolean"})
    assert sent(document) == {WRONG: {"limit": 0, "all": "perhaps"}, TOO_LARGE: {"limit": 6}}


def test_a_lost_limit_is_violated_and_a_lost_parameter_is_not_sent() -> None:
    limited = {"type": "integer", "minimum": 1}
    running = document_with(limit={"type": "integer"}, all={"type": "boolean"})
    assert sent(document_with(limit=limited, page=limited), running) == {WRONG: {"limit": 0}}


def test_a_limit_that_depends_on_settings_is_that_of_the_gateway() -> None:
    documented = document_with(limit={"type": "integer", "minimum": 1, "maximum": 500})
    running = document_with(limit={"type": "integer", "minimum": 1, "maximum": 900})
    assert sent(documented, running) == {WRONG: {"limit": 0}, TOO_LARGE: {"limit": 901}}


def test_a_lost_operation_is_not_called() -> None:
    document = document_with(all={"type": "boolean"})
    others: dict[str, Any] = {"/roles": {"get": {"responses": {}}}}
    assert sent(document, document | {"paths": others}) == {}


@pytest.mark.parametrize("version", available())
def test_no_value_is_allowed_by_the_contract_of_a_release(version: str) -> None:
    contract = read_contract(contract_of(version).document)
    cases = invalid_queries(contract, contract)
    schemas = {
        (canonical(method, path), one["name"]): one["schema"]
        for path, methods in contract.document["paths"].items()
        for method in METHODS
        for one in methods.get(method, {}).get("parameters", ())
        if one["in"] == "query"
    }
    allowed = [
        f"{case.operation}: {name}={value}"
        for case in cases
        for name, value in case.params.items()
        if jsonschema_rs.is_valid(schemas[case.operation, name], value)
    ]
    assert allowed == []
    assert len(cases) > 100


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)
def test_any_body_can_be_read(body: Any) -> None:
    assert named_in(body) is None
    assert named_in({"detail": [body]}) == frozenset()


def test_the_parameters_of_the_query_are_named() -> None:
    details = [
        {"loc": ["query", "limit"], "msg": "too large"},
        {"loc": ["body", "name"], "msg": "missing"},
        {"loc": ["query", "page", 0]},
    ]
    assert named_in({"detail": details}) == frozenset(("limit", "page"))
