"""One user's calls: built from an operation's name, held against the contract, reported to Locust."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from urllib.parse import quote, urlencode

import msgspec
from locust.contrib.fasthttp import FastHttpSession, LocustBadStatusCode, ResponseContextManager
from locust.exception import RescheduleTask

from loadtest.client import jsonrpc
from loadtest.client.answer import Answer, check
from loadtest.client.evidence import example
from loadtest.client.problem import Problem
from loadtest.client.session import Session
from loadtest.client.streams import EventStream, Lines
from loadtest.operations import base
from loadtest.outcome import StreamOutcome
from loadtest.run import Example, ProblemKind
from loadtest.versions import Drift

IDLE = 4.0
"""Seconds after which a kept connection is not used again: the gateway's server closes idle ones after 5."""

Check = Callable[[Answer], str | None]
"""Looks at an answer and says what is wrong with its content, or nothing."""


class StepFailed(RescheduleTask):
    """A step of a scenario failed: the scenario ends here and feeds nothing to its next step."""


class NotOffered(RescheduleTask):
    """This gateway does not have the operation: the scenario ends here without a failure."""


@dataclass(slots=True)
class Call:
    """What the recorder learns of one call beyond what Locust tells it."""

    operation: str
    area: str
    scenario: str | None
    validated: bool = False
    drift: bool = False
    accepted: str | None = None
    example: Example | None = None


class Route(NamedTuple):
    """Where an operation's requests go."""

    method: str
    name: str
    """What Locust shows: the path template, and the JSON-RPC method behind it."""
    path: str
    """The template as the gateway serves it."""


class Request(NamedTuple):
    """One request as it goes out."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None


class Caller:
    """Calls the gateway for one user."""

    def __init__(
        self, http: FastHttpSession, session: Session, area: str, on_stream: Callable[[StreamOutcome], None]
    ) -> None:
        self.http = http
        self.session = session
        self.area = area
        self.scenario: str | None = None
        self.last_operation: str | None = None
        self._on_stream = on_stream
        self._routes: dict[str, Route] = {}
        self._last_answer = 0.0
        # A log-in answers with cookies, and a cookie turns the gateway's CSRF checks on for every later call.
        http.client.cookiejar = None

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
        """
        route = self._route(operation, unlisted)
        request = self._request(route, path, params, json, form, bearer, headers)
        call = Call(operation, self.area, self.scenario)
        response = self._send(route, request, call)
        with response:
            found: Problem | None
            answer, found = _answer(operation, response)
            if found is None:
                found = self._judged(answer, call, accept or {}, problem, check)
            _report(response, request, call, answer, found)
        self._last_answer = time.perf_counter()
        if answer.status >= 500 or answer.status == 0:
            # The gateway's server drops the connection after an unhandled exception; the innocent next call
            # must not meet the closing socket.
            self.http.client.clientpool.close()
        if found is not None:
            raise StepFailed(found)
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
        wanted = {"Accept": "text/event-stream"} | dict(headers or {})
        request = self._request(route, path, params, json, None, bearer, wanted)
        call = Call(operation, self.area, self.scenario)
        response = self._send(route, request, call, stream=True)
        answer, problem = _answer(operation, response, streamed=True)
        events = None
        try:
            if problem is None:
                problem = self._judged(answer, call, {}, None, _is_event_stream)
            if problem is None:
                events = EventStream(cast("Lines", response._response))  # noqa: SLF001 - the only way to read lines
                yield events
        except Problem as met:
            problem = met
        finally:
            with response:
                if events is not None:
                    events.close()
                    response.request_meta["response_time"] = events.first_event or _elapsed(response)
                    self._on_stream(
                        StreamOutcome(
                            operation=operation,
                            events=events.events,
                            ended=events.ended,
                            first_event=events.first_event,
                            gaps=tuple(events.gaps),
                        )
                    )
                _report(response, request, call, answer, problem)
            self.http.client.clientpool.close()
        if problem is not None:
            raise StepFailed(problem)

    def _route(self, operation: str, unlisted: bool) -> Route:
        route = self._routes.get(operation)
        if route is None:
            method, path, *rpc = operation.split(" ", 2)
            served = self.session.contract.path(base(operation))
            if served is None and not unlisted:
                raise NotOffered(operation)
            route = Route(method, " ".join([path, *rpc]), served or path)
            self._routes[operation] = route
        self.last_operation = operation
        return route

    def _request(
        self,
        route: Route,
        path: Mapping[str, str],
        params: Mapping[str, str | int | bool] | None,
        json: Any,
        form: Mapping[str, str] | None,
        bearer: str | None,
        further: Mapping[str, str] | None,
    ) -> Request:
        url = route.path
        for name, value in path.items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        if "{" in url:
            raise LookupError(f"{route.method} {route.path} needs {url[url.index('{') :]}")
        if params:
            url += "?" + urlencode(
                {k: str(v).lower() if isinstance(v, bool) else v for k, v in params.items()}
            )
        headers = {"Accept": "application/json", "X-Correlation-ID": self.session.correlation_id()}
        token = self.session.bearer if bearer is None else bearer
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif json is not None:
            body = msgspec.json.encode(json).decode()
            headers["Content-Type"] = "application/json"
        if further:
            headers.update(further)
        return Request(route.method, self.session.host + url, headers, body)

    def _send(
        self, route: Route, request: Request, call: Call, *, stream: bool = False
    ) -> ResponseContextManager:
        if self._last_answer and time.perf_counter() - self._last_answer > IDLE:
            self.http.client.clientpool.close()
        return self.http.request(
            request.method,
            request.url,
            name=route.name,
            data=request.body,
            headers=request.headers,
            catch_response=True,
            allow_redirects=False,
            stream=stream,
            context={"call": call},
        )

    def _judged(
        self,
        answer: Answer,
        call: Call,
        accepted: Mapping[int, str],
        problem: Callable[[Answer], Problem | None] | None,
        content: Check | None,
    ) -> Problem | None:
        streamed = content is _is_event_stream
        call.validated = not streamed and self.session.validates(answer.operation)
        found = check(
            answer, self.session.contract, accepted=accepted, validate=call.validated, streamed=streamed
        )
        if isinstance(found, Drift):
            call.drift = True
        elif found is not None:
            return found
        elif answer.status in accepted:
            call.accepted = accepted[answer.status]
            return None
        met = problem(answer) if problem else None
        if met is None and content is not None:
            met = _content_problem(answer, content)
        return met


