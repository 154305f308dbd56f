"""Conversion of the response of Locust's client to an :class:`~loadtest.client.answer.Answer`."""

from collections.abc import Mapping
from typing import cast

from locust.contrib.fasthttp import LocustBadStatusCode, ResponseContextManager

from loadtest.client.answer import Answer, Problem
from loadtest.results.failures import ProblemKind


def answer_of(
    operation: str, response: ResponseContextManager, *, streamed: bool = False
) -> tuple[Answer, Problem | None]:
    """Return the response, and a problem if there was none.

    The body of a successful ``streamed`` response is not read.
    """
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
