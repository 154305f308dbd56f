"""Negative cases are generated for every operation, whatever its contract looks like."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.openapi.contract import read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.openapi.negative_cases import CaseGroup, negative_cases
from loadtest.openapi.samples import Samples
from loadtest.versions.data import available

BODY = {
    "type": "object",
    "required": ["name", "scope", "members"],
    "properties": {
        "name": {"type": "string", "minLength": 20},
        "scope": {"type": "string", "pattern": "^(global|team)$"},
        "members": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "owner_email": {"type": "string"},
        "level": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
}
DOCUMENT: dict[str, Any] = {
    "info": {"version": "1"},
    "paths": {
        "/v1/teams/{team_id}/members/{user_email}": {
            "put": {
                "security": [{"bearer": []}],
                "parameters": [
                    {"in": "path", "name": "team_id", "schema": {"type": "integer"}},
                    {"in": "path", "name": "user_email", "schema": {"type": "string"}},
                    {"in": "query", "name": "force", "required": True, "schema": {"type": "boolean"}},
                    {"in": "query", "name": "limit", "schema": {"type": "integer"}},
                ],
                "requestBody": {"content": {"application/json": {"schema": BODY}}},
                "responses": {},
            }
        },
        "/health": {"get": {"responses": {}}},
    },
}
PUT = "PUT /teams/{team_id}/members/{user_email}"


def cases_of(operation: str) -> dict[str, Any]:
    return {one.label: one for one in negative_cases(read_contract(DOCUMENT)) if one.operation == operation}


def test_an_operation_with_everything_has_every_case() -> None:
    cases = cases_of(PUT)
    assert set(cases) == {
        *("no token", "no permission", "unknown id"),
        *("not JSON", "nothing required", "wrong type"),
    }
    assert all(
        one.path == {"team_id": "999999999", "user_email": "lt-unknown@example.com"}
        and one.params == {"force": False}
        and one.secured
        for one in cases.values()
    )


def test_an_operation_without_parameters_and_body_has_two() -> None:
    cases = cases_of("GET /health")
    assert set(cases) == {"no token", "no permission"}
    assert not any(one.secured for one in cases.values())


def test_only_the_body_of_an_invalid_case_is_invalid() -> None:
    validator = jsonschema_rs.validator_for(BODY)
    cases = cases_of(PUT)
    for label in ("no token", "no permission", "unknown id"):
        assert validator.is_valid(cases[label].json), label
    for label in ("nothing required", "wrong type"):
        assert not validator.is_valid(cases[label].json), label
    assert cases["not JSON"].raw is not None


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ({"type": "string"}, {"lt": "object"}),
        ({"type": "integer"}, "lt-text"),
        ({"type": "array"}, "lt-text"),
        ({"type": "object"}, "lt-text"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"lt": "object"}),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"lt": "object"}),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, None),
        ({}, None),
        ({"$ref": "#/components/schemas/Any"}, None),
    ],
    ids=str,
)
def test_a_wrong_type_is_sent_only_if_it_is_certain(schema: dict[str, Any], wrong: Any) -> None:
    assert Samples({"components": {"schemas": {"Any": {}}}}).mistyped(schema) == wrong


@given(
    st.recursive(
        st.sampled_from(
            [
                {"type": "string"},
                {"type": "integer", "minimum": 5},
                {"type": "boolean"},
                {"enum": ["a", "b"]},
                {"type": "string", "minLength": 30},
            ]
        ),
        lambda inner: st.one_of(
            inner.map(lambda one: {"type": "array", "items": one, "minItems": 2}),
            inner.map(lambda one: {"anyOf": [{"type": "null"}, one]}),
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(
                lambda members: {"type": "object", "properties": members, "required": sorted(members)}
            ),
        ),
        max_leaves=6,
    )
)
def test_samples_are_valid_and_mistyped_ones_are_not(schema: dict[str, Any]) -> None:
    samples, validator = Samples({}), jsonschema_rs.validator_for(schema)
    assert validator.is_valid(samples.valid(schema))
    wrong = samples.mistyped(schema)
    assert wrong is None or not validator.is_valid(wrong)


def test_a_recursive_schema_ends() -> None:
    node = {
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"$ref": "#/components/schemas/Node"}},
    }
    assert isinstance(
        Samples({"components": {"schemas": {"Node": node}}}).valid({"$ref": "#/components/schemas/Node"}),
        dict,
    )


@pytest.mark.parametrize("version", available())
def test_every_operation_of_a_version_has_its_cases(version: str) -> None:
    contract = read_contract(contract_of(version).document)
    cases = negative_cases(contract)
    groups: dict[str, set[CaseGroup]] = {name: set() for name in contract.operations}
    for one in cases:
        groups[one.operation].add(one.group)
    assert all({CaseGroup.NO_TOKEN, CaseGroup.NO_PERMISSION} <= found for found in groups.values())
    assert [name for name, found in groups.items() if "{" in name and CaseGroup.UNKNOWN_ID not in found] == []
    repeated = [name for name, count in Counter((c.operation, c.label) for c in cases).items() if count > 1]
    assert repeated == []
