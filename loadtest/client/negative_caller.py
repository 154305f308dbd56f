"""Sends negative cases and reports their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from locust.exception import StopUser

from loadtest.client.answer import Answer, Problem
from loadtest.client.call import CallContext, masked, unexpected_in
from loadtest.client.connection.transport import answer_of
from loadtest.client.evidence import build_example, sent_secrets
from loadtest.client.refusal import Finding, compare, outcome_of
from loadtest.client.request import CORRELATION_HEADER, PreparedRequest, find_route, make_request
from loadtest.client.validation import refusal_problem
from loadtest.core import clock
from loadtest.core.operations import base
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase
from loadtest.results.outcome import CallFailure, RefusalResult
from loadtest.results.refusals import Standing
from loadtest.versions.refusals import Outcomes, RefusalRules

if TYPE_CHECKING:
    from loadtest.client.caller import Caller


class NegativeCaller:
    """Sends negative cases for one user, over its connections.

    Locust does not see them: they are in neither its statistics nor the latency and error rates of the run.
    """

    def __init__(
        self,
        caller: Caller,
        outcomes: Outcomes,
        rules: RefusalRules,
        on_result: Callable[[RefusalResult], None],
    ) -> None:
        self.caller = caller
        self.outcomes = outcomes
        self.rules = rules
        self._on_result = on_result

    def send(
        self, case: NegativeCase, bearer: str, judge: Callable[[Answer], Finding] | None = None
    ) -> Answer | None:
        """Send ``case`` with the token ``bearer``, which may be empty, and report its outcome.

        The outcome is compared with the recorded one, or else judged by ``judge``; then it is not recorded. Returns the
        response; None if there was none.

        Raises:
            StopUser: the load is ending.
        """
        session = self.caller.session
        if session.stopping:
            raise StopUser
        route = find_route(case.operation, session.contract)
        request = make_request(
            route._replace(path=case.served or route.path),
            host=session.host,
            token=bearer,
            correlation_id=session.correlation_id(),
            path=case.path,
            params=case.params,
            json=case.json,
            headers=case.headers,
        )
        if case.raw is not None:
            request = request._replace(
                body=case.raw, headers=request.headers | {"Content-Type": "application/json"}
            )
        answer, problem = self._exchange(case.operation, request)
        if problem is not None:
            self.undecided(case)
            return None
        outcome = outcome_of(answer)
        if judge is not None:
            recorded: tuple[str, ...] = ()
            found = judge(answer)
            rule = self.rules.reason(case.operation, case.label, outcome)
            if found.problem is not None and rule is not None:
                found = Finding(Standing.AS_RECORDED, reason=f"{rule.kind}: {rule.reason}")
        else:
            recorded = self.outcomes.get(case.operation, {}).get(case.label, ())
            found = compare(case, outcome, recorded, self.rules, exactly=session.as_recorded)
        actual = outcome + (f" instead of {' or '.join(recorded)}" if recorded else "")
        call = CallContext(case.operation, self.caller.scenario)
        # The violations of a query have one form in all operations, and were judged.
        if found.problem is None and case.group is not CaseGroup.INVALID_QUERY:
            differs = refusal_problem(session, call, answer, case.label)
            if differs is not None:
                found = Finding(Standing.FAILED, differs.kind, f"{case.label}: {differs.message}")
                actual = differs.actual
        self._report(case, request, answer, found, call, actual, outcome if judge is None else "")
        return answer

    def delete(self, operation: str, path: Mapping[str, str]) -> None:
        """Delete what an accepted request created, as the administrator, without counting the request.

        What is still there after the load is reported with all other entities.
        """
        session = self.caller.session
        request = make_request(
            find_route(operation, session.contract),
            host=session.host,
            token=session.bearer,
            correlation_id=session.correlation_id(),
            path=path,
        )
        self._exchange(operation, request)

    def undecided(self, case: NegativeCase) -> None:
        """Report that ``case`` cannot be sent."""
        self._on_result(
            RefusalResult(
                operation=case.operation,
                label=case.label,
                outcome="",
                standing=Standing.UNDECIDED,
                scenario=self.caller.scenario,
                finished=clock.now(),
            )
        )

    def _exchange(self, operation: str, request: PreparedRequest) -> tuple[Answer, Problem | None]:
        http = self.caller.http
        with self.caller.session.limiter.slot(base(operation)):
            response = http.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                catch_response=True,
                # A stream that is opened by mistake never ends.
                stream=True,
            )
            headers: Mapping[str, Any] = response.headers or {}
            streamed = str(headers.get("content-type", "")).startswith("text/event-stream")
            # Outside its `with` block, Locust does not report the response.
            answer, problem = answer_of(operation, response, streamed=streamed)
        if streamed or problem is not None or answer.status >= 500:
            http.client.clientpool.close()
        return answer, problem

    def _report(
        self,
        case: NegativeCase,
        request: PreparedRequest,
        answer: Answer,
        found: Finding,
        call: CallContext,
        actual: str,
        outcome: str,
    ) -> None:
        """Report what was ``found``, and what the comparison of shapes recorded in ``call``."""
        example = None
        if found.problem is not None or call.unexpected:
            redactor = self.caller.session.redactor.with_secrets(sent_secrets(request.headers, request.body))
            call.unexpected = masked(call.unexpected, redactor)
            example = build_example(
                method=request.method,
                url=request.url,
                headers=request.headers,
                body=request.body,
                answer=answer,
                at=clock.now(),
                correlation_id=request.headers[CORRELATION_HEADER],
                redactor=redactor,
                actual=actual,
            )
        fault = None
        if found.problem is not None:
            fault = CallFailure(
                problem=found.problem, message=found.message, status=answer.status, example=example
            )
        self._on_result(
            RefusalResult(
                operation=case.operation,
                label=case.label,
                outcome=outcome,
                standing=found.standing,
                scenario=self.caller.scenario,
                finished=clock.now(),
                reason=found.reason,
                status=answer.status,
                shape=call.shape,
                recorded_as=call.recorded_as,
                added=call.added,
                unexpected=unexpected_in(call),
                example=example if call.unexpected else None,
                fault=fault,
            )
        )
