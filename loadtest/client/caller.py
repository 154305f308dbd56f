"""One user's calls: built from an operation's name, held against the contract, reported to Locust."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, cast

from gevent import GreenletExit
from locust.contrib.fasthttp import FastHttpSession, ResponseContextManager
from locust.exception import RescheduleTask, StopTest, StopUser

from loadtest.client.answer import Answer, MissingMember, Problem
from loadtest.client.call import CallContext, report_call
from loadtest.client.connection.connections import ClientPool
from loadtest.client.connection.transport import answer_of
from loadtest.client.mismatch import Mismatch
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.streams import EventStream, LineReader
from loadtest.client.request import PreparedRequest, Route, find_route, make_request
from loadtest.client.session import Session
from loadtest.client.validation import find_problem, find_stream_problem
from loadtest.core.operations import base, deletes
from loadtest.results.outcome import StreamResult

_STREAM_HEADERS = {
    "Accept": "text/event-stream",
    # Lines are read as they come; a compressed stream has none.
    "Accept-Encoding": "identity",
    # A stream that its server ended in distress leaves a connection that drops the next request.
    "Connection": "close",
}

Check = Callable[[Answer], Mismatch | None]
"""Looks at an answer and says what it expected of its content, or nothing."""


class StepFailed(RescheduleTask):
    """A step of a scenario failed: the scenario ends here and feeds nothing to its next step."""

    def __init__(self, problem: Problem, operation: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.operation = operation


class NotInContract(RescheduleTask):
    """This gateway does not have the operation: the scenario ends here without a failure."""


_ENDS = (RescheduleTask, StopUser, StopTest, GreenletExit)


class Caller:
    """Calls the gateway for one user."""

    def __init__(
        self, http: FastHttpSession, session: Session, area: str, on_stream: Callable[[StreamResult], None]
    ) -> None:
        self.http = http
        self.session = session
        self.area = area
        self.scenario: str | None = None
        self.last_operation: str | None = None
        """The one that was called last, or whose answer was read last; what cleans up after a failure apart."""
        self.due: float | None = None
        """When the scenario that begins now was meant to (``time.perf_counter()``), for its first call."""
        self._unwinding = False
        self._on_stream = on_stream
        self._routes: dict[str, Route] = {}
        # A log-in answers with cookies, and a cookie turns the gateway's CSRF checks on for every later call.
        http.client.cookiejar = None
        # Redirects are answers. Locust's own switch for a single request is undone by another greenlet of the user.
        http.client.max_redirects = 0
        http.client.clientpool = ClientPool(**http.client.clientpool.client_args)

    def offers(self, operation: str) -> bool:
        """Say whether this gateway's contract has ``operation``."""
        return base(operation) in self.session.contract.operations

    def call(
        self,
        operation: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str | int | bool] | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept: Mapping[int, str] | None = None,
        check: Check | None = None,
        problem: Callable[[Answer], Problem | None] | None = None,
        unlisted: bool = False,
        **path: str,
    ) -> Answer:
        """Make one call and return its answer, which is the promised one.

        Args:
            operation: ``METHOD /path/{template}``; the template's parameters are given by name in ``path``.
            json: body, sent as JSON.
            form: body, sent URL-encoded (instead of ``json``).
            params: query.
            headers: further headers, or others instead of the usual ones.
            bearer: another token than the administrator's; empty for none.
            accept: statuses outside the contract that are right here, each with the sentence that says why.
            check: says what is wrong with the content of an answer that keeps to the contract.
            problem: looks for a problem below HTTP, before ``check``.
            unlisted: the operation is served but does not stand in the contract.

        Raises:
            StepFailed: the answer had a problem; it has been reported.
            NotOffered: the contract does not have the operation, and it is not ``unlisted``.
            StopUser: the load ends; once, so that the scenario unwinds and cleans up.
        """
        route = self._route(operation, unlisted)
        request = self._request(
            route, bearer, path=path, params=params, json=json, form=form, headers=headers
        )
        call = CallContext(operation, self.area, self.scenario, after=self.failed_before())
        response = self._send(route, request, call)
        with response:
            found: Problem | None
            answer, found = answer_of(operation, response)
            if found is None:
                found = find_problem(
                    self.session, call, answer, accepted=accept or {}, below=problem, content=check
                )
            response.request_meta["response_time"] += call.late
            found = report_call(response, request, call, answer, found, self.session.redactor)
        if found is not None or answer.status >= 500:
            # The gateway's server drops the connection after an unhandled exception, which may come when the
            # answer has gone out; the innocent next call must not meet the closing socket, nor be sent twice.
            self.http.client.clientpool.close()
        if found is not None:
            raise StepFailed(found, operation)
        answer.on_read = self.note
        return answer

    def rpc(
        self,
        operation: str,
        params: Any = None,
        *,
        message_id: str | None = "",
        headers: Mapping[str, str] | None = None,
        check: Check | None = None,
        **options: Any,
    ) -> Answer:
        """Make one JSON-RPC call, ``POST /rpc tools/call``, and return its answer.

        ``message_id`` None sends a notification. A JSON-RPC error or a tool result with ``isError`` is a
        problem. Other arguments are those of :meth:`call`.

        Raises:
            StepFailed: as :meth:`call`.
        """
        method = operation.split(" ", 2)[2]
        identity = self.session.correlation_id() if message_id == "" else message_id
        return self.call(
            operation,
            json=jsonrpc.request(method, params, identity),
            headers={"Accept": jsonrpc.ACCEPT} | dict(headers or {}),
            problem=lambda answer: jsonrpc.problem(answer, identity),
            check=check,
            unlisted=True,
            **options,
        )

    @contextmanager
    def stream(
        self,
        operation: str,
        *,
        json: Any = None,
        params: Mapping[str, str | int | bool] | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        unlisted: bool = False,
        **path: str,
    ) -> Iterator[EventStream]:
        """Open an event stream, read it in the ``with`` block, close it and report it.

        The request's own row counts the time to the first event (or to the headers, if none was read); the
        stream is measured apart. A problem that the block meets on the stream is the operation's failure.

        Raises:
            StepFailed: it did not open, was no event stream, stalled or ended early; it has been reported.
            NotOffered: as :meth:`call`.
        """
        route = self._route(operation, unlisted)
        request = self._request(
            route, bearer, path=path, params=params, json=json, headers=_STREAM_HEADERS | dict(headers or {})
        )
        call = CallContext(operation, self.area, self.scenario, after=self.failed_before())
        response = self._send(route, request, call, stream=True)
        answer, problem = answer_of(operation, response, streamed=True)
        if problem is None:
            problem = find_stream_problem(self.session, call, answer)
        lines = cast("LineReader", response._response)  # noqa: SLF001 - the only way to its lines
        events = EventStream(lines, on_read=lambda: self.note(operation)) if problem is None else None
        told = problem is not None
        try:
            if events is not None:
                yield events
            told = True
        except Problem as met:
            problem, told = met, True
        finally:
            if events is not None:
                events.close()
                self._on_stream(events.outcome(operation))
                response.request_meta["response_time"] = events.first_event or float(
                    response.request_meta["response_time"]
                )
            response.request_meta["response_time"] += call.late
            # A block that failed elsewhere before it read an event says nothing about the stream.
            if told or (events is not None and events.events):
                with response:
                    problem = report_call(response, request, call, answer, problem, self.session.redactor)
            self.http.client.clientpool.close()
        if problem is not None:
            raise StepFailed(problem, operation)

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """Let every call of the ``with`` block through although the load ends: it undoes what was made."""
        outer, self._unwinding = self._unwinding, True
        try:
            yield
        finally:
            self._unwinding = outer

    def _route(self, operation: str, unlisted: bool) -> Route:
        if self.session.stopping and not self._unwinding and not deletes(operation):
            # Only once: what the scenario calls while it unwinds is its cleaning up. A deletion is that already,
            # be it the first call since the load began to end.
            self._unwinding = True
            raise StopUser
        route = self._routes.get(operation)
        if route is None:
            route = self._routes[operation] = find_route(operation, self.session.contract)
        if not (route.offered or unlisted):
            raise NotInContract(operation)
        self.note(operation)
        return route

    def note(self, operation: str) -> None:
        """Remember that ``operation`` is called or its answer read; not while something that failed is undone."""
        if sys.exception() is None:
            self.last_operation = operation

    def failed_before(self) -> str | None:
        """Return the operation after whose failure the scenario is cleaning up, or None if nothing has failed."""
        error = sys.exception()
        if error is None or (isinstance(error, _ENDS) and not isinstance(error, StepFailed)):
            return None
        return self.blamed(error)

    def blamed(self, error: BaseException) -> str | None:
        """Return the operation that ``error`` in a scenario is about."""
        if isinstance(error, StepFailed | MissingMember):
            return error.operation
        return self.last_operation

    def _request(self, route: Route, bearer: str | None, **parts: Any) -> PreparedRequest:
        """Return the request of this user, with a correlation id of its own; see :func:`make_request`."""
        return make_request(
            route,
            host=self.session.host,
            token=self.session.bearer if bearer is None else bearer,
            correlation_id=self.session.correlation_id(),
            **parts,
        )

    def _send(
        self, route: Route, request: PreparedRequest, call: CallContext, *, stream: bool = False
    ) -> ResponseContextManager:
        with nullcontext() if stream else self.session.limiter.passing(call.operation):
            call.late = self.lateness()
            return self.http.request(
                request.method,
                request.url,
                name=route.name,
                data=request.body,
                headers=request.headers,
                catch_response=True,
                stream=stream,
                context={"call": call},
            )

    def lateness(self) -> float:
        """Return how many milliseconds after its scenario's intended start the next call goes out, once.

        A call that nobody meant to make at a certain time is never late. The wait for a place or for a turn is a
        part of it: behind a gateway that stalls, users wait there.
        """
        due, self.due = self.due, None
        return 0.0 if due is None else max(time.perf_counter() - due, 0.0) * 1000
