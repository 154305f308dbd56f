"""A Locust process loads no backend server: it would cost each of them CPU time and memory."""

import subprocess
import sys

SERVERS = {"a2a", "aiosmtpd", "grpc", "mcp", "starlette", "uvicorn"}


def test_user_modules_import_no_server() -> None:
    code = f"import sys, loadtest.locustfile; print(sorted({SERVERS} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
