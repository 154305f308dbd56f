"""Report of one call: success or failure for Locust, further details for the recorder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadtest.client.answer import Answer, Problem
from loadtest.client.evidence import build_example, sent_secrets
from loadtest.client.request import CORRELATION_HEADER, PreparedRequest
from loadtest.core import clock
from loadtest.core.redact import Redactor
from loadtest.results.failures import Example
from loadtest.results.outcome import Unexpected
from loadtest.shapes.expected import Difference
from loadtest.shapes.shape import Shape

if TYPE_CHECKING:
    from locust.contrib.fasthttp import ResponseContextManager


@dataclass(slots=True)
class CallContext:
    """Details of one call that Locust's request event does not have."""

    operation: str
    scenario: str | None
    validated: bool = False
    differs: str | None = None
    """Contract mismatch of a correct response."""
    media_type: str = ""
    """Of the response."""
    compared: bool = False
    """Whether the shape of the response was compared with a recorded one."""
    shape: Shape | None = None
    """Shape of a response, if it is a sample to record."""
    recorded_as: str = ""
    """Of a refusal: what its shape is recorded as, instead of its status."""
    added: tuple[str, ...] = ()
    """Paths of keys that the recorded shape does not have."""
    unexpected: tuple[Difference, ...] = ()
    """Texts, flags and numbers that the recorded shape does not have."""
    accepted: str | None = None
    """Reason why a status outside the contract is allowed."""
    refused: bool = False
    """An expected refusal."""
    rejected: bool = False
    """A generated request that the gateway rejected."""
    example: Example | None = None
    keeps_example: bool = False
    """Request and response are kept even if the call succeeds."""
    after: str | None = None
    """If this call cleans up after a failure: the operation that failed."""
    waits: float = 0.0
    """Seconds that the scenario waits for its result before and in this call: a failure may depend on time."""
    began: float = field(default_factory=clock.now)
    """Unix time in seconds."""
    late: float = 0.0
    """For the first call of a scheduled scenario: milliseconds since its scheduled start."""


def masked(differences: tuple[Difference, ...], redactor: Redactor) -> tuple[Difference, ...]:
    """Return ``differences`` with the secrets of ``redactor`` masked."""
    return tuple(one._replace(actual=redactor.mask(one.actual)) for one in differences)


def unexpected_in(call: CallContext) -> tuple[Unexpected, ...]:
    """Return the unexpected texts, flags and numbers of a call as they are recorded."""
    return tuple(Unexpected(one.path, tuple(sorted(one.literals)), str(one)) for one in call.unexpected)


def report_call(
    response: ResponseContextManager,
    request: PreparedRequest,
    call: CallContext,
    answer: Answer,
    problem: Problem | None,
    redactor: Redactor,
) -> Problem | None:
    """Report the result of ``call`` to Locust, within its ``with`` block; store the evidence of a ``problem``.

    Evidence of a success is stored if the call keeps it.

    Returns the reported problem, with the secrets of ``redactor`` and of the request masked.
    """
    if problem is None and not call.keeps_example:
        response.success()
        return None
    redactor = redactor.with_secrets(sent_secrets(request.headers, request.body))
    problem = problem.masked(redactor) if problem is not None else None
    call.unexpected = masked(call.unexpected, redactor)
    call.example = build_example(
        method=request.method,
        url=request.url,
        headers=request.headers,
        body=request.body,
        answer=answer if answer.status else None,
        at=clock.now(),
        correlation_id=request.headers[CORRELATION_HEADER],
        redactor=redactor,
        actual=problem.actual if problem is not None else "",
    )
    if problem is None:
        response.success()
    else:
        response.failure(problem)
    return problem
