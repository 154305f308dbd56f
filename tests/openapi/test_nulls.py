"""Values that the creator of an entity can leave out may be null, whatever the responses were like."""

from typing import Any

import pytest

from loadtest.openapi.nulls import with_documented_nulls
from loadtest.shapes.expected import compare
from loadtest.shapes.notation import from_stored

TEAM = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "most": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "old": {"type": ["string", "null"]},
        "createdBy": {"type": ["string", "null"]},
        "owner": {"$ref": "#/components/schemas/Owner"},
        "tags": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
        "parent": {"anyOf": [{"$ref": "#/components/schemas/Team"}, {"type": "null"}]},
    },
}
OWNER = {"properties": {"name": {"oneOf": [{"type": "null"}, {"type": "string"}]}}}
VALUE = {
    "id": "a",
    "most": 5,
    "old": "b",
    "owner": {"name": "c"},
    "tags": ["d"],
    "other": "e",
    "createdBy": "f",
}


def document(schema: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    sent = {"properties": {"mo_st": {}, "old": {}, "owner": {"properties": {"name": {}}}, "tags": {}}}
    create = {"requestBody": {"content": {"application/json": {"schema": sent}}}, "responses": {}}
    get = {"responses": {"200": {"content": content}}}
    return {
        "paths": {"/v1/teams": {"get": get, "post": create}},
        "components": {"schemas": {"Team": TEAM, "Owner": OWNER}},
    }


def differences(schema: dict[str, Any], stored: Any, value: Any) -> list[str]:
    shapes = with_documented_nulls({"GET /teams": {"200": from_stored(stored)}}, document(schema))
    return [one.path for one in compare(shapes["GET /teams"]["200"], value).differences]


STORED = {
    "id": "string",
    "most": "number",
    "old": "string",
    "owner": {"name": "string"},
    "tags": ["string"],
    "other": "string",
    "createdBy": "string",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"most": None}, []),
        ({"old": None}, []),
        ({"owner": {"name": None}}, []),
        ({"id": None}, ["id"]),
        ({"other": None}, ["other"]),
        ({"tags": None}, ["tags"]),
        ({"owner": None}, ["owner"]),
        ({"createdBy": None}, ["createdBy"]),
        ({"most": "five"}, ["most"]),
        ({"most": {}}, ["most"]),
    ],
)
def test_only_what_a_creator_can_leave_out_may_be_null(changed: dict[str, Any], expected: list[str]) -> None:
    assert differences({"$ref": "#/components/schemas/Team"}, STORED, VALUE | changed) == expected


def test_items_and_values_may_be_null_as_well() -> None:
    listed = {"type": "array", "items": {"$ref": "#/components/schemas/Team"}}
    assert differences(listed, [STORED], [VALUE | {"most": None}] * 2) == []
    assert differences(listed, [STORED], [VALUE | {"id": None}] * 2) == ["[].id"]


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    stored = {"parent": {"parent": {"most": "number"}}}
    value = {"parent": {"parent": {"most": None}}}
    assert differences({"$ref": "#/components/schemas/Team"}, stored, value) == []


def test_nothing_may_be_null_where_nothing_is_documented() -> None:
    assert differences({}, STORED, VALUE | {"most": None}) == ["most"]
