"""A proxy in front of a gateway that answers 500 on one path: a regression, or a lost answer, on demand."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-encoding", "content-length", "keep-alive", "host"}
BODY = b'{"detail": "the wheel came off"}'


@contextlib.contextmanager
def faulty_proxy(target: str, path: str, *, method: str = "", forwarded: bool = False) -> Iterator[str]:
    """Serve ``target`` under another address, yielded here; every request of ``path`` gets a 500.

    With a ``method`` only those. They are forwarded to the gateway only if ``forwarded``.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            faulty = self.path.partition("?")[0] == path and method in ("", self.command)
            if faulty and not forwarded:
                self._answer(500, {"Content-Type": "application/json"}, BODY)
                return
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            answer = requests.request(
                self.command,
                target + self.path,
                headers=headers,
                data=body,
                timeout=30,
                allow_redirects=False,
            )
            if faulty:
                self._answer(500, {"Content-Type": "application/json"}, BODY)
                return
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            self._answer(answer.status_code, kept, answer.content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815 - http.server's names

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
