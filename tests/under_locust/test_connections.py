"""Kept connections: none is used again when the server may be about to close it, whatever was waited for before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from gevent.server import StreamServer
from gevent.socket import socket
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.url import URL
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from loadtest.client.auth import Credentials
from loadtest.client.caller import Caller, StepFailed
from loadtest.client.connection.connections import MAX_IDLE, Client, ClientPool
from loadtest.client.connection.throttle import Limiter
from loadtest.client.mismatch import expected
from loadtest.client.session import Session
from loadtest.openapi.contract import read_contract

KEEP_ALIVE = 2.0
"""Seconds after which the server closes an idle connection; only checked at the next request."""


@dataclass
class Server:
    """An HTTP server on the test's clock."""

    now: float = 0.0
    url: str = ""
    drops: int = 0
    """So many further requests are read and then not answered."""
    connections: int = 0
    served: list[tuple[str, int]] = field(default_factory=list)
    """Method and connection of each request that was answered."""
    received: list[str] = field(default_factory=list)
    location: str = ""
    opened: list[ClientPool] = field(default_factory=list)

    def clients(self, **arguments: Any) -> ClientPool:
        """Return clients on the clock of the test, closed at its end."""
        self.opened.append(ClientPool(self.clock, **arguments))
        return self.opened[-1]

    def clock(self) -> float:
        return self.now

    def serve(self, connection: socket, _: Any) -> None:
        self.connections += 1
        number, answered = self.connections, self.now
        file = connection.makefile("rb")
        while line := file.readline():
            method = line.split()[0].decode()
            length = 0
            while (header := file.readline().strip()) != b"":
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            file.read(length)
            self.received.append(method)
            if self.drops or self.now - answered >= KEEP_ALIVE:
                self.drops = max(self.drops - 1, 0)
                break
            moved = f"Location: {self.location}\r\n" if self.location else ""
            status = "303 See Other" if self.location else "200 OK"
            head = f"HTTP/1.1 {status}\r\n{moved}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
            self.served.append((method, number))
            connection.sendall(head.encode() + b"{}")
            answered = self.now
        file.close()
        connection.close()


@pytest.fixture
def server() -> Iterator[Server]:
    ours = Server()
    listening = StreamServer(("127.0.0.1", 0), ours.serve)
    listening.start()
    ours.url = f"http://127.0.0.1:{listening.server_port}"
    yield ours
    for clients in ours.opened:
        clients.close()
    listening.stop(timeout=0)


def request(clients: ClientPool, server: Server, method: str) -> int:
    return int(clients.get_client(URL(server.url)).request(method, "/").get_code())


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("pause", "connections"), [(0.0, 1), (MAX_IDLE - 0.01, 1), (MAX_IDLE, 2), (KEEP_ALIVE, 2), (60.0, 2)]
)
def test_a_connection_is_reused_up_to_a_maximum_age(
    server: Server, method: str, pause: float, connections: int
) -> None:
    clients = server.clients()
    request(clients, server, method)
    server.now += pause
    request(clients, server, method)
    assert server.served == [(method, 1), (method, connections)]
    assert server.received == [method, method]


def test_each_connection_has_its_own_age(server: Server) -> None:
    """A connection just used by another greenlet does not prove that an idle one is open."""
    clients = server.clients(concurrency=2)
    client = clients.get_client(URL(server.url))
    assert isinstance(client, Client)
    open_streams = [client.kept.get_socket() for _ in range(2)]
    client.kept.return_socket(open_streams[0])
    server.now += KEEP_ALIVE
    client.kept.return_socket(open_streams[1])
    taken = [client.kept.get_socket() for _ in range(2)]
    assert taken[0] is open_streams[1]
    assert taken[1] not in open_streams
    assert open_streams[0].fileno() == -1
    for connection, reused in zip(taken, (True, False), strict=True):
        client.kept.release_socket(connection)
        assert client.kept.dropped_reused is reused


@pytest.mark.parametrize(
    ("method", "resent"), [("GET", True), ("PUT", True), ("DELETE", True), ("POST", False), ("PATCH", False)]
)
def test_only_what_may_be_repeated_is_sent_again_after_a_reused_connection_closed(
    server: Server, method: str, resent: bool
) -> None:
    clients = server.clients()
    request(clients, server, "GET")
    server.drops = 1
    if resent:
        assert request(clients, server, method) == 200
        assert server.served[-1] == (method, 2)
    else:
        with pytest.raises(HTTPConnectionClosed):
            request(clients, server, method)
        assert server.received == ["GET", method]


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_a_new_connection_that_closes_is_the_servers_fault(server: Server, method: str) -> None:
    server.drops = 1
    with pytest.raises(HTTPConnectionClosed):
        request(server.clients(), server, method)
    assert server.received == [method]


def test_a_request_is_sent_again_once(server: Server) -> None:
    clients = server.clients()
    request(clients, server, "GET")
    server.drops = 2
    with pytest.raises(HTTPConnectionClosed):
        request(clients, server, "GET")
    assert server.received == ["GET"] * 3


class SlowTurns(Limiter):
    """Writers wait for the lock, on the clock of the test."""

    def __init__(self, server: Server, wait: float) -> None:
        super().__init__(None)
        self._server, self._wait = server, wait

    @contextmanager
    def slot(self, operation: str) -> Iterator[None]:
        if operation.startswith("POST"):
            self._server.now += self._wait
        yield


def caller(server: Server, wait: float = 0.0, http: FastHttpSession | None = None) -> Caller:
    document: dict[str, Any] = {
        "paths": {"/things": {method: {"responses": {"200": {}, "303": {}}} for method in ("get", "post")}}
    }
    session = Session(
        server.url,
        "token",
        Credentials(email="a@example.com"),
        read_contract(document),
        None,
        None,
        limiter=SlowTurns(server, wait),
    )
    http = http or FastHttpSession(server.url, EventHook(), None)
    made = Caller(http, session, lambda _: None)
    made.http.client.clientpool = server.clients(**made.http.client.clientpool.client_args)
    return made


@pytest.mark.parametrize("wait", [0.0, 1.0, 5.9])
def test_the_age_is_checked_after_the_wait_for_the_lock(server: Server, wait: float) -> None:
    calling = caller(server, wait)
    calling.call("GET /things")
    server.now += 1.0
    calling.call("POST /things")
    assert [method for method, _ in server.served] == ["GET", "POST"]
    assert server.connections == (1 if wait == 0.0 else 2)


def test_a_new_caller_respects_the_age_of_an_existing_connection(server: Server) -> None:
    """A scenario of another class goes over the connection of the user who does it."""
    host = caller(server)
    host.call("GET /things")
    server_side = caller(server)
    server_side.http = host.http
    server.now += KEEP_ALIVE
    server_side.call("POST /things")
    assert server.served == [("GET", 1), ("POST", 2)]


def test_a_failed_call_leaves_no_connection_behind(server: Server) -> None:
    calling = caller(server)
    with pytest.raises(StepFailed):
        calling.call("GET /things", check=lambda _: expected("another answer"))
    calling.call("POST /things")
    assert server.served == [("GET", 1), ("POST", 2)]


def test_a_redirect_is_an_answer_also_while_another_greenlet_calls(server: Server) -> None:
    """Locust's own switch, which two overlapping requests undo for each other, is not used."""
    server.location = "/elsewhere"
    calling = caller(server)
    assert calling.call("GET /things").status == 303
    vars(calling.http.client)["redirect_response_codes"] = frozenset(
        {303}
    )  # as another greenlet would leave it
    assert calling.call("POST /things").status == 303
    assert [method for method, _ in server.served] == ["GET", "POST"]
