"""Result of a content check: the expected and the actual value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from loadtest.client.answer import Answer, MissingMember, Problem
from loadtest.results.failures import ProblemKind

LENGTH = 2000
"""Characters kept of the actual value; secrets are masked in it before it is shortened for display."""
_NOTHING = object()


class Mismatch(NamedTuple):
    """A response that satisfies the contract and has the wrong content."""

    text: str
    """``expected the entity in the list``; independent of the actual value, because failures are grouped by it."""
    actual: str = ""
    """The actual value on one line, unmasked; empty if there is nothing to show."""

    def __str__(self) -> str:
        return f"{self.text}, got {self.actual}" if self.actual else self.text


def expected(what: str, actual: Any = _NOTHING) -> Mismatch:
    """Return a mismatch between ``what`` was expected and the ``actual`` value, if that is worth showing.

    ``what`` continues "expected …". It may contain values that the scenario sent, but none from the response; for
    those, use :func:`refused`.
    """
    if actual is _NOTHING:
        return Mismatch(f"expected {what}")
    shown = actual if isinstance(actual, str) else repr(actual)
    return Mismatch(f"expected {what}", " ".join(shown[:LENGTH].split()))


def refused(what: str, reason: object) -> Mismatch:
    """Return a mismatch with the ``reason`` that the gateway gave; different reasons are different failures."""
    return Mismatch(f"expected {what}: {str(reason)[:LENGTH]}")


def content_problem(answer: Answer, content: Callable[[Answer], Mismatch | None]) -> Problem | None:
    """Return the problem that ``content`` finds in a response; a missing member is one, too."""
    try:
        mismatch = content(answer)
    except Problem as problem:
        return problem
    except MissingMember as missing:
        mismatch = expected(f"a member {missing.path!r}", answer.text)
    except LookupError as error:
        mismatch = expected(str(error.args[0]) if error.args else "another member", answer.text)
    if mismatch is None:
        return None
    return Problem(ProblemKind.CONTENT, mismatch.text, status=answer.status, actual=mismatch.actual)
