"""What a caller would notice between two contracts is told, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.contract_changes import contract_changes


def document(**changes: Any) -> dict[str, Any]:
    """A contract of one operation, ``POST /tools/{id}``, whose parts may be replaced."""
    operation: dict[str, Any] = {
        "summary": "Make a tool",
        "parameters": [
            {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
            {"in": "query", "name": "limit", "schema": {"type": "integer", "title": "Limit"}},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tool"}}},
        },
        "responses": {
            "200": {
                "description": "Made",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tool"}}},
            },
            "422": {"description": "Not made"},
        },
    }
    return {
        "paths": {"/v1/tools/{id}": {"post": operation | changes}},
        "components": {
            "schemas": {
                "Tool": {
                    "properties": {"title": {"type": "string"}, "tag": {"$ref": "#/components/schemas/Tag"}}
                },
                "Tag": {
                    "type": "string",
                    "description": "a word",
                    "anyOf": [{"$ref": "#/components/schemas/Tag"}],
                },
            }
        },
    }


def what(now: dict[str, Any], before: dict[str, Any] | None = None) -> set[str]:
    changes = contract_changes(before or document(), now)
    assert (changes.new, changes.gone) == ((), ())
    return {words for change in changes.changed for words in change.what}


def parameter(name: str, **more: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": {"type": "integer"}, **more}


ID = {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}
JSON = {"application/json": {"schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"summary": "Other words", "operationId": "x", "tags": ["y"]}, set()),
        ({"parameters": [ID]}, {"query limit: gone"}),
        (
            {"parameters": [ID, parameter("limit"), parameter("page", required=True), parameter("q")]},
            {"query page: new, required", "query q: new"},
        ),
        ({"parameters": [ID, parameter("limit", required=True)]}, {"query limit: required now"}),
        (
            {"parameters": [ID | {"required": False}, parameter("limit", schema={"type": "string"})]},
            {"path id: no longer required", "query limit: other values"},
        ),
        ({"requestBody": None}, {"takes no body any more"}),
        ({"requestBody": {"content": JSON}}, {"body: no longer required", "body: other schema"}),
        (
            {"responses": {"201": {}, "422": {"description": "Refused"}}},
            {"status 201: new", "status 200: gone"},
        ),
        (
            {"responses": {"200": {"content": {"text/html": {}}}, "422": {}}},
            {"status 200: text/html, before application/json"},
        ),
        (
            {"responses": {"200": {"content": JSON}, "422": {"content": JSON}}},
            {"status 200: other schema", "status 422: application/json, before nothing"},
        ),
    ],
)
def test_what_changed(changes: dict[str, Any], told: set[str]) -> None:
    assert what(document(**changes)) == told


def test_a_body_that_was_not_there() -> None:
    assert what(document(), document(requestBody=None)) == {"takes a body"}


def test_what_a_reference_leads_to_counts_however_far() -> None:
    both = {"body: other schema", "status 200: other schema"}
    far = document()
    far["components"]["schemas"]["Tag"]["type"] = "integer"
    assert what(far) == both
    named = document()
    del named["components"]["schemas"]["Tool"]["properties"]["title"]
    assert what(named) == both, "a property that is called like prose"
    reworded = document()
    reworded["components"]["schemas"]["Tag"]["description"] = "another word"
    assert what(reworded) == set()
    lost = document()
    del lost["components"]["schemas"]["Tag"]
    assert what(lost) == both


def test_a_prefix_is_not_part_of_the_name() -> None:
    before, now = document(), document()
    now["paths"] = {"/tools/{id}": now["paths"]["/v1/tools/{id}"]}
    assert contract_changes(before, now).line == "0 new, 0 gone, 0 changed"


def test_parameters_that_the_path_holds_for_all_its_methods() -> None:
    now = document(parameters=[parameter("limit")])
    now["paths"]["/v1/tools/{id}"]["parameters"] = [ID]
    assert what(now) == set()


NAMES = st.sampled_from(["/a", "/b", "/c/{id}", "/v1/d"])
METHOD = st.sampled_from(["get", "post"])
OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "parameters": st.lists(st.sampled_from([ID, parameter("limit"), parameter("q")]), max_size=2),
        "requestBody": st.sampled_from([{"content": JSON}, {"content": JSON, "required": True}]),
        "responses": st.dictionaries(
            st.sampled_from(["200", "404"]), st.sampled_from([{}, {"content": JSON}])
        ),
    },
)
DOCUMENT = st.builds(
    lambda paths: {"paths": paths}, st.dictionaries(NAMES, st.dictionaries(METHOD, OPERATION))
)


@given(DOCUMENT, DOCUMENT)
def test_there_and_back(one: dict[str, Any], other: dict[str, Any]) -> None:
    there, back = contract_changes(one, other), contract_changes(other, one)
    assert (there.new, there.gone) == (back.gone, back.new)
    assert [change.name for change in there.changed] == [change.name for change in back.changed]
    assert [len(change.what) for change in there.changed] == [len(change.what) for change in back.changed]


@given(DOCUMENT)
def test_nothing_changed(one: dict[str, Any]) -> None:
    changes = contract_changes(one, copy.deepcopy(one))
    assert (changes.new, changes.gone, changes.changed) == ((), (), ())
