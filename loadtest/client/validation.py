"""Validation of a response: against the contract, then its protocol, its content and its shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadtest.client.answer import Answer, Deviation, Problem, refusal_reason
from loadtest.client.call import CallContext
from loadtest.client.mismatch import Mismatch, content_problem, expected
from loadtest.client.protocols.cookies import cookie_problem
from loadtest.client.protocols.pages import page_problem
from loadtest.client.refusal import recorded_as
from loadtest.client.session import Session
from loadtest.openapi.contract import Contract
from loadtest.results.failures import ProblemKind
from loadtest.shapes.shape import NULL


def check_contract(
    answer: Answer,
    contract: Contract,
    *,
    accepted: Mapping[int, str],
    streamed: bool = False,
    typical: bool = False,
) -> Problem | Deviation | None:
    """Validate ``answer`` against the contract.

    An operation that is not in the contract (the name of a JSON-RPC method, the target of a redirect) must only have a
    status 2xx or 3xx. A ``streamed`` response has no body yet, and may be an event stream where the document states
    JSON. The body of a ``typical`` response was validated before. Returns None if the response is valid, and a
    Deviation if the version's data lists all its mismatches.
    """
    status = answer.status
    if status in accepted:
        return None
    rejection = _rejecting_redirect(answer)
    if rejection is not None:
        return rejection
    documented = contract.operations.get(answer.operation)
    if documented is None:
        return None if 200 <= status < 400 else _bad_status(answer)
    documented_response = documented.success.get(status)
    if documented_response is None:
        if 200 <= status < 400 and contract.drifted(answer.operation, status=status):
            return Deviation(f"status {status}")
        return _bad_status(answer)
    if streamed or "application/json" not in documented_response.media_types:
        return None
    if not _is_json(answer):
        if contract.drifted(answer.operation, media_type=answer.media_type):
            return Deviation(f"media type {answer.media_type or 'none'}")
        if answer.media_type:
            other = f"expected JSON, got {answer.media_type}"
            return Problem(ProblemKind.JSON, other, status=status)
    return None if typical else _checked_body(answer, contract, documented_response.schema)


def _rejecting_redirect(answer: Answer) -> Problem | None:
    """Return a problem if a redirect reports an error; HTML forms respond with 303 in either case.

    A redirect to the sign-in page is an error, except after a sign-out or with a notice of success.
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


def _is_json(answer: Answer) -> bool:
    """Return whether a response is one JSON document, not one on each line."""
    return answer.media_type.endswith("json") and not answer.media_type.endswith("ndjson")


def _bad_status(answer: Answer) -> Problem:
    return Problem(ProblemKind.STATUS, refusal_reason(answer), status=answer.status)


def find_problem(
    session: Session,
    call: CallContext,
    answer: Answer,
    *,
    accepted: Mapping[int, str],
    protocol: Callable[[Answer], Problem | None] | None,
    content: Callable[[Answer], Mismatch | None] | None,
) -> Problem | None:
    """Return the first problem of ``answer``; record in ``call`` what was validated, mismatched or allowed.

    Of a response with an ``accepted`` status, only the cookies are checked. ``protocol`` finds problems of the protocol
    above HTTP, ``content`` checks the content.
    """
    call.validated = True
    call.media_type = answer.media_type
    body = json_of(answer)
    typical = body is not None and session.shapes.is_typical(
        session.contract, call.operation, answer.status, body
    )
    found = check_contract(answer, session.contract, accepted=accepted, typical=typical)
    if isinstance(found, Deviation):
        call.differs = found.text
    elif found is not None:
        return found
    elif answer.status in accepted:
        call.accepted = accepted[answer.status]
        return cookie_problem(answer)
    problem = cookie_problem(answer) or page_problem(answer) or (protocol(answer) if protocol else None)
    if problem is None and content is not None:
        problem = content_problem(answer, content)
    if problem is None:
        # Last: shapes are recorded from correct responses only, and a known failure of the content may have another.
        message = answer.message if answer.message is not None else body
        if message is not None:
            problem = _shape_problem(session, call, answer.status, message, typical=typical)
        elif not answer.body and session.shapes.has(call.operation, str(answer.status)):
            problem = Problem(ProblemKind.SHAPE, "expected a JSON body, got none", status=answer.status)
    return problem


def refusal_problem(session: Session, call: CallContext, answer: Answer, label: str = "") -> Problem | None:
    """Return the first difference of a refusal from those recorded; record in ``call`` what was seen.

    ``label`` is that of the negative case; empty for a refusal that a scenario expects.
    """
    if not session.as_recorded:
        return None
    call.recorded_as = recorded_as(answer, label)
    body = json_of(answer)
    if not call.recorded_as or body is None:
        return None
    return _shape_problem(session, call, answer.status, body)


def _shape_problem(
    session: Session, call: CallContext, status: int, body: Any, *, typical: bool = False
) -> Problem | None:
    """Return the first difference of a JSON body from its recorded shape; record in ``call`` what was seen.

    Another literal is a failure only if the place had no expected one in the whole run, so it is recorded, with the
    response. In a scenario that is not built in, a null or another literal is no difference: the shapes were recorded
    with the requests of built-in scenarios, and whether a property may be null if it was not sent is stated by the
    contract, checked before.
    """
    found = session.shapes.examine(call.operation, call.recorded_as or str(status), body, typical=typical)
    call.compared, call.shape, call.added = found.compared, found.sample, found.added
    if not found.differences:
        return None
    custom = (call.scenario or "").partition(".")[0] in session.custom
    differences = [
        one for one in found.differences if not one.of_literal and not (custom and one.actual == NULL)
    ]
    if differences:
        first, *others = map(str, differences)
        return Problem(ProblemKind.SHAPE, first, status=status, actual="; ".join(others))
    if not custom:
        call.unexpected = tuple(one for one in found.differences if one.of_literal)
        call.keeps_example = call.keeps_example or bool(call.unexpected)
    return None


def json_of(answer: Answer) -> Any:
    """Return the decoded body, or the JSON-RPC message of a short event stream; None if it is neither."""
    if answer.message is not None:
        return answer.message
    if not answer.body or not _is_json(answer):
        return None
    try:
        return answer.json
    except Problem:
        return None  # the contract does not require JSON here


def find_stream_problem(session: Session, call: CallContext, answer: Answer) -> Problem | None:
    """Return the problem of a response that must be an event stream; record a mismatch in ``call``."""
    found = check_contract(answer, session.contract, accepted={}, streamed=True)
    if isinstance(found, Deviation):
        call.differs = found.text
    elif found is not None:
        return found
    if answer.media_type == "text/event-stream":
        return None
    mismatch = expected("an event stream", answer.media_type or "no content type")
    return Problem(ProblemKind.CONTENT, mismatch.text, status=answer.status, actual=mismatch.actual)
