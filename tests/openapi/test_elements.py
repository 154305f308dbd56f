"""Documented elements of an operation's input, and those that a request contains."""

from typing import Any

import pytest

from loadtest.openapi.contract import read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.openapi.elements import documented_input, documented_output
from loadtest.versions.data import available

TOOL: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "visibility": {"anyOf": [{"enum": ["team", "public", None]}, {"type": "null"}]},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "auth": {"$ref": "#/components/schemas/Auth"},
        "tags": {
            "type": "array",
            "items": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/Tag"}]},
        },
        "kinds": {"type": "array", "items": {"enum": ["a", "b"]}},
        "parent": {"$ref": "#/components/schemas/Tool"},
    },
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/tools": {
            "parameters": [{"$ref": "#/components/parameters/Trace"}, {"name": "id", "in": "path"}],
            "post": {
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    },
                    {"name": "order", "in": "query", "schema": {"enum": ["asc", "desc"]}},
                    {"name": "X-Key", "in": "header", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "allOf": [
                                    {"properties": {"tool": {"$ref": "#/components/schemas/Tool"}}},
                                    {"properties": {"dry": {"type": "boolean"}, "mode": {"const": "fast"}}},
                                ]
                            }
                        },
                        "multipart/form-data": {"schema": {"properties": {"file": {"type": "string"}}}},
                    }
                },
            },
        }
    },
    "components": {
        "parameters": {"Trace": {"name": "trace", "in": "query", "schema": {"type": "boolean"}}},
        "schemas": {
            "Tool": TOOL,
            "Auth": {"oneOf": [{"properties": {"user": {}}}, {"properties": {"token": {}}}]},
            "Tag": {"properties": {"label": {}, "fixed": {"type": "boolean"}}},
        },
    },
}
TOOLS = documented_input(DOCUMENT, "/v1/tools", "post")


def test_every_documented_element_has_a_name() -> None:
    tool = (
        *("name", "visibility", "visibility=team", "visibility=public", "headers", "auth", "auth.user"),
        *("auth.token", "tags", "tags[].label", "tags[].fixed", "tags[].fixed=true", "tags[].fixed=false"),
        *("kinds", "kinds=a", "kinds=b", "parent"),
    )
    assert TOOLS.names == {
        *("query trace", "query trace=true", "query trace=false", "query limit"),
        *("query order", "query order=asc", "query order=desc"),
        *("body tool", *(f"body tool.{one}" for one in tool)),
        *("body dry", "body dry=true", "body dry=false", "body mode", "body mode=fast", "body file"),
    }


@pytest.mark.parametrize(
    ("params", "body", "names"),
    [
        (None, None, set()),
        ({"limit": 5, "other": 1}, None, {"query limit"}),
        (
            {"trace": True, "order": "desc"},
            None,
            {"query trace", "query trace=true", "query order", "query order=desc"},
        ),
        ({"order": "sideways", "trace": "1"}, None, {"query order", "query trace"}),
        (None, {"dry": False, "unknown": {"dry": 1}}, {"body dry", "body dry=false"}),
        (
            None,
            {"tool": {"name": "n", "headers": {"name": "x"}}},
            {"body tool", "body tool.name", "body tool.headers"},
        ),
        (None, {"tool": {"visibility": None}}, {"body tool", "body tool.visibility"}),
        (
            None,
            {"tool": {"tags": ["a", {"label": "b"}, {"fixed": True}], "kinds": ["b", "c"]}},
            {
                *("body tool", "body tool.tags", "body tool.tags[].label", "body tool.tags[].fixed"),
                *("body tool.tags[].fixed=true", "body tool.kinds", "body tool.kinds=b"),
            },
        ),
        (None, {"tool": {"auth": {"token": "t"}}}, {"body tool", "body tool.auth", "body tool.auth.token"}),
        (None, [{"dry": True}], set()),
        (None, {"tool": "not an object"}, {"body tool"}),
        (None, {"file": "x"}, {"body file"}),
    ],
)
def test_a_request_contains_the_documented_elements_that_it_sends(
    params: Any, body: Any, names: set[str]
) -> None:
    assert TOOLS.sent(params, body) == names


def test_a_body_may_be_a_list() -> None:
    content = {"application/json": {"schema": {"type": "array", "items": {"properties": {"a": {}}}}}}
    document = {"paths": {"/x": {"post": {"requestBody": {"content": content}}}}}
    found = documented_input(document, "/x", "post")
    assert found.names == {"body [].a"}
    assert found.sent(None, [{"a": 1}, 2]) == {"body [].a"}


@pytest.mark.parametrize("version", available())
def test_the_input_of_every_known_version_is_read(version: str) -> None:
    contract = read_contract(contract_of(version).document)
    names = [name for elements in contract.elements().values() for name in elements]
    assert sum(name.startswith("query ") and "=" not in name for name in names) > 500
    assert {"query cursor", "query include_pagination=true"} <= contract.input_of("GET /tools").names
    assert {"body tool.name", "body tool.integration_type=REST"} <= contract.input_of("POST /tools").names
    assert contract.input_of("POST /rpc tools/call") is contract.input_of("POST /rpc")
    assert not contract.input_of("GET /nowhere").names


def test_the_documented_elements_of_responses() -> None:
    body = {
        "content": {"application/json": {"schema": {"type": "array", "items": {"properties": {"id": {}}}}}}
    }
    page: Any = {"content": {"text/html": {}}}
    responses = {"200": body, "303": page, "422": body, "default": body}
    document = {"paths": {"/x": {"get": {"responses": responses}}}}
    assert documented_output(document, "/x", "get") == {
        *("status 200", "status 303", "status 422"),
        *("returns application/json", "returns text/html", "response [].id"),
    }
