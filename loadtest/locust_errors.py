"""Understanding the one line that Locust keeps of a failure.

Our own client writes ``[KIND STATUS CODE] message``, the last two where there are any; other locustfiles leave
the ``repr`` of an exception or words of their own.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from loadtest.failures import ProblemKind

_OURS = re.compile(r"^\[([a-z-]+)(?: (\d{3}))?(?: ([^\]\s]+))?\] ?(.*)$", re.DOTALL)
_WRAPPED = re.compile(r"^(?:\w+\.)*(\w+)\((.*)\)$", re.DOTALL)
_OWN_WORDS = ("CatchResponseError", "LocustError", "ResponseError", "Exception", "AssertionError")
_STATUS = (
    re.compile(r"^(?:HTTP ?)?(\d{3}) (?:Client|Server) Error\b"),
    re.compile(r"^\w*BadStatusCode\(.*?\bcode=(\d{3})\b", re.DOTALL),
    re.compile(r"(?i)\b(?:status(?:[ _]code)?|HTTP)\b\D{0,12}\b([1-5]\d\d)\b"),
)
_NAMES = frozenset(ProblemKind)
_KINDS: tuple[tuple[ProblemKind, re.Pattern[str]], ...] = (
    (ProblemKind.TIMEOUT, re.compile(r"(?i)timeout|timed out")),
    (
        ProblemKind.CONNECTION,
        re.compile(
            r"(?i)connection ?(refused|reset|aborted|error|closed)|RemoteDisconnected|HTTPConnectionClosed"
            r"|broken ?pipe|gaierror|NewConnectionError|MaxRetryError|HTTPParseError|not reachable"
        ),
    ),
    (ProblemKind.JSON, re.compile(r"JSONDecodeError|Expecting value: line")),
)


@dataclass(frozen=True)
class Understood:
    """A failure as far as its one line tells it."""

    problem: ProblemKind
    message: str
    status: int | None = None
    code: str | None = None


def understand(text: str) -> Understood:
    """Return what Locust's line ``text`` says; what is not recognised is of the kind ``other``."""
    text = text.strip()
    kind, inner = _unwrap(text)
    ours = _ours(inner)
    if ours is not None:
        return ours
    for pattern in _STATUS:
        found = pattern.search(inner) or pattern.search(text)
        if found:
            return Understood(ProblemKind.STATUS, inner or text, int(found[1]))
    for problem, pattern in _KINDS:
        if pattern.search(kind) or pattern.search(inner):
            return Understood(problem, inner or text)
    return Understood(ProblemKind.OTHER, inner or text or "no message")


def _unwrap(text: str) -> tuple[str, str]:
    """Return the name of the exception, or nothing, and its message without quotes.

    The name stays in the message unless it is one of those that say nothing of their own.
    """
    found = _WRAPPED.match(text)
    if not found:
        return "", text
    name, arguments = found[1], found[2].strip()
    try:
        value = ast.literal_eval(arguments)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return name, text
    if not isinstance(value, str):
        return name, text
    if _OURS.match(value):
        return name, value
    return (name, value) if name in _OWN_WORDS or name.endswith("HTTPError") else (name, f"{name}: {value}")


def _ours(text: str) -> Understood | None:
    found = _OURS.match(text)
    if not found or found[1] not in _NAMES:
        return None
    return Understood(ProblemKind(found[1]), found[4], int(found[2]) if found[2] else None, found[3])
