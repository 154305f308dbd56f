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
    """A connection pool of geventhttpclient that does not return a connection that was idle for too long."""

    size = -1
    """geventhttpclient repeats a request ``size + 1`` times, even on a new connection."""

    def __init__(self, pool: ConnectionPool, clock: Clock = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._idle_since: dict[gevent.socket.socket, float] = {}
        self._reused: set[gevent.socket.socket] = set()
        """Connections in use that were used before."""
        self.dropped_reused = False
        """Whether the last connection that was dropped had been used before its last request."""

    def get_socket(self) -> gevent.socket.socket:
        """Return an idle connection, or a new one."""
        while True:
            connection = self._pool.get_socket()
            since = self._idle_since.pop(connection, None)
            if since is None:
                return connection
            if self._clock() - since < MAX_IDLE:
                self._reused.add(connection)
                return connection
            self._pool.release_socket(connection)

    def new_socket(self) -> gevent.socket.socket:
        """Return a new connection; close the idle ones."""
        while True:
            connection = self._pool.get_socket()
            if self._idle_since.pop(connection, None) is None:
                return connection
            self._pool.release_socket(connection)

    def return_socket(self, connection: gevent.socket.socket) -> None:
        """Keep a connection whose response has been read completely."""
        self._reused.discard(connection)
        self._idle_since[connection] = self._clock()
        self._pool.return_socket(connection)

    def release_socket(self, connection: gevent.socket.socket) -> None:
        """Close a connection that cannot be reused."""
        self.dropped_reused = connection in self._reused
        self._reused.discard(connection)
        self._pool.release_socket(connection)

    def close(self) -> None:
        """Close all idle connections; those in use are closed when they are returned."""
        self._pool.close()
        self._idle_since.clear()


class _NewConnections:
    """The same pool, for one request that needs a new connection."""

    size = KeptConnections.size

    def __init__(self, kept: KeptConnections) -> None:
        self.get_socket = kept.new_socket
        self.return_socket = kept.return_socket
        self.release_socket = kept.release_socket


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
        try:
            return super().request(method, request_uri, body, headers)
        except HTTPConnectionClosed:
            # Nothing has run since the connection of this request was dropped: closing it does not wait.
            if not self.kept.dropped_reused or method.upper() not in IDEMPOTENT_METHODS:
                raise
        once = copy(self)
        once._connection_pool = cast("ConnectionPool", _NewConnections(self.kept))  # noqa: SLF001 - a copy of our own
        return HTTPClient.request(once, method, request_uri, body, headers)

    def close(self) -> None:
        """Close the idle connections."""
        self.kept.close()


class ClientPool(HTTPClientPool):
    """The clients of one user, one per host; arguments are those of ``HTTPClient``."""

    def __init__(self, clock: Clock = time.monotonic, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._clock = clock
        self._by_netloc: dict[str, HTTPClient] = {}
        """Host and port as they are in the URL: separating them takes longer than anything else here."""

    def get_client(self, url: Any) -> HTTPClient:
        """Return the client of the URL's host, created on first use."""
        netloc = f"{url.scheme}://{url.netloc}"
        client = self._by_netloc.get(netloc)
        if client is None:
            made = cast("Client", Client.from_url(url, **self.client_args))
            made.kept = KeptConnections(made._connection_pool, self._clock)  # noqa: SLF001 - there is no other way in
            made._connection_pool = cast("ConnectionPool", made.kept)  # noqa: SLF001
            client = self.clients[url.host, url.port] = self._by_netloc[netloc] = made
        return client

    def close(self) -> None:
        """Close the connections of all clients, and forget the clients."""
        super().close()
        self._by_netloc.clear()
