"""A gateway that repeats whatever it is sent, in every form, gets no secret into any report, log or line."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from supported import NEWEST

from loadtest.core.operations import base
from loadtest.core.redact import SECRET_NAME, spellings
from loadtest.engine.scenario_plan import discover_scenarios

CANARIES = {
    "LOADTEST_TOKEN": "canary/opaque+token=Zx81",
    "LOADTEST_ADMIN_PASSWORD": 'canary pass&word "Zx82"',
    "LOADTEST_JWT_SECRET": "canary-signing-secret-Zx83-long-enough",
}


class Echo(ThreadingHTTPServer):
    """Refuses every operation; its response repeats the request and contains the canaries."""

    daemon_threads = True

    def __init__(self) -> None:
        self.seen: set[str] = set()
        """Secrets of the requests themselves, such as the passwords of accounts that scenarios make."""
        operations = {
            base(call.operation) for scenario in discover_scenarios(soak=False) for call in scenario.calls
        }
        paths: dict[str, dict[str, object]] = {}
        for operation in sorted(operations):
            method, path = operation.split(" ")
            paths.setdefault(path, {})[method.lower()] = {"responses": {"200": {"description": "Done"}}}
        self.contract = {"openapi": "3.1.0", "info": {"title": "Echo", "version": NEWEST}, "paths": paths}
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Echo
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/openapi.json":
            self._answer(200, json.dumps(self.server.contract))
            return
        secrets = _secrets_of(body)
        self.server.seen |= secrets
        echoed = [f"{self.headers}", body, *CANARIES.values(), *secrets]
        status = 422 if self.command == "POST" else 500
        self._answer(
            status, json.dumps({"detail": [_error(one) for one in echoed], "message": _forms(echoed)})
        )

    def _answer(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def _error(text: str) -> dict[str, object]:
    return {"type": "value_error", "loc": ["body", "password"], "msg": f"not {text}", "input": text}


def _forms(texts: list[str]) -> str:
    return " | ".join(
        form
        for text in texts
        for form in (
            text,
            json.dumps(text),
            quote(text, safe=""),
            quote_plus(text),
            base64.b64encode(text.encode()).decode(),
            base64.urlsafe_b64encode(b"a" + text.encode()).decode(),
            base64.b64encode(b"ab" + text.encode()).decode(),
        )
    )


def _secrets_of(body: str) -> set[str]:
    try:
        fields = json.loads(body).items() if body.startswith("{") else parse_qsl(body)
    except ValueError:
        return set()
    return {
        value
        for name, value in fields
        if isinstance(value, str) and SECRET_NAME.search(name) and "password" in name and len(value) >= 8
    }


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_nothing_that_is_written_holds_a_secret(echo: Echo, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "loadtest", "run"),
            *("--gateway", f"http://127.0.0.1:{echo.server_address[1]}"),
            *("-u", "8", "-r", "8", "-t", "4s", "--criteria", "p95 < 1s"),
        ],
        env={"PATH": os.environ["PATH"], "LOADTEST_HOME": str(tmp_path / "home")} | CANARIES,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert echo.seen, "no scenario sent a password"
    written = {
        file.name: file.read_text(errors="replace")
        for file in (tmp_path / "reports").rglob("*")
        if file.is_file()
    }
    assert {"run.json", "report.html", "junit.xml", "locust_failures.csv", "locust.log"} <= set(written)
    assert "***" in written["run.json"]
    written |= {"stdout": done.stdout, "stderr": done.stderr}
    forms = {form for secret in (*CANARIES.values(), *echo.seen) for form in spellings(secret)}
    found = {(name, form) for name, text in written.items() for form in forms if form in text}
    assert not found
