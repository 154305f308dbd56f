"""What is wrong with one answer: held against the contract, then looked at below HTTP, then at its content."""

from collections.abc import Callable, Mapping

from loadtest.client.answer import Answer, Deviation, check
from loadtest.client.mismatch import Mismatch, content_problem, expected
from loadtest.client.problem import Problem
from loadtest.client.report import Call
from loadtest.client.session import Session
from loadtest.failures import ProblemKind


def find_problem(
    session: Session,
    call: Call,
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
    found = check(answer, session.contract, accepted=accepted)
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


def find_stream_problem(session: Session, call: Call, answer: Answer) -> Problem | None:
    """Return what is wrong with the head of an answer that must be an event stream; note in ``call`` if it drifted."""
    found = check(answer, session.contract, accepted={}, streamed=True)
    if isinstance(found, Deviation):
        call.differs = found.text
    elif found is not None:
        return found
    if answer.media_type == "text/event-stream":
        return None
    mismatch = expected("an event stream", answer.media_type or "no content type")
    return Problem(ProblemKind.CONTENT, mismatch.text, status=answer.status, actual=mismatch.actual)
