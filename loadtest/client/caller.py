"""Caller of one user: sends requests, validates responses against the contract, and reports to Locust."""

import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, cast

import gevent
from gevent import GreenletExit
from locust.contrib.fasthttp import FastHttpSession, ResponseContextManager
from locust.exception import RescheduleTask, StopTest, StopUser

from loadtest.client.answer import Answer, MissingMember, Problem
from loadtest.client.call import CallContext, report_call
from loadtest.client.call_sync import CallSync
from loadtest.client.connection.connections import ClientPool
from loadtest.client.connection.transport import answer_of
from loadtest.client.element_log import ElementLog, OnChecked
from loadtest.client.mismatch import Mismatch, content_problem
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.streams import EventStream, LineReader
from loadtest.client.request import PreparedRequest, Query, Route, find_route, make_request
from loadtest.client.secrecy.stored import StoredSecrets
from loadtest.client.session import Session
from loadtest.client.validation import find_problem, find_stream_problem, refusal_problem
from loadtest.core import clock
from loadtest.core.operations import base, deletes
from loadtest.results.outcome import StreamResult

_STREAM_HEADERS = {
    "Accept": "text/event-stream",
    # Lines are read as they arrive, which compression would prevent.
    "Accept-Encoding": "identity",
    # After a stream that the server aborted, the connection would drop the next request.
    "Connection": "close",
}

Check = Callable[[Answer], Mismatch | None]
"""Content check: returns how a response differs from what is expected, or None."""
Effect = Callable[[Answer], Mismatch | None]
"""Verifies with further calls what a call did: returns how it differs from what is expected, or None."""


