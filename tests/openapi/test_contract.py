"""The contract of an OpenAPI document."""

from typing import Any

import pytest

from loadtest.core.errors import InconclusiveError
from loadtest.core.operations import canonical
from loadtest.openapi.contract import read_contract
from loadtest.versions.data import Drift, VersionData


def document(*paths: str, schema: Any = None, status: str = "200") -> dict[str, Any]:
    content = {"application/json": {"schema": schema if schema is not None else {}}}
    answer = {"responses": {status: {"content": content}, "422": {}}}
    return {
        "paths": {path: {"get": answer} for path in paths},
        "components": {"schemas": {"Name": {"type": "string"}}},
    }


def test_operations_are_named_without_the_prefix_and_served_with_it() -> None:
    contract = read_contract(document("/v1/tools", "/v1/tools/{tool_id}", "/health"))
    assert set(contract.operations) == {"GET /tools", "GET /tools/{tool_id}", "GET /health"}
    assert contract.path("GET /tools") == "/v1/tools"
    assert contract.path("GET /health") == "/health"
    assert contract.path("GET /nothing") is None
    assert contract.prefix == "/v1"


def test_most_operations_decide_the_prefix() -> None:
    assert read_contract(document("/a", "/b", "/v1/chat/completions")).prefix == ""


def test_of_two_that_are_one_operation_the_prefixed_is_called() -> None:
    for paths in (("/v1/x", "/x"), ("/x", "/v1/x")):
        assert read_contract(document(*paths)).path("GET /x") == "/v1/x"


def test_only_documented_success_is_promised() -> None:
    promises = read_contract(document("/a", status="201")).operations["GET /a"].success
    assert set(promises) == {201}
    assert promises[201].media_types == ("application/json",)


@pytest.mark.parametrize(
    ("schema", "body", "expected"),
    [
        ({"type": "object", "required": ["id"]}, {"id": 1}, ()),
        ({"type": "object", "required": ["id"]}, {}, ("body: id is missing",)),
        ({"required": ["id", "name"]}, {}, ("body: id is missing", "body: name is missing")),
        ({"items": {"required": ["id"]}}, [{}, {}], ("[]: id is missing",)),
        ({"properties": {"n": {"type": "integer"}}}, {"n": "secret"}, ('n: "integer" expected',)),
        ({"items": {"$ref": "#/components/schemas/Name"}}, ["a", 7], ('[]: "string" expected',)),
        ({"enum": ["a"]}, "b", ("body: enum",)),
    ],
)
def test_violations(schema: Any, body: Any, expected: tuple[str, ...]) -> None:
    contract = read_contract(document("/odd~path/{x}", schema=schema))
    pointer = contract.operations["GET /odd~path/{x}"].success[200].schema
    assert pointer is not None
    assert contract.violations(pointer, body) == expected
    assert contract.violations(pointer, body) == expected


def test_drift_is_excused_by_operation_and_by_what_differs() -> None:
    entries = (
        Drift(operation="POST /admin/*", status=303, reason="forms"),
        Drift(operation="GET /admin/{x}", media_type="text/html", reason="pages"),
        Drift(operation="GET /s", violations=("body: id is missing", "body: enum"), reason="schema"),
    )
    data = VersionData(version="1", python=">=3.11", drift=entries)
    contract = read_contract(document("/s"), data)
    assert contract.drifted("POST /admin/tools", status=303) is entries[0]
    assert contract.drifted("POST /admin/tools", status=302) is None
    assert contract.drifted("GET /admin/tools", status=303) is None
    assert contract.drifted("GET /admin/{x}", media_type="text/html") is entries[1]
    assert contract.drifted("GET /s", violation="body: enum") is entries[2]
    assert contract.drifted("GET /s", violation="body: name is missing") is None
    assert contract.drifted("GET /other", violation="body: enum") is None


@pytest.mark.parametrize("broken", [{}, {"paths": {}}, {"paths": []}])
def test_what_has_no_paths_is_no_gateway(broken: dict[str, Any]) -> None:
    with pytest.raises(InconclusiveError, match="not a ContextForge gateway"):
        read_contract(broken)


def test_canonical_keeps_a_path_with_a_similar_prefix() -> None:
    assert canonical("get", "/v1x/tools") == "GET /v1x/tools"
    assert canonical("post", "/v12/tools") == "POST /tools"
