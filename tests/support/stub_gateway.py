"""A gateway with two operations, started like the real one. It is up at once and fails as ``stub.json`` directs.

It needs the standard library only, so that it starts in a few milliseconds. ``stub.json`` is in the installation and
is read again for each request, so that a test can change it while the load runs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).resolve().parent
BEHAVIOUR = DIRECTORY.parent / "stub.json"
VERSION = (DIRECTORY / "version.txt").read_text(encoding="utf-8")

HELD = BEHAVIOUR.with_name("held")
"""Exists once a request is held."""

ENTITY = {
    "id": "stub",
    "name": "stub-echo",
    "originalName": "echo",
    "gatewayId": "stub",
    "uri": "stub://echo",
}


def _operation(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "responses": {"200": {"description": "Done", "content": {"application/json": {"schema": schema}}}}
    }


def _status(value: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"status": {"const": value}}, "required": ["status"]}


CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Stub", "version": VERSION},
    "paths": {
        "/health": {"get": _operation(_status("healthy"))},
        "/ready": {"get": _operation(_status("ready"))},
        "/version": {"get": _operation({"type": "object"})},
    },
}
ANSWERS: dict[str, Any] = {
    "/openapi.json": CONTRACT,
    "/health": {"status": "healthy"},
    "/ready": {"status": "ready"},
    "/auth/login": {"access_token": "stub"},
    "/version": {"app": {"version": VERSION}, "env": {}},
    "/tools": [ENTITY],
    "/resources": [ENTITY],
    "/prompts": [ENTITY],
}
PART = b"<div>Stub</div>"
PAGE = b"<!doctype html><html><body>%b</body></html>" % PART


def behaviour() -> dict[str, Any]:
    """Return what the test requested."""
    try:
        return dict(json.loads(BEHAVIOUR.read_text()))
    except (OSError, ValueError):
        return {}


def signed_with(secret: str, authorization: str) -> bool:
    """Return whether a bearer token (a JWT, HS256) is signed with ``secret``."""
    message, _, signature = authorization.removeprefix("Bearer ").rpartition(".")
    expected = base64.urlsafe_b64encode(hmac.digest(secret.encode(), message.encode(), hashlib.sha256))
    return hmac.compare_digest(expected.rstrip(b"=").decode(), signature)


def refused(asked: dict[str, Any], authorization: str | None) -> bool:
    """Return whether a request with this ``Authorization`` header is answered with 401."""
    if authorization is None:
        return False
    return bool(asked.get("refuses")) or (
        "secret" in asked and not signed_with(asked["secret"], authorization)
    )


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        asked = behaviour()
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        path = self.path.partition("?")[0]
        if asked.get("hangs"):
            time.sleep(3600)
        if asked.get("holds") == path:
            HELD.touch()
            while behaviour().get("holds"):
                time.sleep(0.02)
            # A client repeats a request if the connection closes before the first byte of the response.
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.close_connection = True
            return
        time.sleep(asked.get("slow", 0.0))
        is_refused = refused(asked, self.headers.get("Authorization"))
        status = 401 if is_refused else asked.get("status", {}).get(path, 200)
        body = {"detail": asked.get("detail", "refused")} if status != 200 else ANSWERS.get(path, ENTITY)
        content, media_type = json.dumps(body).encode(), "application/json"
        if status == 200 and "fmt=html" in self.path:
            content, media_type = PART if "partial=true" in self.path else PAGE, "text/html"
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class Server(ThreadingHTTPServer):
    """Serves each connection in a thread."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing when a client disconnects."""


def main() -> None:
    """Serve, or end, or hang."""
    asked = behaviour()
    if asked.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("stub gateway is starting", flush=True)
    if "ends" in asked:
        sys.exit(asked["ends"])
    if asked.get("never serves"):
        time.sleep(3600)
    address = (sys.argv[sys.argv.index("--host") + 1], int(sys.argv[sys.argv.index("--port") + 1]))
    Server(address, Handler).serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    # Like a gateway with a worker process, which must not outlive it.
    if os.fork() == 0:
        time.sleep(3600)
    main()
