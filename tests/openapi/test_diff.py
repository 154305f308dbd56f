"""Differences between two contracts that affect a caller are reported, and no others."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.openapi.diff import diff_contracts


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
    changes = diff_contracts(before or document(), now)
    assert (changes.new, changes.gone) == ((), ())
    return {str(one) for change in changes.changed for one in change.what}


def parameter(name: str, **more: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": {"type": "integer"}, **more}


ID = {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}
JSON = {"application/json": {"schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({"summary": "Other words", "operationId": "x", "tags": ["y"]}, set()),
        ({"parameters": [ID]}, {"query limit: removed"}),
        (
            {"parameters": [ID, parameter("limit"), parameter("page", required=True), parameter("q")]},
            {"query page: added, required", "query q: added"},
        ),
        ({"parameters": [ID, parameter("limit", required=True)]}, {"query limit: now required"}),
        (
            {"parameters": [ID | {"required": False}, parameter("limit", schema={"type": "string"})]},
            {"path id: no longer required", "query limit: type string, before integer"},
        ),
        ({"requestBody": None}, {"no longer takes a body"}),
        (
            {"requestBody": {"content": JSON}},
            {
                "body: no longer required",
                "body: type object, before none",
                "body: tag removed",
                "body: title removed",
            },
        ),
        (
            {"responses": {"201": {}, "422": {"description": "Refused"}}},
            {"201: added", "200: removed"},
        ),
        (
            {"responses": {"200": {"content": {"text/html": {}}}, "422": {}}},
            {"200: text/html, before application/json"},
        ),
        (
            {"responses": {"200": {"content": JSON}, "422": {"content": JSON}}},
            {
                "200: type object, before none",
                "200: tag removed",
                "200: title removed",
                "422: application/json, before no body",
            },
        ),
    ],
)
def test_what_changed(changes: dict[str, Any], differences: set[str]) -> None:
    assert what(document(**changes)) == differences


def test_a_body_that_was_not_there() -> None:
    assert what(document(), document(requestBody=None)) == {"takes a body"}


def test_what_a_reference_leads_to_counts_however_far() -> None:

    def both(words: str) -> set[str]:
        return {f"body: {words}", f"200: {words}"}

    far = document()
    far["components"]["schemas"]["Tag"]["type"] = "integer"
    assert what(far) == both("tag type integer, before string")
    named = document()
    del named["components"]["schemas"]["Tool"]["properties"]["title"]
    assert what(named) == both("title removed"), "a property that is called like prose"
    reworded = document()
    reworded["components"]["schemas"]["Tag"]["description"] = "another word"
    assert what(reworded) == set()
    lost = document()
    del lost["components"]["schemas"]["Tag"]
    assert both("tag schema false, before none") <= what(lost)


def schema(part: Any, **components: Any) -> dict[str, Any]:
    """A contract whose only answer has this schema."""
    answers = {"200": {"content": {"application/json": {"schema": part}}}, "422": {}}
    return {
        "paths": {"/tools": {"get": {"responses": answers}}},
        "components": {"schemas": components},
    }


def of(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


TOOL = {"type": "object", "properties": {"name": {"type": "string"}, "authType": {"type": "string"}}}
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("before", "now", "differences"),
    [
        pytest.param(
            schema({"type": "array", "items": of("Tool")}, Tool=TOOL),
            schema(
                {"type": "array", "items": of("Tool")},
                Tool={"type": "object", "properties": {"name": {"type": "string"}}},
            ),
            {"200: [].authType removed"},
            id="removed",
        ),
        pytest.param(
            schema({"items": of("Tool")}, Tool=TOOL),
            schema({"items": of("ToolRead")}, ToolRead=TOOL),
            set(),
            id="a renamed schema",
        ),
        pytest.param(
            schema(TOOL), schema(TOOL | {"required": ["name"]}), {"200: name now required"}, id="required"
        ),
        pytest.param(
            schema(of("Tool"), Tool=TOOL),
            schema({"allOf": [of("Tool"), {"required": ["name"]}]}, Tool=TOOL),
            {"200: name now required"},
            id="all of",
        ),
        pytest.param(
            schema(of("Tool"), Tool=TOOL),
            schema({"anyOf": [of("Tool"), NULL]}, Tool=TOOL),
            {"200: may now be null"},
            id="or null",
        ),
        pytest.param(
            schema({"anyOf": [{"type": "string"}, NULL]}),
            schema({"type": "string"}),
            {"200: may no longer be null"},
            id="no longer null",
        ),
        pytest.param(
            schema({"type": "string"}),
            schema({"type": ["string", "integer"]}),
            {"200: type integer or string, before string"},
            id="types",
        ),
        pytest.param(
            schema({"anyOf": [{"type": "string"}, {"type": "integer", "title": "Number"}]}),
            schema({"type": ["string", "integer"]}),
            set(),
            id="two spellings of types",
        ),
        pytest.param(
            schema({"enum": ["sse", "http"]}),
            schema({"enum": ["http", "grpc"]}),
            {'200: enum: "grpc" added, "sse" removed'},
            id="enum",
        ),
        pytest.param(
            schema({"type": "string", "maxLength": 9}),
            schema({"type": "string", "maxLength": 5, "format": "uri"}),
            {"200: maxLength 5, before 9", '200: format "uri", before none'},
            id="limits",
        ),
        pytest.param(
            schema({"additionalProperties": {"type": "string"}}),
            schema({"additionalProperties": {"type": "integer"}}),
            {"200: * type integer, before string"},
            id="a map",
        ),
        pytest.param(
            schema({"properties": {"a": {"properties": {"b": {"properties": {"c": {}}}}}}}),
            schema({"properties": {"a": {}}}),
            {"200: a.b removed"},
            id="nested differences are not reported twice",
        ),
        pytest.param(
            schema({"oneOf": [of("A"), of("B")]}, A=TOOL, B={"type": "object", "properties": {"x": {}}}),
            schema({"oneOf": [of("A"), of("C")]}, A=TOOL, C={"type": "object", "properties": {"y": {}}}),
            {"200: one of: C added, B removed", "200: <C> added", "200: <B> removed"},
            id="variants of one type",
        ),
        pytest.param(
            schema({"items": {"type": "string"}}),
            schema({"items": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"id": {}}}]}}),
            {"200: [] type object or string, before string", "200: [].id added"},
            id="variants of several types",
        ),
    ],
)
def test_a_schema_that_changed(before: dict[str, Any], now: dict[str, Any], differences: set[str]) -> None:
    assert what(now, before) == differences


def test_schemas_that_lead_to_themselves_end() -> None:
    def tree(leaf: str) -> dict[str, Any]:
        node = {
            "properties": {"leaf": {"type": leaf}, "children": {"items": of("Node")}, "other": of("Twin")}
        }
        twin = {"properties": {"node": of("Node"), "again": of("Twin")}}
        return schema(of("Node"), Node=node, Twin=twin)

    assert what(tree("string"), tree("string")) == set()
    assert "200: leaf type integer, before string" in what(tree("integer"), tree("string"))


def test_what_is_deeper_than_is_named_is_still_a_difference() -> None:
    def deep(leaf: str) -> dict[str, Any]:
        chain = {f"S{n}": {"properties": {"x": of(f"S{n + 1}")}} for n in range(30)}
        return schema(of("S0"), **chain, S30={"type": leaf})

    (differences,) = what(deep("integer"), deep("string"))
    assert differences.startswith("200: x.x.x")
    assert "differs at a depth of more than" in differences


def mirrored(path: str, *, status: str = "200", parameter: str = "id") -> dict[str, Any]:
    answers = {status: {"content": JSON}}
    one = {"parameters": [ID | {"name": parameter}], "responses": answers}
    return {
        path: {"get": {"responses": answers}, "post": {"responses": answers}},
        f"{path}/{{{parameter}}}": {"get": one, "delete": one},
    }


def test_a_folder_that_mirrors_another_one_is_an_alias() -> None:
    before = {"paths": mirrored("/v1/servers") | mirrored("/v1/tools", status="201")}
    now = {"paths": before["paths"] | mirrored("/v1/virtual-servers", parameter="server")}
    (alias,) = diff_contracts(before, now).aliases
    assert (alias.new, alias.mirrors, len(alias.operations)) == ("/virtual-servers", "/servers", 4)


def test_a_folder_may_have_operations_of_its_own_and_some_that_are_old() -> None:
    before = {"paths": mirrored("/servers") | {"/hosts/old": {"get": {}}}}
    now = {"paths": before["paths"] | mirrored("/hosts") | {"/hosts/new": {"get": {}}}}
    (alias,) = diff_contracts(before, now).aliases
    assert (alias.new, alias.mirrors, len(alias.operations)) == ("/hosts", "/servers", 4)
    assert alias.own == ("GET /hosts/new",)


def test_a_folder_with_an_answer_of_its_own_is_none() -> None:
    before = {"paths": mirrored("/servers")}
    now = {"paths": before["paths"] | mirrored("/virtual-servers", status="202")}
    changes = diff_contracts(before, now)
    assert len(changes.new) == 4
    assert changes.aliases == ()


def test_a_prefix_is_not_part_of_the_name() -> None:
    before, now = document(), document()
    now["paths"] = {"/tools/{id}": now["paths"]["/v1/tools/{id}"]}
    assert diff_contracts(before, now).line == "0 new, 0 gone, 0 changed"


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
    there, back = diff_contracts(one, other), diff_contracts(other, one)
    assert (there.new, there.gone) == (back.gone, back.new)
    assert [change.name for change in there.changed] == [change.name for change in back.changed]
    assert [len(change.what) for change in there.changed] == [len(change.what) for change in back.changed]


@given(DOCUMENT)
def test_nothing_changed(one: dict[str, Any]) -> None:
    changes = diff_contracts(one, copy.deepcopy(one))
    assert (changes.new, changes.gone, changes.changed) == ((), (), ())


WORDS = st.sampled_from(
    [
        *(
            "paths",
            "/a",
            "get",
            "parameters",
            "requestBody",
            "responses",
            "200",
            "content",
            "schema",
            "application/json",
        ),
        *(
            "$ref",
            "#/paths",
            "allOf",
            "anyOf",
            "oneOf",
            "properties",
            "required",
            "items",
            "enum",
            "type",
            "null",
        ),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING, ANYTHING)
def test_a_document_may_contain_anything(one: Any, other: Any) -> None:
    for operation in (one, other):
        assert diff_contracts({"paths": operation}, {"paths": operation}).count == 0
    before, now = ({"paths": {"/a": {"get": {**_object(each), "responses": each}}}} for each in (one, other))
    diff_contracts(before, now)


def _object(part: Any) -> dict[str, Any]:
    return part if isinstance(part, dict) else {}
