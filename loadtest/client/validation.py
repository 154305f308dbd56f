"""What is wrong with one answer: held against the contract, then looked at below HTTP, then at its content."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loadtest.client.answer import Answer, Deviation, Problem, refusal_reason
from loadtest.client.call import CallContext
from loadtest.client.mismatch import Mismatch, content_problem, expected
from loadtest.client.session import Session
from loadtest.openapi.contract import Contract
from loadtest.results.failures import ProblemKind


def check_contract(
    answer: Answer, contract: Contract, *, accepted: Mapping[int, str], streamed: bool = False
) -> Problem | Deviation | None:
    """Hold ``answer`` against the contract.

    An operation that the contract does not have (a JSON-RPC method's own name, a redirect's target) is held
    to "2xx or 3xx" only. Of a ``streamed`` answer there is no body yet, and an event stream is right although
    the document, for want of a word for it, says JSON. Returns None if all is well, a Deviation if
    the version's data excuses everything that differs.
    """
    status = answer.status
    if status in accepted:
        return None
    refused = _refused_by_redirect(answer)
    if refused is not None:
        return refused
    documented = contract.operations.get(answer.operation)
    if documented is None:
        return None if 200 <= status < 400 else _bad_status(answer)
    promise = documented.success.get(status)
    if promise is None:
        if 200 <= status < 400 and contract.drifted(answer.operation, status=status):
            return Deviation(f"status {status}")
        return _bad_status(answer)
    if streamed or "application/json" not in promise.media_types:
        return None
    if not answer.media_type.endswith("json"):
        if contract.drifted(answer.operation, media_type=answer.media_type):
            return Deviation(f"media type {answer.media_type or 'none'}")
        if answer.media_type:
            other = f"expected JSON, got {answer.media_type}"
            return Problem(ProblemKind.JSON, other, status=status)
    return _checked_body(answer, contract, promise.schema)


def _refused_by_redirect(answer: Answer) -> Problem | None:
    """Tell a redirect that means "done" from one that means "refused": an HTML form's error is a 303, too.

    Back to the log-in page means refused, unless it was left on purpose or has a good notice to show.
    """
    if not 300 <= answer.status < 400:
        return None
    location = str(answer.headers.get("location") or "")
    page, _, query = location.partition("?")
    to_login = page.endswith("/login") and "logout" not in answer.operation and "notice=" not in query
    if "error=" in location or "change-password-required" in location or to_login:
        return Problem(ProblemKind.REDIRECT, f"redirected to {location}", status=answer.status)
    return None


def _checked_body(answer: Answer, contract: Contract, pointer: str | None) -> Problem | Deviation | None:
    try:
        body = answer.json
    except Problem as problem:
        return problem
    broken = contract.violations(pointer, body) if pointer else ()
    for violation in broken:
        if not contract.drifted(answer.operation, violation=violation):
            return Problem(ProblemKind.SCHEMA, violation, status=answer.status)
    return Deviation("; ".join(broken)) if broken else None


def _bad_status(answer: Answer) -> Problem:
    return Problem(ProblemKind.STATUS, refusal_reason(answer), status=answer.status)


def find_problem(
    session: Session,
    call: CallContext,
    answer: Answer,
    *,
    accepted: Mapping[int, str],
    below: Callable[[Answer], Problem | None] | None,
    content: Callable[[Answer], Mismatch | None] | None,
) -> Problem | None:
    """Return the first problem of ``answer``; note in ``call`` what was validated, drifted or accepted.

    An answer with an ``accepted`` status is looked at no further. ``below`` looks below HTTP, ``content`` says what is
    wrong with the content.
    """
    call.validated = True
    found = check_contract(answer, session.contract, accepted=accepted)
    if isinstance(found, Deviation):
        call.differs = found.text
    elif found is not None:
        return found
    elif answer.status in accepted:
        call.accepted = accepted[answer.status]
        return None
    met = below(answer) if below else None
    if met is None and content is not None:
        met = content_problem(answer, content)
    return met


def find_stream_problem(session: Session, call: CallContext, answer: Answer) -> Problem | None:
    """Return what is wrong with the head of an answer that must be an event stream; note in ``call`` if it drifted."""
    found = check_contract(answer, session.contract, accepted={}, streamed=True)
    if isinstance(found, Deviation):
        call.differs = found.text
    elif found is not None:
        return found
    if answer.media_type == "text/event-stream":
        return None
    mismatch = expected("an event stream", answer.media_type or "no content type")
    return Problem(ProblemKind.CONTENT, mismatch.text, status=answer.status, actual=mismatch.actual)
