"""What is told of one call: to Locust whether it succeeded, to the recorder all that Locust does not know."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadtest.client.answer import Answer, Problem
from loadtest.client.evidence import build_example, sent_secrets
from loadtest.client.request import CORRELATION_HEADER, PreparedRequest
from loadtest.core.redact import Redactor
from loadtest.results.failures import Example

if TYPE_CHECKING:
    from locust.contrib.fasthttp import ResponseContextManager


@dataclass(slots=True)
class CallContext:
    """What the recorder learns of one call beyond what Locust tells it."""

    operation: str
    area: str
    scenario: str | None
    validated: bool = False
    differs: str | None = None
    """How the answer differs from the contract although it is right."""
    accepted: str | None = None
    example: Example | None = None
    after: str | None = None
    """The operation whose failure in the same scenario came before this call, which is made to clean up."""
    late: float = 0.0
    """Milliseconds from when the scenario was meant to begin until this call, its first, went out."""


def report_call(
    response: ResponseContextManager,
    request: PreparedRequest,
    call: CallContext,
    answer: Answer,
    problem: Problem | None,
    redactor: Redactor,
) -> Problem | None:
    """Tell Locust how ``call`` ended, within its ``with`` block; a ``problem`` leaves its evidence in ``call``.

    Returns the problem as it was told: without what ``redactor`` knows, and without the secrets of the request.
    """
    if problem is None:
        response.success()
        return None
    redactor = redactor.knowing(sent_secrets(request.headers, request.body))
    problem = problem.masked(redactor)
    call.example = build_example(
        method=request.method,
        url=request.url,
        headers=request.headers,
        body=request.body,
        answer=answer if answer.status else None,
        at=time.time(),
        correlation_id=request.headers[CORRELATION_HEADER],
        redactor=redactor,
        actual=problem.actual,
    )
    response.failure(problem)
    return problem
