"""Understanding the one line that Locust keeps of a failure.

Our own client writes ``[KIND STATUS CODE] message``, the last two where there are any; other locustfiles leave
the ``repr`` of an exception or words of their own. A number counts as the status of the response only in a shape
that says so: one after "expected", in an address, a duration or a number of things does not.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from http import HTTPStatus

from loadtest.results.failures import ProblemKind

_OURS = re.compile(r"^\[([a-z-]+)(?: (\d{3}))?(?: ([^\]\s]+))?\] ?(.*)$", re.DOTALL)
_WRAPPED = re.compile(r"^(?:\w+\.)*(\w+)\((.*)\)$", re.DOTALL)
_OWN_WORDS = ("CatchResponseError", "LocustError", "ResponseError", "Exception", "AssertionError")
_NAMES = frozenset(ProblemKind)
_LONGEST = 2000
"""Characters that are searched; what is behind them is a body."""

_ELSEWHERE = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>)]*"  # addresses
    r"|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?"
    r"|(?<![\w/])/[\w./{}\[\]%?&=~-]*"  # paths
    r"|\b[\d.,]+ ?(?:ms|µs|us|ns|s|secs?|seconds?|minutes?|min|h|%|[kKMG]i?B|bytes?|chars?|characters|items?|rows?"
    r"|records?|results?|entries|tools|users|times|requests|elements?|lines?|tokens?)\b",
    re.IGNORECASE,
)
"""Where numbers stand that are no status."""
_JSONRPC = re.compile(
    r"(?i)\bJSON-?RPC(?: 2\.0)? error[^\w-]*(-?\d+|unknown|\?)?\]?\)?\s*[:,-]?\s*(.*)$", re.DOTALL
)
_JSONRPC_CODE = re.compile(r"""\bcode['"]?\s*[:=]\s*(-32\d{3})\b""")
_GRPC = re.compile(r"\bStatusCode\.([A-Z_]+)\b")
_GRPC_KINDS = {"UNAVAILABLE": ProblemKind.CONNECTION, "DEADLINE_EXCEEDED": ProblemKind.TIMEOUT}

_N = r"(?P<status>[1-5]\d\d)(?![\w.%]|[,:]\d)"
_SET = r"[\[({]?(?:[1-5](?:\d\d|xx)(?:,? (?:or |and )?|, ?|/|\|)?)+[\])}]?"
_STATUS = r"(?:HTTP(?:/\d(?:\.\d)?)?|status(?:Code)?|http_status|response)"
_GLUE = r"(?:[\s_'\":=(\[<-]|unexpected|wrong|bad|http|codes?|is|was|of|error|response|status|an?){0,12}"
_END = (
    r"(?=\s*(?:$|[^\w\s]|(?:instead|but|for|from|on|when|while|error)\b|"
    + "|".join(re.escape(status.phrase) for status in HTTPStatus)
    + "))"
)
_CAME = r"\b(?:got|received|returns?|returned|responded(?: with)?|answered(?: with)?|actual|but (?:was|is))"

_NAMED_SHAPES = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"\b{_N} (?:Client|Server) Error\b",  # requests
        rf"\b(?:Client|Server|Redirect) (?:error|response) '{_N} ",  # httpx
        rf"\btoo many {_N} error responses",  # urllib3
        rf"\b{_N}, ?message=",  # aiohttp
        rf"BadStatusCode\(.*?\bcode={_N}",  # Locust's fast client
        rf"\breturned error: {_N}",  # curl
        rf"{_CAME}{_GLUE}{_STATUS}{_GLUE}{_N}",
        rf"\b{_STATUS}{_GLUE}{_N}",
    )
)
"""Shapes that say that the number is a status."""
_PHRASED = re.compile(
    r"(?i)\b(?P<status>"
    + "|".join(rf"{one.value}(?=:? {re.escape(one.phrase)}\b)" for one in HTTPStatus)
    + ")"
)
_BARE_SHAPE = re.compile(rf"(?i){_CAME}{_GLUE}{_N}{_END}")
"""A shape that says what came, and not of what."""
_WEAK_SHAPE = re.compile(rf"(?i)\b(?:was|is|found|saw){_GLUE}{_N}{_END}")
"""What counts only beside an expected status."""
_FAILED_SHAPE = re.compile(
    rf"(?i)\b(?:error(?: code)?:? |fail(?:ed|ure)\b[^:\d(]{{0,60}}(?:: |with |\()|unexpected\b[^:\d]{{0,40}}:? )"
    rf"{_N}(?:{_END}|(?= [{{\[\"<]))"
)
"""What counts only for a status that says failure."""
_EXPECTED = re.compile(
    r"(?i)\b(?:expect(?:ed|ing|s)?|want(?:ed)?|should (?:be|have been|return)|allowed|must be|instead of|rather than"
    r"|not in|one of)(?:\s|[:=]|\b(?:to|be|get|have|return|receive|see|an?|one|of|http|status|codes?)\b){0,12}"
    rf"(?P<set>{_SET})(?!\d)"
)
_COMPARED = re.compile(r"\b([1-5]\d\d) (?:!=|<>|==) ([1-5]\d\d)\b")
_OUTSIDE = re.compile(
    rf"(?i)\b{_N} (?:is )?(?:not in|not one of|instead of|rather than|is not) [\[({{]?[1-3](?:\d\d|xx)(?!\d)"
)
_NOTHING = re.compile(
    rf"(?i)(?:{_CAME}|\b{_STATUS}|\bcode|\bfail(?:ed|ure)[^:\d]{{0,60}}:?){_GLUE}0(?![\w.])(?=\s*(?:$|[^\w\s]))"
)
"""A status of 0 is what Locust's fast client reports where no response came."""
_KINDS: tuple[tuple[ProblemKind, re.Pattern[str]], ...] = (
    (ProblemKind.TIMEOUT, re.compile(r"(?i)timeout|timed[ -]?out")),
    (
        ProblemKind.CONNECTION,
        re.compile(
            r"(?i)connection ?(refused|reset|aborted|error|closed)|RemoteDisconnected|HTTPConnectionClosed"
            r"|broken ?pipe|gaierror|NewConnectionError|MaxRetryError|HTTPParseError|not reachable"
            r"|failed to connect|could not connect|no route to host|network is unreachable|ServerDisconnected"
        ),
    ),
    (
        ProblemKind.JSON,
        re.compile(r"(?i)JSONDecodeError|Expecting value: line|\b(not|invalid|expected) JSON\b"),
    ),
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
    message = inner or text
    head = message[:_LONGEST]
    rpc = _jsonrpc(head, message)
    if rpc is not None:
        return rpc
    status = status_of(head) or status_of(text[:_LONGEST])
    if status is not None and status >= 400:
        return Understood(ProblemKind.STATUS, message, status)
    if status is None and _NOTHING.search(_ELSEWHERE.sub(" ", head)):
        return Understood(ProblemKind.CONNECTION, message)
    grpc = _GRPC.search(head)
    if grpc:
        return Understood(_GRPC_KINDS.get(grpc[1], ProblemKind.OTHER), message, code=grpc[1])
    for problem, pattern in _KINDS:
        if pattern.search(kind) or pattern.search(head):
            return Understood(problem, message, status)
    if status is not None:
        return Understood(ProblemKind.STATUS, message, status)
    return Understood(ProblemKind.OTHER, message or "no message")


def status_of(text: str) -> int | None:
    """Return the status of the response that ``text`` speaks of, or None where no number is surely one."""
    plain = _ELSEWHERE.sub(" ", text)
    if compared := _COMPARED.search(plain):
        # Test libraries differ in which side is what came; one of the two is no success.
        sides = {int(compared[1]), int(compared[2])}
        failed = [side for side in sides if side >= 400]
        return failed[0] if len(failed) == 1 and _registered(failed[0]) else None
    if outside := _OUTSIDE.search(plain):
        return int(outside["status"]) if _registered(int(outside["status"])) else None
    came = _EXPECTED.sub(" ; ", plain)
    matches = [match for shape in (*_NAMED_SHAPES, _PHRASED) for match in shape.finditer(came)]
    expected = _EXPECTED.search(plain)
    if expected or "expect" not in plain.casefold():
        matches += [one for one in _BARE_SHAPE.finditer(came) if expected or int(one["status"]) >= 400]
    if expected and int(expected["set"].lstrip("[({")[0]) < 4:
        matches += _WEAK_SHAPE.finditer(came)
    matches += [one for one in _FAILED_SHAPE.finditer(came) if int(one["status"]) >= 400]
    return next((status for one in matches if _registered(status := int(one["status"]))), None)


def _registered(status: int) -> bool:
    return status in _STATUSES


_STATUSES = frozenset(status.value for status in HTTPStatus) | {
    *(419, 420, 430, 440, 444, 449, 450, 460, 463, 494, 495, 496, 497, 498, 499),
    *(509, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 540, 561, 598, 599),
}


def _jsonrpc(head: str, message: str) -> Understood | None:
    found = _JSONRPC.search(head)
    if found:
        code = found[1] if found[1] and found[1] not in ("unknown", "?") else None
        return Understood(ProblemKind.JSONRPC, message[found.start(2) :] or message, code=code)
    code_alone = _JSONRPC_CODE.search(head)
    return Understood(ProblemKind.JSONRPC, message, code=code_alone[1]) if code_alone else None


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
