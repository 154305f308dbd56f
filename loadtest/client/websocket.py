"""A WebSocket as load: the handshake is reported as a request, messages are JSON objects.

Source: https://www.rfc-editor.org/rfc/rfc6455.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import websocket

from loadtest.client.caller import Call, Caller, StepFailed
from loadtest.client.evidence import example
from loadtest.client.problem import Problem
from loadtest.run import ProblemKind

OPENED_WITHIN = 10.0
"""Seconds for the handshake."""
MESSAGE_WITHIN = 10.0
"""Seconds that a user waits for a message unless the scenario says otherwise."""
_SWITCHED = 101


class Link:
    """An open WebSocket."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message.

        Raises:
            Problem: the connection is closed.
        """
        try:
            self._socket.send(msgspec.json.encode(message).decode())
        except (websocket.WebSocketException, OSError) as error:
            raise _broken(error) from error

    def receive(self, *, within: float = MESSAGE_WITHIN) -> dict[str, Any]:
        """Return the next message, waiting ``within`` seconds.

        Raises:
            Problem: nothing came in time, the connection was closed, or it is no JSON object.
        """
        self._socket.settimeout(within)
        try:
            text = self._socket.recv()
        except websocket.WebSocketTimeoutException as error:
            raise Problem(ProblemKind.STREAM_STALLED, f"no message within {within:g} s") from error
        except (websocket.WebSocketException, OSError) as error:
            raise _broken(error) from error
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Problem(ProblemKind.JSON, f"message: {error}") from error


@contextmanager
def opened(caller: Caller, operation: str) -> Iterator[Link]:
    """Open a WebSocket at the path of ``operation`` (``GET /path``), below the version prefix if there is one.

    A problem that the block meets on the link is the failure of ``operation``.

    Raises:
        StepFailed: the handshake was refused, or a problem on the link; it has been reported.
    """
    method, path = operation.split(" ")
    session = caller.session
    url = session.host + session.contract.prefix + path
    headers = {"X-Correlation-ID": session.correlation_id(), "Authorization": f"Bearer {session.bearer}"}
    call = Call(operation, caller.area, caller.scenario)
    caller.last_operation = operation
    start, socket, problem = time.perf_counter(), None, None
    taken = 0.0
    try:
        socket = websocket.create_connection(
            url.replace("http", "ws", 1), header=headers, timeout=OPENED_WITHIN, enable_multithread=False
        )
        taken = (time.perf_counter() - start) * 1000
        yield Link(socket)
    except websocket.WebSocketBadStatusException as error:
        problem = Problem(ProblemKind.STATUS, "the handshake was refused", status=error.status_code)
    except (websocket.WebSocketException, OSError) as error:
        problem = _broken(error)
    except Problem as met:
        problem = met
    finally:
        if socket is not None:
            socket.close()
        if problem is not None:
            call.example = example(
                method=method,
                url=url,
                headers=headers,
                body=None,
                answer=None,
                at=time.time(),
                correlation_id=headers["X-Correlation-ID"],
            )
        caller.http.request_event.fire(
            request_type=method,
            name=path,
            response_time=taken or (time.perf_counter() - start) * 1000,
            response_length=0,
            exception=problem,
            context={"call": call},
            response=SimpleNamespace(status_code=_SWITCHED if socket else 0),
            url=url,
        )
    if problem is not None:
        raise StepFailed(problem)


def _broken(error: Exception) -> Problem:
    return Problem(ProblemKind.CONNECTION, f"{type(error).__name__}: {error}")
