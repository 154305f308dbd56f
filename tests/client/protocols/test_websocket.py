"""The WebSocket client against a real server: messages, silence, a close in the middle, a refused handshake."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from loadtest.backends.asgi import serving
from loadtest.client.answer import Problem
from loadtest.client.protocols.websocket import WebSocketConnection, connect
from loadtest.results.failures import ProblemKind

BEARER = {"Authorization": "Bearer t"}
TIMEOUT = 10


async def endpoint(socket: WebSocket) -> None:
    if socket.headers.get("authorization") != BEARER["Authorization"]:
        await socket.close()
        return
    await socket.accept()
    async for text in socket.iter_text():
        message = json.loads(text)
        if message["do"] == "echo":
            await socket.send_json(message)
        elif message["do"] == "garbage":
            await socket.send_text("{")
        elif message["do"] == "close":
            await socket.close()
            return


@contextmanager
def server() -> Iterator[str]:
    """Run the endpoint in a thread of its own and yield its address."""
    ready, done = Event(), Event()
    urls: list[str] = []

    async def serve() -> None:
        async with serving(
            Starlette(routes=[WebSocketRoute("/v1/ws", endpoint), WebSocketRoute("/relay", endpoint)])
        ) as url:
            urls.append(url)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(TIMEOUT)
        yield urls[0]
    finally:
        done.set()
        thread.join(TIMEOUT)


@contextmanager
def linked() -> Iterator[WebSocketConnection]:
    with server() as url:
        link = connect(f"{url}/v1/ws", BEARER)
        try:
            yield link
        finally:
            link.close()


def test_a_message_comes_back() -> None:
    with linked() as link:
        link.send({"do": "echo", "text": "grüße"})
        assert link.receive() == {"do": "echo", "text": "grüße"}


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        ("nothing", ProblemKind.STREAM_STALLED),
        ("garbage", ProblemKind.JSON),
        ("close", ProblemKind.CONNECTION),
    ],
)
def test_failures_of_the_link_are_distinguished(do: str, kind: ProblemKind) -> None:
    with linked() as link:
        link.send({"do": do})
        with pytest.raises(Problem) as met:
            link.receive(within=0.3)
    assert met.value.kind is kind


def test_the_close_frame_of_the_server_is_awaited() -> None:
    with linked() as link:
        link.send({"do": "echo"})
        link.send({"do": "close"})
        link.wait_for_close()
        with pytest.raises(Problem, match="closed by the server"):
            link.receive()


def test_a_missing_close_frame_is_reported() -> None:
    with linked() as link, pytest.raises(Problem) as met:
        link.wait_for_close(within=0.2)
    assert met.value.kind is ProblemKind.STREAM_STALLED


def test_a_refused_handshake_reports_its_status() -> None:
    with server() as url, pytest.raises(Problem) as met:
        connect(f"{url}/v1/ws", {"Authorization": "Bearer another"})
    assert (met.value.kind, met.value.status) == (ProblemKind.STATUS, 403)


def test_a_closed_port_is_a_connection_problem() -> None:
    with pytest.raises(Problem) as met:
        connect("http://127.0.0.1:9/", {})
    assert met.value.kind is ProblemKind.CONNECTION


PROGRAM = Path(__file__).with_name("websocket_calls.py")


def test_the_handshake_is_reported_as_a_request_with_what_happened_on_the_link() -> None:
    with server() as url:
        completed = subprocess.run(
            [sys.executable, PROGRAM, url], capture_output=True, text=True, check=True, timeout=60
        )
    assert completed.stdout.splitlines() == [
        "GET /ws 101 None no example True",
        "GET /ws 101 [connection] closed by the server 1 True",
        "GET /relay 101 None no example True",
    ]
