"""A WebSocket as a call: its handshake is reported to Locust as a request, with any problem of the connection."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType, SimpleNamespace

from loadtest.client.answer import Problem
from loadtest.client.call import CallContext
from loadtest.client.caller import Caller, StepFailed
from loadtest.client.evidence import build_example
from loadtest.client.protocols.websocket import WebSocketConnection, connect
from loadtest.client.request import CORRELATION_HEADER
from loadtest.core import clock

SWITCHED = 101
"""The HTTP status of a WebSocket that is open."""


@contextmanager
def open_websocket(
    caller: Caller,
    operation: str,
    *,
    versioned: bool = True,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[WebSocketConnection]:
    """Open a WebSocket at the path of ``operation`` (``GET /path``), below the version prefix if there is one.

    ``headers`` are additional ones of its handshake. If not ``versioned``, it is served without the prefix; the
    contract does not list WebSockets. A problem of the connection in the ``with`` block is a failure of ``operation``.

    Raises:
        StepFailed: the handshake failed or the connection had a problem, which has been reported.
    """
    method, path = operation.split(" ")
    session = caller.session
    url = session.host + (session.contract.prefix if versioned else "") + path
    own = {CORRELATION_HEADER: session.correlation_id(), "Authorization": f"Bearer {session.bearer}"}
    sent = own | dict(headers)
    call = CallContext(operation, caller.scenario, after=caller.failed_before())
    caller.note(operation)
    late = caller.lateness()
    start, taken = time.perf_counter(), 0.0
    connection: WebSocketConnection | None = None
    problem: Problem | None = None
    try:
        connection = connect(url, sent, session.trust.context if session.trust else None)
        taken = (time.perf_counter() - start) * 1000
        yield connection
    except Problem as found:
        problem = found
    finally:
        if connection is not None:
            connection.close()
        if problem is not None:
            problem = problem.masked(session.redactor)
            call.example = build_example(
                method=method,
                url=url,
                headers=sent,
                body=None,
                answer=None,
                at=clock.now(),
                correlation_id=sent[CORRELATION_HEADER],
                redactor=session.redactor,
            )
        # Neither exists if the user was stopped during the handshake.
        if connection is not None or problem is not None:
            caller.http.request_event.fire(
                request_type=method,
                name=path,
                response_time=late + (taken or (time.perf_counter() - start) * 1000),
                response_length=0,
                exception=problem,
                context={"call": call},
                response=SimpleNamespace(status_code=SWITCHED if connection else 0),
                url=url,
            )
    if problem is not None:
        raise StepFailed(problem, operation)
