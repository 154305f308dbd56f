"""Functions of a checkout that answer operations."""

from pathlib import Path
from typing import Any

from loadtest.gateway.route_handlers import route_handlers

MAIN = """\
@app.get("/health")
@public
async def health():
    return {}


@tool_router.get(
    "/{tool_id}",
)
def get_tool(tool_id: str):
    ...


def make():
    @app.post("/rpc")
    async def rpc(): ...


def helper(): ...
"""
ADMIN = """\
@router.get("/tools/{tool_id}/html")
def get_tool(tool_id: str): ...


@router.get("/a")
def twice(): ...


@router.get("/a")
def twice(): ...
"""


def document(**operations: str) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for key, made in operations.items():
        method, _, path = key.partition(" ")
        paths.setdefault(path, {})[method] = {"operationId": made}
    return {"paths": paths}


def checkout(directory: Path) -> Path:
    package = directory / "gateway" / "mcpgateway"
    package.mkdir(parents=True)
    (package / "main.py").write_text(MAIN)
    (package / "admin.py").write_text(ADMIN)
    return directory / "gateway"


def test_each_operation_is_found_by_its_function(tmp_path: Path) -> None:
    served = document(
        **{
            "get /health": "health_health_get",
            "get /v1/tools/{tool_id}": "get_tool_v1_tools__tool_id__get",
            "get /v1/admin/tools/{tool_id}/html": "get_tool_v1_admin_tools__tool_id__html_get",
            "post /rpc": "rpc_rpc_post",
            "get /a": "twice_a_get",
            "get /b": "gone_b_get",
            "get /c": "an_id_of_its_own",
        }
    )
    assert route_handlers(checkout(tmp_path), served, tmp_path) == {
        "GET /admin/tools/{tool_id}/html": "gateway/mcpgateway/admin.py:2",
        "GET /health": "gateway/mcpgateway/main.py:3",
        "GET /tools/{tool_id}": "gateway/mcpgateway/main.py:10",
        "POST /rpc": "gateway/mcpgateway/main.py:16",
    }


def test_files_are_relative_to_a_checkout_elsewhere(tmp_path: Path) -> None:
    served = document(**{"get /health": "health_health_get"})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert route_handlers(checkout(tmp_path), served, elsewhere) == {"GET /health": "mcpgateway/main.py:3"}


def test_a_directory_without_the_package_has_none(tmp_path: Path) -> None:
    assert route_handlers(tmp_path, document(**{"get /health": "health_health_get"}), tmp_path) == {}
