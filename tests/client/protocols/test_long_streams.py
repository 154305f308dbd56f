"""Long streams: events arrive, a reply is found, a stall or an early end is a problem, keepalives count as activity."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import pytest
from geventhttpclient import HTTPClient

from loadtest.client.answer import Problem
from loadtest.client.protocols.streams import EventStream, LineReader, LongLivedStream
from loadtest.results.failures import ProblemKind


class Streams(BaseHTTPRequestHandler):
    """Each path is a stream; all but one stay open until the client or the test ends."""

    protocol_version = "HTTP/1.1"
    over: threading.Event

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.write(b"event: endpoint\ndata: here\n\n")
        with contextlib.suppress(ConnectionError):
            if self.path == "/cut":
                self.write(b"data: last\n\n")
                self.wfile.write(b"0\r\n\r\n")
            elif self.path == "/replies":
                for number in range(3):
                    self.over.wait(0.05)
                    self.write(f"event: message\ndata: reply-{number}\n\n".encode())
            while self.path == "/kept" and not self.over.wait(0.1):
                self.write(b": keepalive\n\n")
        if self.path != "/cut":
            self.over.wait(30)
        self.close_connection = True

    def write(self, text: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    Streams.over = threading.Event()
    served = ThreadingHTTPServer(("127.0.0.1", 0), Streams)
    served.daemon_threads = True
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield "127.0.0.1", served.server_address[1]
    finally:
        Streams.over.set()
        served.shutdown()
        served.server_close()
        thread.join()


@contextlib.contextmanager
def stream(server: tuple[str, int], path: str) -> Iterator[EventStream]:
    client = HTTPClient(*server, network_timeout=20)
    try:
        events = EventStream(cast("LineReader", client.get(path)))
        assert events.next().data == "here"
        yield events
    finally:
        client.close()


def test_a_reply_is_found_among_what_comes(server: tuple[str, int]) -> None:
    with stream(server, "/replies") as events, LongLivedStream(events) as held:
        assert held.next(where=lambda event: event.data == "reply-1").name == "message"
        assert held.next().data == "reply-2"
        with pytest.raises(Problem) as problem:
            held.next(within=0.1)
    assert problem.value.kind is ProblemKind.STREAM_STALLED
    assert events.outcome("GET /sse").events == 4


def test_a_stream_that_is_cut_is_a_problem(server: tuple[str, int]) -> None:
    with stream(server, "/cut") as events, LongLivedStream(events) as held, pytest.raises(Problem) as problem:
        held.listen(10, silence=None)
    assert problem.value.kind is ProblemKind.STREAM_TRUNCATED
    assert events.ended


def test_a_stream_without_events_is_a_problem(server: tuple[str, int]) -> None:
    with stream(server, "/silent") as events, LongLivedStream(events) as held:
        held.listen(0.1, silence=10)
        held.listen(0.1, silence=None)
        with pytest.raises(Problem) as problem:
            held.listen(0.3, silence=0.2)
    assert problem.value.kind is ProblemKind.STREAM_STALLED


def test_keepalives_are_signs_of_life_and_their_gaps_are_measured(server: tuple[str, int]) -> None:
    with stream(server, "/kept") as events, LongLivedStream(events) as held:
        held.listen(1.0, silence=0.9)
        assert events.silent < 0.9
    outcome = events.outcome("GET /admin/events")
    assert outcome.events == 1
    # A busy machine makes gaps longer, never shorter.
    assert 2 <= len(outcome.gaps) <= 11
    assert all(gap >= 80 for gap in outcome.gaps)


def test_a_closed_stream_is_not_read(server: tuple[str, int]) -> None:
    with stream(server, "/kept") as events:
        with LongLivedStream(events) as held:
            held.listen(0.2, silence=None)
        gaps = len(events.gaps)
        held.listen(0.3, silence=None)
        assert len(events.gaps) == gaps