def _report(
    response: ResponseContextManager, request: Request, call: Call, answer: Answer, problem: Problem | None
) -> None:
    if problem is None:
        response.success()
        return
    call.example = example(
        method=request.method,
        url=request.url,
        headers=request.headers,
        body=request.body,
        answer=answer if answer.status else None,
        at=time.time(),
        correlation_id=request.headers["X-Correlation-ID"],
    )
    response.failure(problem)


def _content_problem(answer: Answer, content: Check) -> Problem | None:
    try:
        complaint = content(answer)
    except Problem as problem:
        return problem
    except LookupError as error:
        complaint = str(error.args[0]) if error.args else "a member is missing"
    return Problem(ProblemKind.CONTENT, complaint, status=answer.status) if complaint else None


def _is_event_stream(answer: Answer) -> str | None:
    if answer.media_type == "text/event-stream":
        return None
    return f"expected an event stream, got {answer.media_type or 'no content type'}"


def _answer(
    operation: str, response: ResponseContextManager, *, streamed: bool = False
) -> tuple[Answer, Problem | None]:
    status = response.status_code
    error = response.request_meta["exception"]
    if status and (error is None or isinstance(error, LocustBadStatusCode)):
        body = b"" if streamed and status < 400 else response.content or b""
        return Answer(operation, status, cast("Mapping[str, str]", response.headers or {}), body), None
    return Answer(operation, 0, {}, b""), _transport_problem(error)


def _transport_problem(error: BaseException | None) -> Problem:
    words = str(error) or type(error).__name__
    if "timed out" in words.lower() or "timeout" in type(error).__name__.lower():
        return Problem(ProblemKind.TIMEOUT, f"no answer: {words}")
    return Problem(ProblemKind.CONNECTION, f"{type(error).__name__}: {words}")


def _elapsed(response: ResponseContextManager) -> float:
    return float(response.request_meta["response_time"])
