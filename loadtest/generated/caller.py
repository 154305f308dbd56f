"""Sends generated requests for one user, and reports them to Locust."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from locust.exception import StopUser

from loadtest.client.answer import Answer, Deviation, Problem
from loadtest.client.call import CallContext, report_call
from loadtest.client.connection.transport import answer_of
from loadtest.client.request import find_route
from loadtest.client.validation import check_contract, json_of
from loadtest.core.operations import base
from loadtest.generated.sequence import GeneratedAnswer, Request, Understood
from loadtest.results.failures import ProblemKind

if TYPE_CHECKING:
    from loadtest.client.caller import Caller


UPSTREAM = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
"""The gateway answered, and a server behind it did not: one that the request chose, as the fixture's servers run."""


class GeneratedCaller:
    """Sends generated requests over the connections of a user.

    A rejection is neither a success nor a failure: a status 4xx, a redirect, a JSON-RPC error, or that a server which
    the request named did not answer (502 and 504).
    """

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def send(self, request: Request) -> GeneratedAnswer:
        """Send ``request`` and report its result; the shape of the response is not compared with a recorded one.

        Raises:
            StopUser: the load is ending, and this call does not clean up.
        """
        caller, operation = self.caller, request.operation.operation
        session = caller.session
        if session.stopping and not caller.unwinding:
            raise StopUser
        route = find_route(operation, session.contract)
        prepared = caller.prepare(
            route,
            "" if request.operation.withheld else None,
            path=request.path,
            params=request.params,
            json=None if request.form else request.body,
            form=_form(request.body) if request.form else None,
        )
        call = CallContext(operation, caller.scenario, keeps_example=session.keeps_examples)
        with session.limiter.slot(base(operation)):
            # It may be a stream, which never ends.
            response = caller.send(route, prepared, call, stream=True)
            headers: Mapping[str, Any] = response.headers or {}
            streamed = str(headers.get("content-type", "")).startswith("text/event-stream")
            answer, problem = answer_of(operation, response, streamed=streamed)
        with response:
            if problem is None:
                call.validated, call.media_type = True, answer.media_type
                problem = self._judge(call, answer, streamed=streamed)
            response.request_meta["response_time"] += call.late
            problem = report_call(response, prepared, call, answer, problem, session.redactor)
        if streamed or problem is not None or answer.status >= 500:
            caller.http.client.clientpool.close()
        if problem is not None:
            return GeneratedAnswer(Understood.FAILED, status=answer.status)
        if call.rejected:
            return GeneratedAnswer(Understood.NO, status=answer.status)
        return GeneratedAnswer(Understood.YES, None if streamed else json_of(answer), answer.status)

    def _judge(self, call: CallContext, answer: Answer, *, streamed: bool) -> Problem | None:
        """Return the problem of a response; record in ``call`` that the request was rejected."""
        contract = self.caller.session.contract
        found = check_contract(answer, contract, accepted={}, streamed=streamed)
        documented = contract.operations[call.operation].success
        redirected = 300 <= answer.status < 400 and answer.status not in documented
        if isinstance(found, Deviation):
            call.differs = found.text
            return None
        if (
            400 <= answer.status < 500
            or answer.status in UPSTREAM
            or (found is not None and redirected)
            or _is_rpc_error(answer)
        ):
            call.rejected = True
            return None
        if found is not None and found.kind is ProblemKind.REDIRECT:
            call.rejected = True
            return None
        return found


def _form(body: Any) -> dict[str, str]:
    return {key: str(value) for key, value in body.items()} if isinstance(body, dict) else {}


def _is_rpc_error(answer: Answer) -> bool:
    body = json_of(answer)
    return isinstance(body, dict) and "jsonrpc" in body and "error" in body
