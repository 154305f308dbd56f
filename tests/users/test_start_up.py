"""A Locust process loads no backend server: it would cost each of them CPU time and memory."""

from loaded_modules import loaded_packages

SERVERS = {"a2a", "aiosmtpd", "grpc", "mcp", "starlette", "uvicorn"}


def test_user_modules_import_no_server() -> None:
    assert not loaded_packages("loadtest.locustfile") & SERVERS