class StepFailed(RescheduleTask):
    """A step of a scenario failed, which ends the scenario."""

    def __init__(self, problem: Problem, operation: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.operation = operation


class NotInContract(RescheduleTask):
    """This gateway does not have the operation, which ends the scenario without a failure."""


_NONE: frozenset[str] = frozenset()
_NO_PATH: Mapping[str, str] = MappingProxyType({})
_ENDS = (RescheduleTask, StopUser, StopTest, GreenletExit)


class Caller:
    """Calls the gateway for one user."""

    def __init__(
        self,
        http: FastHttpSession,
        session: Session,
        on_stream: Callable[[StreamResult], None],
        on_checked: OnChecked = lambda _operation, _elements: None,
    ) -> None:
        self.http = http
        self.session = session
        self.scenario: str | None = None
        self.last_operation: str | None = None
        """The last operation called, or whose response was read; calls that clean up after a failure do not count."""
        self.due: float | None = None
        """Scheduled start of the current scenario (``time.perf_counter()``), until its first call."""
        self._unwinding: set[gevent.Greenlet] = set()
        """Greenlets whose calls are allowed although the load is ending; a scenario may have a second greenlet."""
        self.elements = ElementLog(on_checked)
        self.secrets = StoredSecrets()
        self.agrees: Check | None = None
        """Checks the content of every response, after the ``check`` of its call."""
        self.sync: CallSync | None = None
        """Synchronises the calls with those of another user; None if they wait for nothing."""
        self._on_stream = on_stream
        self._routes: dict[str, Route] = {}
        # A sign-in sets cookies, and a cookie enables the gateway's CSRF checks for every later call.
        http.client.cookiejar = None
        # Redirects are responses. Locust's option for a single request is reset by other greenlets of the user.
        http.client.max_redirects = 0
        http.client.clientpool = ClientPool(**http.client.clientpool.client_args)

    def offers(self, operation: str) -> bool:
        """Return whether this gateway's contract has ``operation``."""
        return base(operation) in self.session.contract.operations

    def call(
        self,
        operation: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        accept: Mapping[int, str] | None = None,
        refusals: Collection[int] = (),
        check: Check | None = None,
        effect: Effect | None = None,
        problem: Callable[[Answer], Problem | None] | None = None,
        unlisted: bool = False,
        waits: float = 0.0,
        path: Mapping[str, str] = _NO_PATH,
    ) -> Answer:
        """Make one call and return its validated response.

        Args:
            operation: ``METHOD /path/{template}``.
            json: body, sent as JSON.
            form: body, sent URL-encoded (instead of ``json``).
            params: query.
            headers: additional headers, which replace default ones.
            bearer: token to use instead of the administrator's; empty for none.
            accept: allowed statuses outside the contract, each with its reason.
            refusals: statuses of an expected refusal, which counts neither as a success nor as a failure and is not
                checked further. A scenario that requires the refusal compares the status of the response.
            check: checks the content of a response that satisfies the contract.
            effect: verifies with further calls what this one did. What it finds is a failure of this operation; a
                failure of its own calls is theirs. Skipped while the load is ending.
            problem: finds a problem of the protocol above HTTP, before ``check``; by default a JSON-RPC error, unless
                the operation is a JSON-RPC method.
            unlisted: the operation is served but not listed in the contract.
            waits: seconds that the scenario has waited for this result, or that ``check`` waits. If it does not come,
                the failure depends on time: a pause of the load generator may be the cause.
            path: the parameters of the template, by name.

        Raises:
            StepFailed: the response had a problem, which has been reported.
            NotOffered: the contract does not have the operation, and it is not ``unlisted``.
            StopUser: the load is ending; raised once, so that the scenario can clean up.
        """
        route = self._route(operation, unlisted)
        request = self.prepare(route, bearer, path=path, params=params, json=json, form=form, headers=headers)
        call = CallContext(
            operation,
            self.scenario,
            after=self.failed_before(),
            waits=waits,
            keeps_example=self.session.keeps_examples,
        )
        content = json if form is None else form
        if content:
            self.secrets.sent(operation, content, self.session.marker)
        response = self.send(route, request, call)
        found: Problem | None
        answer, found = answer_of(operation, response)
        self._check_token(answer.status, bearer)
        ended: BaseException | None = None
        with response:
            call.refused = found is None and answer.status in refusals
            if found is None and not call.refused:
                found = find_problem(
                    self.session,
                    call,
                    answer,
                    accepted=accept or {},
                    protocol=problem or (jsonrpc.error_in if operation == base(operation) else None),
                    content=check,
                )
            verified = found is None and effect is not None and not self.session.stopping
            if verified and effect is not None:
                found, ended = self._verify(answer, effect)
            if found is None:
                # Last, so that the scenario knows what was created and deletes it.
                found = self.secrets.leak(answer, self.session.marker)
            if found is None and call.refused:
                found = refusal_problem(self.session, call, answer)
            elif found is None and self.agrees is not None:
                found = content_problem(answer, self.agrees)
            response.request_meta["response_time"] += call.late
            found = report_call(response, request, call, answer, found, self.session.redactor)
        if found is not None and self.sync is not None:
            self.sync.failed(operation, found)
        if found is not None or answer.status >= 500:
            # The server closes the connection after an unhandled exception, possibly after sending the response. The
            # next call must not use the closing socket, nor be sent twice.
            self.http.client.clientpool.close()
        if found is not None:
            raise StepFailed(found, operation)
        if ended is not None:
            raise ended
        if call.accepted is None and not call.refused:
            sent = (
                self.session.contract.input_of(operation).sent(params, content)
                if params or content
                else _NONE
            )
            self.elements.succeeded(operation, sent, checked=check is not None or verified)
        answer.on_read = self.note
        return answer

    def _verify(self, answer: Answer, effect: Effect) -> tuple[Problem | None, BaseException | None]:
        """Return the problem that ``effect`` finds, or the exception that ended its own calls.

        In that case, the verified call has succeeded and must be reported before the exception is raised.
        """
        try:
            return content_problem(answer, effect), None
        except _ENDS as error:
            return None, error

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
        """Make one JSON-RPC call, ``POST /rpc tools/call``, and return its response.

        ``message_id=None`` sends a notification. A JSON-RPC error and a tool result with ``isError`` are
        problems. Other arguments are those of :meth:`call`.

        Raises:
            StepFailed: as :meth:`call`.
        """
        method = operation.split(" ", 2)[2]
        identity = self.session.correlation_id() if message_id == "" else message_id
        return self.call(
            operation,
            json=jsonrpc.request(method, params, identity),
            headers={"Accept": jsonrpc.ACCEPT} | dict(headers or {}),
            problem=lambda answer: (
                jsonrpc.problem(answer, identity) or jsonrpc.other_resource(answer, method, params)
            ),
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
        params: Query | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        unlisted: bool = False,
        path: Mapping[str, str] = _NO_PATH,
    ) -> Iterator[EventStream]:
        """Open an event stream for the ``with`` block, then close and report it.

        The response time of the request is the time to the first event, or to the headers if none was read; the
        stream has its own measurements. A problem that the block finds in the stream is a failure of the operation.

        Raises:
            StepFailed: it did not open, is not an event stream, stalled or ended early; the problem has been reported.
            NotOffered: as :meth:`call`.
        """
        route = self._route(operation, unlisted)
        request = self.prepare(
            route, bearer, path=path, params=params, json=json, headers=_STREAM_HEADERS | dict(headers or {})
        )
        call = CallContext(
            operation,
            self.scenario,
            after=self.failed_before(),
            keeps_example=self.session.keeps_examples,
        )
        response = self.send(route, request, call, stream=True)
        answer, problem = answer_of(operation, response, streamed=True)
        self._check_token(answer.status, bearer)
        if problem is None:
            problem = find_stream_problem(self.session, call, answer)
        lines = cast("LineReader", response._response)  # noqa: SLF001 - the only way to its lines
        events = EventStream(lines, on_read=lambda: self.note(operation)) if problem is None else None
        reported = problem is not None
        try:
            if events is not None:
                yield events
            reported = True
        except Problem as found:
            problem, reported = found, True
        finally:
            if events is not None:
                events.close()
                self._on_stream(events.outcome(operation))
                response.request_meta["response_time"] = events.first_event or float(
                    response.request_meta["response_time"]
                )
                if self.sync is not None:
                    self.sync.first_event(operation, response.request_meta["response_time"])
            response.request_meta["response_time"] += call.late
            # If the block failed elsewhere before it read an event, the stream has no result.
            if reported or (events is not None and events.events):
                with response:
                    problem = report_call(response, request, call, answer, problem, self.session.redactor)
            self.http.client.clientpool.close()
        if problem is not None:
            if self.sync is not None:
                self.sync.failed(operation, problem)
            raise StepFailed(problem, operation)
        sent = self.session.contract.input_of(operation).sent(params, json)
        self.elements.succeeded(operation, sent, checked=events is not None and events.events > 0)

    @contextmanager
    def undoing(self) -> Iterator[None]:
        """Allow the calls of the ``with`` block although the load is ending: they delete what was created."""
        outer, current = self.unwinding, gevent.getcurrent()
        self._unwinding.add(current)
        try:
            yield
        finally:
            if not outer:
                self._unwinding.discard(current)

    @property
    def unwinding(self) -> bool:
        """Whether the calls of this greenlet are allowed although the load is ending."""
        return gevent.getcurrent() in self._unwinding

    def _route(self, operation: str, unlisted: bool) -> Route:
        if self.session.stopping and not self.unwinding and not deletes(operation):
            # Only once: later calls of the scenario clean up. A deletion is part of the clean-up even if it is the
            # first call since the load began to end.
            self._unwinding.add(gevent.getcurrent())
            raise StopUser
        route = self._routes.get(operation)
        if route is None:
            route = self._routes[operation] = find_route(operation, self.session.contract)
        if not (route.offered or unlisted):
            raise NotInContract(operation)
        self.note(operation)
        return route

    def note(self, operation: str) -> None:
        """Remember the last operation called or read, except while cleaning up after a failure."""
        if sys.exception() is None:
            self.last_operation = operation

    def failed_before(self) -> str | None:
        """Return the failed operation after which the scenario is cleaning up, or None if none has failed."""
        error = sys.exception()
        if error is None or (isinstance(error, _ENDS) and not isinstance(error, StepFailed)):
            return None
        return self.blamed(error)

    def blamed(self, error: BaseException) -> str | None:
        """Return the operation to which an ``error`` in a scenario is attributed."""
        if isinstance(error, StepFailed | MissingMember):
            return error.operation
        return self.last_operation

    def prepare(
        self,
        route: Route,
        bearer: str | None,
        *,
        path: Mapping[str, str] = _NO_PATH,
        params: Query | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> PreparedRequest:
        """Return a request of this user with a new correlation id; see :func:`make_request`."""
        if params or json or form:
            self.session.shapes.sent(params, json, form)
        return make_request(
            route,
            host=self.session.host,
            token=self.session.bearer if bearer is None else bearer,
            correlation_id=self.session.correlation_id(),
            path=path,
            params=params,
            json=json,
            form=form,
            headers=headers,
        )

    def send(
        self, route: Route, request: PreparedRequest, call: CallContext, *, stream: bool = False
    ) -> ResponseContextManager:
        """Send ``request`` and return its response, which is reported at the end of its ``with`` block.

        The body of a ``stream`` is not read yet, and takes no slot of the limiter.
        """
        if self.sync is not None:
            self.sync.before(call.operation)
        with nullcontext() if stream else self.session.limiter.slot(call.operation):
            call.late, call.began = self.lateness(), clock.now()
            response: ResponseContextManager = self.http.request(
                request.method,
                request.url,
                name=route.name,
                data=request.body,
                headers=request.headers,
                catch_response=True,
                stream=stream,
                context={"call": call},
            )
        if self.sync is not None:
            latency = float(response.request_meta["response_time"])
            self.sync.after(call.operation, response.status_code or 0, latency)
        return response

    def _check_token(self, status: int, bearer: str | None) -> None:
        """End the load if the gateway rejects the token everywhere: a 401 is then not a failure of the operation.

        Raises:
            StopUser: it does; the response is not reported.
        """
        if status == HTTPStatus.UNAUTHORIZED and bearer is None and self.session.token_rejected():
            raise StopUser

    def lateness(self) -> float:
        """Return the delay of the first call of a scheduled scenario in milliseconds; 0 for any other call.

        It includes the wait for the limiter, where users wait if the gateway stalls.
        """
        due, self.due = self.due, None
        return 0.0 if due is None else max(time.perf_counter() - due, 0.0) * 1000
