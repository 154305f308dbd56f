"""The only way to a gateway from other machines: passes everything on and counts the calls of each of them."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from loadtest.client.request import CORRELATION_HEADER

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-encoding", "content-length", "keep-alive", "host"}


@dataclass
class Door:
    url: str
    calls: Counter[str] = field(default_factory=Counter)
    """Calls of scenarios by the address that they came from; what surrounds the load is not among them."""


@contextlib.contextmanager
def door(target: str, address: str) -> Iterator[Door]:
    """Serve ``target`` on a free port of ``address``."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            if self.headers.get(CORRELATION_HEADER, "").startswith("lt-"):
                with lock:
                    opened.calls[self.client_address[0]] += 1
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            answer = requests.request(
                self.command,
                target + self.path,
                headers=headers,
                data=body,
                timeout=60,
                allow_redirects=False,
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the caller may have been cut off meanwhile
                self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server((address, 0), Handler)
    opened = Door(f"http://{address}:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
