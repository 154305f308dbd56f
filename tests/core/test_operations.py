import pytest

from loadtest.core.operations import area_name, area_of, base, deletes, renamed, unlabelled


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("DELETE /teams/{team_id}", True),
        ("POST /admin/tools/{tool_id}/delete", True),
        ("POST /teams/", False),
        ("GET /admin/deleted", False),
        ("POST /rpc tools/delete", False),
    ],
)
def test_deletions_are_recognised_by_name(operation: str, expected: bool) -> None:
    assert deletes(operation) is expected


@pytest.mark.parametrize(
    ("operation", "base_name", "area"),
    [
        ("POST /rpc tools/call", "POST /rpc", "rpc"),
        ("GET /v1/tools/{tool_id}", "GET /v1/tools/{tool_id}", "tools"),
        ("POST Create Partner", "POST Create Partner", "Create"),
        ("grpc create_order", "grpc create_order", "create_order"),
        ("login", "login", "login"),
        ("GET http://h:8080/shop/cart?x=/a", "GET http://h:8080/shop/cart?x=/a", "shop"),
        ("/tools", "/tools", "tools"),
    ],
)
def test_names_of_any_kind(operation: str, base_name: str, area: str) -> None:
    assert base(operation) == base_name
    assert area_of(operation) == area


@pytest.mark.parametrize(
    ("tags", "area"),
    [
        (["Admin UI"], "admin-ui"),
        (["Export/Import", "Tools"], "export-import"),
        (["JWT Token Catalog"], "jwt-token-catalog"),
        (["reverse_proxy"], "reverse-proxy"),
        (["---"], "tools"),
        ([], "tools"),
    ],
)
def test_the_first_tag_is_the_area(tags: list[str], area: str) -> None:
    assert area_of("GET /tools/{tool_id}", tags) == area
    assert area_name(area) == area


def test_labels_of_other_locustfiles() -> None:
    assert unlabelled("POST /rpc tools/call [virtual]") == "POST /rpc tools/call"
    assert unlabelled("GET /tools/[id] [a] [b]") == "GET /tools/[id]"
    assert unlabelled("GET /tools/[id]") == "GET /tools/[id]"


@pytest.mark.parametrize(
    ("operation", "other"),
    [
        ("GET /servers", "GET /virtual-servers"),
        ("POST /servers/", "POST /virtual-servers/"),
        ("GET /servers/{server_id}/sse", "GET /virtual-servers/{server_id}/sse"),
        ("POST /servers/{server_id}/mcp tools/list", "POST /virtual-servers/{server_id}/mcp tools/list"),
        ("POST /servers tools/list", "POST /virtual-servers tools/list"),
        ("GET /servers-of-others", "GET /servers-of-others"),
        ("GET /admin/servers", "GET /admin/servers"),
        ("GET /tools", "GET /tools"),
    ],
)
def test_an_operation_has_another_name_where_its_path_begins_so(operation: str, other: str) -> None:
    assert renamed(operation, {"/gateways": "/mcp-servers", "/servers": "/virtual-servers"}) == other
    assert renamed(operation, {}) == operation
