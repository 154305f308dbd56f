"""Count the connections of a process to the database, to Redis, and from clients."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil

PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379, "rediss": 6379}
"""Default ports."""

Address = tuple[str, int]


class ConnectionCounts(NamedTuple):
    """Numbers of connections of a process; None if there is no such server."""

    database: int | None
    cache: int | None
    clients: int


@dataclass(frozen=True)
class Peers:
    """Addresses by which connections are classified; nothing else of a URL is kept."""

    port: int
    """The gateway's port."""
    database: frozenset[Address] | None = None
    cache: frozenset[Address] | None = None

    @classmethod
    def of(cls, port: int, database_url: str | None, redis_url: str | None) -> Peers:
        """Return the peers of a gateway that listens on ``port`` and uses these URLs."""
        return cls(port, _addresses(database_url), _addresses(redis_url))

    def count(self, process: psutil.Process) -> ConnectionCounts:
        """Count the current connections of ``process``, including those that only the other side has closed.

        Raises:
            psutil.Error: it has ended, or may not be inspected.
        """
        database = cache = clients = 0
        for connection in process.net_connections(kind="tcp"):
            if not connection.raddr:
                continue  # a listening socket
            remote = (connection.raddr.ip.removeprefix("::ffff:"), connection.raddr.port)
            if connection.laddr.port == self.port:
                clients += 1
            elif self.database and remote in self.database:
                database += 1
            elif self.cache and remote in self.cache:
                cache += 1
        return ConnectionCounts(
            database=None if self.database is None else database,
            cache=None if self.cache is None else cache,
            clients=clients,
        )


def _addresses(url: str | None) -> frozenset[Address] | None:
    """Return every address of the server of ``url``; None if there is none or it cannot be resolved."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme.split("+")[0])
        if not parts.hostname or port is None:
            return None
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return None
    return frozenset((str(address[0]), port) for *_, address in found)
