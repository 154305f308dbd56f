"""WebSocket connection whose messages are JSON objects.

Source: https://www.rfc-editor.org/rfc/rfc6455.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
import websocket

from loadtest.client.answer import Problem
from loadtest.results.failures import ProblemKind

HANDSHAKE_TIMEOUT = 10.0
"""Seconds for the handshake."""
CLOSE_TIMEOUT = 1.0
MESSAGE_TIMEOUT = 10.0
"""Default seconds that a user waits for a message."""


class WebSocketConnection:
    """An open WebSocket. A thread reads it all the time, because reading answers the pings of the server."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._socket.settimeout(None)
        self._received: queue.Queue[str | bytes | Exception] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message.

        Raises:
            Problem: the connection is closed.
        """
        try:
            self._socket.send(msgspec.json.encode(message).decode())
        except (websocket.WebSocketException, OSError) as error:
            raise _broken(error) from error

    def receive(self, *, within: float = MESSAGE_TIMEOUT) -> dict[str, Any]:
        """Return the next message, waiting ``within`` seconds.

        Raises:
            Problem: no message in time, the connection was closed, or the message is not a JSON object.
        """
        text = self._read(within, "message")
        if not text:
            raise Problem(ProblemKind.CONNECTION, "closed by the server")
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Problem(ProblemKind.JSON, f"message: {error}") from error

    def wait_for_close(self, *, within: float = MESSAGE_TIMEOUT) -> None:
        """Wait ``within`` seconds for the server to close the connection, then close it on this side as well.

        Raises:
            Problem: it did not close in time.
        """
        deadline = time.monotonic() + within
        while self._read(max(deadline - time.monotonic(), 0.001), "close frame"):
            pass
        self.close()

    def _listen(self) -> None:
        try:
            while text := self._socket.recv():
                self._received.put(text)
            self._received.put("")
        except websocket.WebSocketConnectionClosedException:
            self._received.put("")
        except (websocket.WebSocketException, OSError) as error:
            self._received.put(error)

    def _read(self, within: float, what: str) -> str | bytes:
        """Return the next message; empty once the server has closed the connection."""
        try:
            read = self._received.get(timeout=within)
        except queue.Empty as error:
            raise Problem(ProblemKind.STREAM_STALLED, f"no {what} in time", waited=within) from error
        if not read or isinstance(read, Exception):
            self._received.put(read)  # keep the end for later reads
        if isinstance(read, Exception):
            raise _broken(read) from read
        return read

    def close(self) -> None:
        """Close the connection; the server has a second to reply."""
        self._socket.close(timeout=CLOSE_TIMEOUT)
        # After a close frame from the server, the library does not close the socket.
        self._socket.shutdown()


def connect(url: str, headers: Mapping[str, str], tls: ssl.SSLContext | None = None) -> WebSocketConnection:
    """Open the WebSocket at ``url`` (``http://…`` is read as ``ws://…``), within 10 seconds.

    ``headers`` are sent to this address only: redirects are not followed and proxies not used.

    Raises:
        Problem: the connection failed, the handshake timed out or was refused.
    """
    try:
        return WebSocketConnection(
            websocket.create_connection(
                url.replace("http", "ws", 1),
                header=dict(headers),
                timeout=HANDSHAKE_TIMEOUT,
                redirect_limit=0,
                socket=_connected(url, tls),
            )
        )
    except websocket.WebSocketBadStatusException as error:
        raise Problem(ProblemKind.STATUS, "the handshake was refused", status=error.status_code) from error
    except (websocket.WebSocketTimeoutException, TimeoutError) as error:
        raise Problem(ProblemKind.TIMEOUT, "no answer to the handshake", waited=HANDSHAKE_TIMEOUT) from error
    except (websocket.WebSocketException, OSError) as error:
        raise _broken(error) from error


def _connected(url: str, tls: ssl.SSLContext | None) -> socket.socket:
    """Return a direct connection to the server; the library would use a proxy set in the environment."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    link = socket.create_connection((host, parts.port or (443 if secure else 80)), timeout=HANDSHAKE_TIMEOUT)
    if not secure:
        return link
    try:
        return (tls or ssl.create_default_context()).wrap_socket(link, server_hostname=host)
    except BaseException:
        link.close()
        raise


def _broken(error: Exception) -> Problem:
    return Problem(ProblemKind.CONNECTION, f"{type(error).__name__}: {error}")
