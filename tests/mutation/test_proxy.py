"""The proxy passes everything through, and changes the responses of one operation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import pytest
import requests
from aiohttp import web

from loadtest.client.request import CORRELATION_HEADER
from loadtest.mutation.faults import Fault, FaultKind
from loadtest.mutation.proxy import FaultProxy, running_proxy
from loadtest.mutation.routing import Router

OPERATIONS = (
    "GET /items",
    "GET /items/{id}",
    "DELETE /items/{id}",
    "GET /stream",
    "GET /secret",
    "GET /form",
    "GET /untyped",
)
TOKENS = {"admin": "e30.eyJzdWIiOiJhZG1pbiJ9.x", "other": "e30.eyJzdWIiOiJvdGhlciJ9.x"}
CORRELATED = {CORRELATION_HEADER: "lt-1", "Authorization": f"Bearer {TOKENS['admin']}"}


class Upstream:
    """A gateway with two items; it remembers what it deleted and which requests arrived."""

    def __init__(self) -> None:
        self.items = {"1": "one", "2": "two"}
        self.address = ""

    async def list(self, request: web.Request) -> web.Response:
        names = list(self.items.values())
        return web.json_response([{"name": name} for name in names[: int(request.query.get("limit", 9))]])

    async def read(self, request: web.Request) -> web.Response:
        key = request.match_info["id"]
        if key not in self.items:
            return web.json_response({"detail": "not found"}, status=404)
        return web.json_response({"id": key, "name": self.items[key]})

    async def delete(self, request: web.Request) -> web.Response:
        del self.items[request.match_info["id"]]
        return web.Response(status=204)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'event: message\ndata: {"result":{"tools":[{"a":1}]}}\n\n')
        if request.query.get("wait"):
            await asyncio.sleep(3600)
        return response

    async def secret(self, request: web.Request) -> web.Response:
        allowed = request.headers.get("Authorization") == f"Bearer {TOKENS['admin']}"
        return web.json_response({"secret": 1}, status=200 if allowed else 401)

    async def form(self, request: web.Request) -> web.Response:
        response = web.json_response({"origin": request.headers.get("Origin"), "host": request.host})
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    async def untyped(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=request.query.get("body", "").encode())

    async def echo(self, request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            return web.Response(status=403)
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        async for message in websocket:
            await websocket.send_str(message.data.upper())
            if message.data == "end":
                await websocket.close(code=4001)
        return websocket


async def untyped(request: web.Request, response: web.StreamResponse) -> None:
    """Remove the content type that aiohttp adds."""
    if request.path == "/untyped":
        response.headers.popall("Content-Type", None)


@contextlib.contextmanager
def in_thread(serve: Callable[[asyncio.Event], Awaitable[None]]) -> Iterator[None]:
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(stop)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    served, ready = Upstream(), threading.Event()

    async def serve(stop: asyncio.Event) -> None:
        app = web.Application()
        app.on_response_prepare.append(untyped)
        app.add_routes(
            [
                web.get("/items", served.list),
                web.get("/items/{id}", served.read),
                web.delete("/items/{id}", served.delete),
                web.get("/stream", served.stream),
                web.get("/secret", served.secret),
                web.get("/form", served.form),
                web.get("/untyped", served.untyped),
                web.get("/ws", served.echo),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        served.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    with in_thread(serve):
        assert ready.wait(10)
        yield served


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[FaultProxy]:
    made = FaultProxy(
        target=upstream.address, admin="admin", bearer=TOKENS["admin"], router=Router(OPERATIONS)
    )
    with running_proxy(made):
        yield made


@pytest.fixture
def get(proxy: FaultProxy) -> Iterator[Callable[..., requests.Response]]:
    with requests.Session() as http:

        def call(path: str, method: str = "GET", **headers: str) -> requests.Response:
            return http.request(method, proxy.address + path, headers=CORRELATED | headers, timeout=10)

        yield call


Get = Callable[..., requests.Response]


def inject(proxy: FaultProxy, kind: FaultKind, operation: str, **details: str) -> Fault:
    path = tuple(details.get("path", "").split(".")) if "path" in details else ()
    fault = Fault(kind=kind, operation=operation, path=path, parameter=details.get("parameter", ""))
    proxy.inject([fault])
    return fault


def test_without_a_fault_everything_passes_through(get: Get, proxy: FaultProxy, upstream: Upstream) -> None:
    assert get("/items?limit=1").json() == [{"name": "one"}]
    assert get("/items/9").status_code == 404
    assert get("/items/1", "DELETE").status_code == 204
    assert upstream.items == {"2": "two"}
    assert proxy.exchanges == {}


def test_headers_are_kept_and_the_origin_is_the_gateway(
    get: Get, proxy: FaultProxy, upstream: Upstream
) -> None:
    response = get("/form", Origin=proxy.address)
    assert response.json() == {"origin": upstream.address, "host": proxy.address.removeprefix("http://")}
    assert response.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


def test_the_page_of_a_request_is_on_the_host_that_it_names(
    upstream: Upstream, proxy: FaultProxy, get: Get
) -> None:
    response = get("/form", Referer=f"{proxy.address}/admin")
    assert response.json()["host"] == upstream.address.removeprefix("http://")


@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize("faulty", [False, True], ids=["passed", "changed"])
@pytest.mark.parametrize(
    "path", ["/items", "/items/1", "/items/9", "/form", "/secret", "/untyped", "/untyped?body=text"]
)
def test_a_response_has_the_headers_of_the_gateway(
    get: Get, proxy: FaultProxy, upstream: Upstream, path: str, faulty: bool, recording: bool
) -> None:
    """A fault that finds nothing to change in a response leaves it as it is."""
    proxy.recording = recording
    if faulty:
        proxy.inject(
            [Fault(kind=FaultKind.KEY_DROPPED, operation=one, path=("absent",)) for one in OPERATIONS]
        )
    direct = requests.get(upstream.address + path, headers=CORRELATED, timeout=10)
    through = get(path)
    passing = {"Date", "Connection"}
    assert {name: value for name, value in through.headers.items() if name not in passing} == {
        name: value for name, value in direct.headers.items() if name not in passing
    }
    assert (through.status_code, len(through.content)) == (direct.status_code, len(direct.content))


def test_exchanges_are_recorded_by_operation(get: Get, proxy: FaultProxy) -> None:
    proxy.recording = True
    get("/items/2")
    get("/unknown")
    recorded = proxy.exchanges["GET /items/{id}"]
    assert [(one.request.path, json.loads(one.reply.body)["name"]) for one in recorded] == [
        ("/items/2", "two")
    ]
    assert set(proxy.exchanges) == {"GET /items/{id}"}


def test_a_request_without_a_correlation_id_is_left_alone(proxy: FaultProxy) -> None:
    inject(proxy, FaultKind.STATUS_500, "GET /items")
    assert requests.get(f"{proxy.address}/items", timeout=10).status_code == 200
    assert proxy.applied == {}


def test_a_hard_fault(get: Get, proxy: FaultProxy) -> None:
    fault = inject(proxy, FaultKind.STATUS_500, "GET /items")
    assert get("/items").status_code == 500
    assert get("/items/1").status_code == 200
    assert proxy.applied[fault].count == 1


def test_a_dropped_connection(get: Get, proxy: FaultProxy) -> None:
    inject(proxy, FaultKind.DROPPED_CONNECTION, "GET /items")
    with pytest.raises(requests.ConnectionError):
        get("/items")


def test_a_refusal_is_left_alone(get: Get, proxy: FaultProxy) -> None:
    inject(proxy, FaultKind.STATUS_500, "GET /items/{id}")
    assert get("/items/9").status_code == 404
    assert proxy.applied == {}


def test_a_lost_deletion_is_answered_like_an_earlier_one(
    get: Get, proxy: FaultProxy, upstream: Upstream
) -> None:
    proxy.recording = True
    get("/items/1", "DELETE")
    fault = inject(proxy, FaultKind.DELETION, "DELETE /items/{id}")
    assert get("/items/2", "DELETE").status_code == 204
    assert upstream.items == {"2": "two"}
    assert proxy.applied[fault].example == "DELETE /items/2: not forwarded, answered 204"


def test_a_parameter_is_ignored(get: Get, proxy: FaultProxy) -> None:
    fault = inject(proxy, FaultKind.PAGINATION, "GET /items")
    assert len(get("/items?limit=1").json()) == 2
    assert len(get("/items").json()) == 2
    assert proxy.applied[fault].count == 1


@pytest.mark.parametrize("query", ["limit=2", "limit=2&other=a"])
def test_ignoring_a_parameter_that_changes_nothing_is_no_fault(
    get: Get, proxy: FaultProxy, query: str
) -> None:
    fault = inject(proxy, FaultKind.PAGINATION, "GET /items")
    assert len(get(f"/items?{query}").json()) == 2
    assert fault not in proxy.applied


def test_a_stream_keeps_its_parameters(proxy: FaultProxy) -> None:
    fault = inject(proxy, FaultKind.FILTER, "GET /stream", parameter="only")
    url = f"{proxy.address}/stream?wait=1&only=a"
    with requests.get(url, headers=CORRELATED, stream=True, timeout=10) as response:
        assert next(response.iter_lines()) == b"event: message"
    assert fault not in proxy.applied


def test_another_item(get: Get, proxy: FaultProxy) -> None:
    proxy.recording = True
    get("/items/1")
    inject(proxy, FaultKind.WRONG_ITEM, "GET /items/{id}")
    assert get("/items/2").json() == {"id": "1", "name": "one"}
    assert get("/items/1").json() == {"id": "1", "name": "one"}


@pytest.mark.parametrize("sender", ["", "other"])
def test_an_unauthorized_caller_is_let_in(get: Get, proxy: FaultProxy, sender: str) -> None:
    headers = {"Authorization": f"Bearer {TOKENS.get(sender, sender)}"}
    kind = FaultKind.PERMISSION if sender else FaultKind.AUTHENTICATION
    assert get("/secret", **headers).status_code == 401
    fault = inject(proxy, kind, "GET /secret")
    assert get("/secret", **headers).status_code == 200
    assert get("/secret").status_code == 200
    assert proxy.applied[fault].count == 1


@pytest.mark.parametrize("sender", ["", "other"])
@pytest.mark.parametrize("path", ["/items", "/items/9"])
def test_letting_in_a_caller_who_is_not_refused_is_no_fault(
    get: Get, proxy: FaultProxy, sender: str, path: str
) -> None:
    """Neither is it one if the administrator gets the same error."""
    headers = {"Authorization": f"Bearer {TOKENS.get(sender, sender)}"}
    operation = "GET /items" if path == "/items" else "GET /items/{id}"
    before = get(path, **headers)
    kind = FaultKind.PERMISSION if sender else FaultKind.AUTHENTICATION
    fault = inject(proxy, kind, operation)
    after = get(path, **headers)
    assert (after.status_code, after.content) == (before.status_code, before.content)
    assert fault not in proxy.applied


def test_an_event_stream_is_changed_as_it_arrives(get: Get, proxy: FaultProxy) -> None:
    inject(proxy, FaultKind.EMPTY_LIST, "GET /stream")
    url = f"{proxy.address}/stream?wait=1"
    with requests.get(url, headers=CORRELATED, stream=True, timeout=10) as response:
        lines = response.iter_lines()
        assert [next(lines), next(lines)] == [b"event: message", b'data: {"result":{"tools":[]}}']


def test_a_stream_that_the_client_leaves_ends_at_the_gateway_too(proxy: FaultProxy) -> None:
    with requests.get(f"{proxy.address}/stream?wait=1", stream=True, timeout=10) as response:
        assert next(response.iter_lines()) == b"event: message"


async def talk(address: str, headers: dict[str, str]) -> AsyncIterator[object]:
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}/ws", headers=headers) as link:
        for text in ("a", "end"):
            await link.send_str(text)
            yield (await link.receive()).data
        await link.receive()
        yield link.close_code


def test_a_websocket_passes_through(proxy: FaultProxy) -> None:
    async def both() -> list[object]:
        return [received async for received in talk(proxy.address, CORRELATED)]

    assert asyncio.run(both()) == ["A", "END", 4001]


def test_a_refused_websocket_stays_refused(proxy: FaultProxy) -> None:
    async def refused() -> int:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            async for _ in talk(proxy.address, {}):
                pass
        return error.value.status

    assert asyncio.run(refused()) == 403
