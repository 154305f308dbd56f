"""Persistent connections of one user, which are closed before the server would close them.

A server closes a connection after its keep-alive timeout. A request sent at that moment gets no response, although the
server works correctly (https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1). Idle time is therefore measured per
connection and checked just before a request is sent on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from typing import Any, cast

import gevent.socket
from geventhttpclient.client import IDEMPOTENT_METHODS, HTTPClient, HTTPClientPool
from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketPoolResponse

MAX_IDLE = 1.5
"""Seconds after which an idle connection is not reused: the gateway's server closes idle connections after 5, with
several workers after 2."""

Clock = Callable[[], float]


class KeptConnections:
    """The connections to one host, based on a connection pool of geventhttpclient."""

    def __init__(self, pool: ConnectionPool, clock: Clock = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._idle_since: dict[gevent.socket.socket, float] = {}

    def take(self, *, fresh: bool = False) -> tuple[gevent.socket.socket, bool]:
        """Return a connection and whether it is reused; a ``fresh`` one is not."""
        while True:
            connection = self._pool.get_socket()
            since = self._idle_since.pop(connection, None)
            if since is None:
                return connection, False
            if not fresh and self._clock() - since < MAX_IDLE:
                return connection, True
            self._pool.release_socket(connection)

    def give_back(self, connection: gevent.socket.socket) -> None:
        """Keep a connection whose response has been read completely."""
        self._idle_since[connection] = self._clock()
        self._pool.return_socket(connection)

    def drop(self, connection: gevent.socket.socket) -> None:
        """Close a connection that cannot be reused."""
        self._pool.release_socket(connection)

    def close(self) -> None:
        """Close all idle connections; those in use are closed when they are returned."""
        self._pool.close()
        self._idle_since.clear()


class _Attempt:
    """A ``ConnectionPool`` of one connection, for one attempt to send a request."""

    size = -1
    """geventhttpclient repeats a request ``size + 1`` times, even on a new connection."""

    def __init__(self, kept: KeptConnections, *, fresh: bool = False) -> None:
        self._kept = kept
        self._fresh = fresh
        self.reused = False

    def get_socket(self) -> gevent.socket.socket:
        connection, self.reused = self._kept.take(fresh=self._fresh)
        return connection

    def return_socket(self, connection: gevent.socket.socket) -> None:
        self._kept.give_back(connection)

    def release_socket(self, connection: gevent.socket.socket) -> None:
        self._kept.drop(connection)


class Client(HTTPClient):
    """Sends each request once, and repeats it only where the standard allows it.

    An idempotent request on a reused connection that was closed before any byte of a response
    (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2) is repeated once, on a new connection.
    """

    kept: KeptConnections

    def request(
        self, method: str, request_uri: str, body: Any = b"", headers: Any = None
    ) -> HTTPSocketPoolResponse:
        """Send a request and return its response after reading its headers.

        Raises:
            HTTPConnectionClosed: the connection was closed before any byte of the response.
            OSError: the connection could not be opened, or was interrupted.
        """
        attempt = _Attempt(self.kept)
        try:
            return self._send(attempt, method, request_uri, body, headers)
        except HTTPConnectionClosed:
            if not attempt.reused or method.upper() not in IDEMPOTENT_METHODS:
                raise
        return self._send(_Attempt(self.kept, fresh=True), method, request_uri, body, headers)

    def _send(self, attempt: _Attempt, *request: Any) -> HTTPSocketPoolResponse:
        once = copy(self)
        once._connection_pool = cast("ConnectionPool", attempt)  # noqa: SLF001 - a copy of our own
        return HTTPClient.request(once, *request)

    def close(self) -> None:
        """Close the idle connections."""
        self.kept.close()


class ClientPool(HTTPClientPool):
    """The clients of one user, one per host; arguments are those of ``HTTPClient``."""

    def __init__(self, clock: Clock = time.monotonic, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._clock = clock

    def get_client(self, url: Any) -> HTTPClient:
        """Return the client of the URL's host, created on first use."""
        key = url.host, url.port
        client = self.clients.get(key)
        if client is None:
            made = cast("Client", Client.from_url(url, **self.client_args))
            made.kept = KeptConnections(made._connection_pool, self._clock)  # noqa: SLF001 - there is no other way in
            client = self.clients[key] = made
        return client
