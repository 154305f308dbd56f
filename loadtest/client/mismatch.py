"""What a check of an answer's content says: what it expected, and what came instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from loadtest.client.answer import Answer, MissingMember, Problem
from loadtest.results.failures import ProblemKind

LENGTH = 2000
"""Characters that are kept of what came instead, for secrets to be masked in it and a few to be shown."""
_NOTHING = object()


class Mismatch(NamedTuple):
    """A valid answer that is not the right one."""

    text: str
    """``expected the entity in the list``: the same whatever came, because failures are grouped by it."""
    actual: str = ""
    """What came instead, in one line, with its secrets; empty where there is nothing to show."""

    def __str__(self) -> str:
        return f"{self.text}, got {self.actual}" if self.actual else self.text


def expected(what: str, actual: Any = _NOTHING) -> Mismatch:
    """Return that ``what`` was expected of an answer, and what came instead, if that is worth showing.

    ``what`` goes on after "expected". It may hold what the scenario sent and nothing that the gateway answered, for
    which :func:`refused` is the exception.
    """
    if actual is _NOTHING:
        return Mismatch(f"expected {what}")
    shown = actual if isinstance(actual, str) else repr(actual)
    return Mismatch(f"expected {what}", " ".join(shown[:LENGTH].split()))


def refused(what: str, reason: object) -> Mismatch:
    """Return that ``what`` was expected, and that the gateway says why not: another ``reason`` is another failure."""
    return Mismatch(f"expected {what}: {str(reason)[:LENGTH]}")


def content_problem(answer: Answer, content: Callable[[Answer], Mismatch | None]) -> Problem | None:
    """Return what ``content`` has against an answer, a member that is missing included."""
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
