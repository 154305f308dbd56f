"""A reverse proxy in front of a gateway that records exchanges, and injects faults into the responses of operations.

Only requests with a correlation id are changed and recorded: the scenarios send one, the fixture and the inventory do
not. Everything else passes through, including event streams and WebSockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from loadtest.client.request import CORRELATION_HEADER
from loadtest.core.errors import InconclusiveError
from loadtest.mutation.bodies import changed_line
from loadtest.mutation.exchanges import Exchange, Received, RecordedResponse, Sender, sender_of
from loadtest.mutation.faults import LOST, Fault, FaultKind
from loadtest.mutation.injection import change_of, changed_reply, hard_reply, query_without
from loadtest.mutation.replies import another_reply, plausible_reply
from loadtest.mutation.routing import Router
from loadtest.mutation.score import Applied

_HOP_BY_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length"),
    )
)
_WEBSOCKET = frozenset(f"sec-websocket-{name}" for name in ("key", "version", "extensions", "accept"))
_STALL = 90.0
"""Seconds without a response; longer than the timeout of a user."""
_MOST_EXCHANGES = 40
"""Recorded exchanges of one operation."""
_MOST_BYTES = 400_000
"""Recorded bytes of one response body."""
_START_TIMEOUT = 10.0
"""Seconds for the proxy to listen."""


@dataclass
class FaultProxy:
    """State of the proxy; changed by its owner between two loads only."""

    target: str
    """Address of the gateway."""
    admin: str
    """Email address of the administrator."""
    bearer: str
    """A token of the administrator."""
    router: Router
    address: str = ""
    """Address of the proxy, once it listens."""
    recording: bool = False
    exchanges: dict[str, list[Exchange]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    """By operation."""
    applied: dict[Fault, Applied] = field(default_factory=dict)

    def inject(self, faults: Iterator[Fault] | list[Fault]) -> None:
        """Inject ``faults`` from now on, instead of the earlier ones; one for an operation."""
        self.faults = {fault.operation: fault for fault in faults}
        self.applied = {}

    def _note(self, fault: Fault, text: str) -> None:
        before = self.applied.get(fault, Applied())
        self.applied[fault] = Applied(before.count + 1, before.example or text)

    def _record(self, request: Received, reply: RecordedResponse, *, complete: bool = True) -> None:
        recorded = self.exchanges.setdefault(request.operation, [])
        if len(recorded) < _MOST_EXCHANGES:
            recorded.append(Exchange(request, reply, complete))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request)
        body = await request.read()
        received = self._received(request, body)
        fault = self.faults.get(received.operation) if received is not None else None
        if received is None or fault is None:
            return await self._pass(request, body, received if self.recording else None)
        return await self._faulty(request, received, fault)

    def _received(self, request: web.Request, body: bytes) -> Received | None:
        """Return the request if it is one of a scenario and its operation is known."""
        path, _, query = request.raw_path.partition("?")
        if CORRELATION_HEADER not in request.headers:
            return None
        match = self.router.match(request.method, path, body)
        if match is None:
            return None
        return Received(
            operation=match.operation,
            method=request.method,
            path=path,
            parameters=match.parameters,
            query=query,
            media_type=request.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            body=body,
            sender=sender_of(request.headers.get("Authorization"), request.headers.get("Cookie"), self.admin),
        )

    async def _faulty(self, request: web.Request, received: Received, fault: Fault) -> web.StreamResponse:
        where = f"{received.method} {request.raw_path}"
        kind = fault.kind
        if kind is FaultKind.STALL:
            self._note(fault, where)
            await asyncio.sleep(_STALL)
            return _abort(request)
        if kind in LOST:
            reply = plausible_reply(received, self.exchanges.get(received.operation, ()))
            if reply is None:
                return await self._pass(request, received.body, None)
            self._note(fault, f"{where}: not forwarded, answered {reply.status}")
            return _response(reply)
        if kind in (FaultKind.AUTHENTICATION, FaultKind.PERMISSION):
            let_in = Sender.ANONYMOUS if kind is FaultKind.AUTHENTICATION else Sender.OTHER
            if received.sender is not let_in:
                return await self._pass(request, received.body, None)
            return await self._let_in(request, received, fault, where)
        if kind in (FaultKind.PAGINATION, FaultKind.FILTER):
            return await self._ignoring(request, received, fault, where)
        return await self._changed(request, received, fault, where)

    async def _ignoring(
        self, request: web.Request, received: Received, fault: Fault, where: str
    ) -> web.StreamResponse:
        """Forward the request as it is, and without the parameters of ``fault``.

        Parameters without which the response is the same, such as those with their default, are no fault if ignored.
        """
        query = query_without(received.query, fault)
        if query == received.query:
            return await self._pass(request, received.body, None)
        async with self._forwarded(request, received.body, identity=True) as upstream:
            if upstream.content_type == "text/event-stream":
                return await self._relay(request, upstream)
            usual = await _whole(upstream)
        async with self._forwarded(request, received.body, identity=True, query=query) as upstream:
            other = await _whole(upstream)
        if (other.status, other.body) == (usual.status, usual.body):
            return _response(usual)
        self._note(fault, f"{where}: forwarded with ?{query}")
        return _response(other)

    async def _let_in(
        self, request: web.Request, received: Received, fault: Fault, where: str
    ) -> web.StreamResponse:
        """Forward the request; if it is refused, forward it with the credentials of the administrator.

        What the administrator does not get either is no fault.
        """
        async with self._forwarded(request, received.body, identity=True) as upstream:
            if upstream.status < 300:
                return await self._relay(request, upstream)
            refusal = await _whole(upstream)
            target = upstream.headers.get("Location")
        async with self._forwarded(request, received.body, bearer=self.bearer) as upstream:
            if (upstream.status, upstream.headers.get("Location")) == (refusal.status, target):
                return _response(refusal)
            self._note(fault, f"{where}: forwarded as the administrator")
            return await self._relay(request, upstream)

    async def _changed(
        self, request: web.Request, received: Received, fault: Fault, where: str
    ) -> web.StreamResponse:
        """Forward the request, and change its response if it is a success."""
        change = change_of(fault)
        async with self._forwarded(request, received.body, identity=True) as upstream:
            if upstream.status >= 400:
                return await self._relay(request, upstream)
            if change is not None and upstream.content_type == "text/event-stream":
                return await self._relay(request, upstream, on_line=self._line_changer(fault, where))
            if fault.kind is FaultKind.DROPPED_CONNECTION:
                self._note(fault, where)
                return _abort(request)
            if upstream.content_type == "text/event-stream":
                # An endless stream is not read to its end.
                reply = RecordedResponse(upstream.status, _kept(upstream), b"")
            else:
                reply = await _whole(upstream)
        if fault.kind is FaultKind.WRONG_ITEM:
            other = another_reply(received, self.exchanges.get(received.operation, ()), reply)
            if other is not None:
                self._note(fault, f"{where}: answered with an item of {fault.operation}")
            return _response(other or reply)
        if change is not None:
            new = changed_reply(reply, change)
            if new is not None:
                self._note(fault, f"{where}: {fault.kind} {fault.detail}".rstrip())
            return _response(new or reply)
        self._note(fault, where)
        return _response(hard_reply(fault.kind, received, reply))

    def _line_changer(self, fault: Fault, where: str) -> Callable[[bytes], bytes]:
        change = change_of(fault)

        def changed(line: bytes) -> bytes:
            if change is None:
                return line
            new, was_changed = changed_line(line, change)
            if was_changed:
                self._note(fault, f"{where}: {fault.kind} {fault.detail}".rstrip())
            return new

        return changed

    async def _pass(
        self,
        request: web.Request,
        body: bytes,
        recorded: Received | None,
    ) -> web.StreamResponse:
        async with self._forwarded(request, body, identity=recorded is not None) as upstream:
            return await self._relay(request, upstream, recorded)

    @contextlib.asynccontextmanager
    async def _forwarded(
        self,
        request: web.Request,
        body: bytes,
        *,
        query: str | None = None,
        bearer: str | None = None,
        identity: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        path, _, own_query = request.raw_path.partition("?")
        own_query = own_query if query is None else query
        headers = CIMultiDict(
            (name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP
        )
        if identity:
            headers["Accept-Encoding"] = "identity"
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
            headers.pop("Cookie", None)
        self._point_to_gateway(headers)
        url = URL(self.target + path + (f"?{own_query}" if own_query else ""), encoded=True)
        client: aiohttp.ClientSession = request.app[_CLIENT]
        # A body of no bytes would add a header to requests that have none.
        async with client.request(
            request.method,
            url,
            headers=headers,
            data=body or None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as upstream:
            yield upstream

    def _point_to_gateway(self, headers: CIMultiDict[str]) -> None:
        """Replace the address of the proxy, which the gateway does not accept as the origin of a form.

        The page from which a request comes is compared with its ``Host``; otherwise the gateway only builds its own
        address from that header, which has to be the proxy's.
        """
        for name in ("Origin", "Referer"):
            if name in headers:
                headers[name] = headers[name].replace(self.address, self.target)
        if "Referer" in headers:
            headers["Host"] = urlsplit(self.target).netloc

    async def _relay(
        self,
        request: web.Request,
        upstream: aiohttp.ClientResponse,
        recorded: Received | None = None,
        *,
        on_line: Callable[[bytes], bytes] | None = None,
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
        kept = _kept(upstream)
        for name, value in kept:
            response.headers.add(name, value)
        response[_TYPED] = "Content-Type" in response.headers
        if on_line is None and upstream.content_length is not None and request.method != "HEAD":
            response.content_length = upstream.content_length
        content = bytearray()
        try:
            await response.prepare(request)
            async for chunk in _lines(upstream, on_line) if on_line else upstream.content.iter_any():
                await response.write(chunk)
                if recorded is not None and len(content) < _MOST_BYTES:
                    content += chunk
        except (aiohttp.ClientError, ConnectionError):
            return _abort(request)
        finally:
            if recorded is not None:
                complete = len(content) < _MOST_BYTES
                self._record(
                    recorded, RecordedResponse(upstream.status, kept, bytes(content)), complete=complete
                )
        await response.write_eof()
        return response

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        client: aiohttp.ClientSession = request.app[_CLIENT]
        dropped = _HOP_BY_HOP | _WEBSOCKET
        headers = CIMultiDict(
            (name, value) for name, value in request.headers.items() if name.lower() not in dropped
        )
        self._point_to_gateway(headers)
        url = URL("ws" + (self.target + request.raw_path).removeprefix("http"), encoded=True)
        try:
            async with client.ws_connect(url, headers=headers, max_msg_size=0) as upstream:
                downstream = web.WebSocketResponse(max_msg_size=0)
                await downstream.prepare(request)
                there = asyncio.ensure_future(_copy(downstream, upstream))
                back = asyncio.ensure_future(_copy(upstream, downstream))
                await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
                there.cancel()
                back.cancel()
                await downstream.close(code=upstream.close_code or aiohttp.WSCloseCode.OK)
                return downstream
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status)


_CLIENT = web.AppKey("client", aiohttp.ClientSession)
_TYPED = web.ResponseKey("typed", bool)
"""Whether the gateway sent a content type."""


async def _lines(upstream: aiohttp.ClientResponse, on_line: Callable[[bytes], bytes]) -> AsyncIterator[bytes]:
    waiting = b""
    async for chunk in upstream.content.iter_any():
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in lines:
            yield on_line(line + b"\n")
    if waiting:
        yield on_line(waiting)


async def _copy(
    source: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
    sink: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await sink.send_bytes(message.data)


def _kept(upstream: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    return [(name, value) for name, value in upstream.headers.items() if name.lower() not in _HOP_BY_HOP]


async def _whole(upstream: aiohttp.ClientResponse) -> RecordedResponse:
    """Return the response when it has arrived completely."""
    return RecordedResponse(upstream.status, _kept(upstream), await upstream.read())


def _response(reply: RecordedResponse) -> web.Response:
    response = web.Response(status=reply.status, headers=CIMultiDict(reply.headers), body=reply.body)
    response[_TYPED] = "Content-Type" in response.headers
    return response


async def _without_default_type(_request: web.Request, response: web.StreamResponse) -> None:
    """Remove the content type that aiohttp adds to responses without one, so that they stay without."""
    if not response.get(_TYPED, True):
        response.headers.popall("Content-Type", None)


def _abort(request: web.Request) -> web.Response:
    """Close the connection without a complete response."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@contextlib.contextmanager
def running_proxy(proxy: FaultProxy) -> Iterator[FaultProxy]:
    """Serve ``proxy`` on a free loopback port, in a thread of its own, while the block runs.

    Raises:
        InconclusiveError: it does not start.
    """
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=1 << 16,
            max_field_size=1 << 16,
        ) as client:
            app = web.Application(client_max_size=1 << 30)
            app[_CLIENT] = client
            app.on_response_prepare.append(_without_default_type)
            app.router.add_route("*", "/{path:.*}", proxy.handle)
            runner = web.AppRunner(
                app,
                handler_cancellation=True,
                access_log=None,
                max_line_size=1 << 16,
                max_field_size=1 << 16,
                shutdown_timeout=1.0,
            )
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
            await site.start()
            proxy.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            started.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    if not started.wait(_START_TIMEOUT):
        raise InconclusiveError(f"the proxy in front of {urlsplit(proxy.target).netloc} did not start")
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
