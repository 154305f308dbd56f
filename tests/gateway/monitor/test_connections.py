"""Connections of a real process, by their destination."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import psutil
import pytest

from loadtest.gateway.monitor.connections import ConnectionCounts, Peers


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def port_of(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


@contextlib.contextmanager
def connected(server: socket.socket, times: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [
            end
            for _ in range(times)
            for end in (
                stack.enter_context(socket.create_connection(server.getsockname())),
                stack.enter_context(server.accept()[0]),
            )
        ]


def counted(peers: Peers) -> ConnectionCounts:
    return peers.count(psutil.Process())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_database_and_redis(server: socket.socket, host: str) -> None:
    port = port_of(server)
    database = Peers.of(1, f"postgresql+psycopg://user:secret@{host}:{port}/name", None)
    cache = Peers.of(1, None, f"redis://:secret@{host}:{port}/0")
    assert counted(database) == (0, None, 0)
    with connected(server, 3):
        assert counted(database) == (3, None, 0)
        assert counted(cache) == (None, 3, 0)
    assert counted(cache) == (None, 0, 0)
    assert "secret" not in repr(database) + repr(cache)


def test_clients_are_the_connections_to_the_port(server: socket.socket) -> None:
    peers = Peers.of(port_of(server), None, None)
    assert counted(peers).clients == 0, "the listener itself is no connection"
    with connected(server, 2) as ends:
        assert counted(peers).clients == 2
        ends[0].close()
        assert counted(peers).clients == 2, "one that the client closed and the gateway did not is still held"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "sqlite:////tmp/file.db",
        "postgresql:///name",
        "unknown://host/x",
        "redis://h:notaport",
        "redis://[::bad",
    ],
)
def test_a_closed_port(url: str | None) -> None:
    assert Peers.of(1, url, url) == Peers(1)


def test_the_usual_port() -> None:
    assert Peers.of(1, "postgresql://127.0.0.1/x", "rediss://127.0.0.1") == Peers(
        1, frozenset({("127.0.0.1", 5432)}), frozenset({("127.0.0.1", 6379)})
    )
