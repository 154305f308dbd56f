"""Parsing of the one-line error that Locust records for a failure.

The built-in client writes ``[KIND STATUS CODE] message``, with status and code where available; other locustfiles
record the ``repr`` of an exception or free text. A number is only taken for the response status if the text marks it
as one: a number after "expected", in an address, a duration or a count is not.
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
"""Maximum number of characters searched; later ones are part of a response body."""

_ELSEWHERE = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>)]*"  # addresses
    r"|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?"
    r"|(?<![\w/])/[\w./{}\[\]%?&=~-]*"  # paths
    r"|\b[\d.,]+ ?(?:ms|µs|us|ns|s|secs?|seconds?|minutes?|min|h|%|[kKMG]i?B|bytes?|chars?|characters|items?|rows?"
    r"|records?|results?|entries|tools|users|times|requests|elements?|lines?|tokens?)\b",
    re.IGNORECASE,
)
"""Text whose numbers are not statuses."""
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
"""Patterns that mark a number as a status."""
_PHRASED = re.compile(
    r"(?i)\b(?P<status>"
    + "|".join(rf"{one.value}(?=:? {re.escape(one.phrase)}\b)" for one in HTTPStatus)
    + ")"
)
_BARE_SHAPE = re.compile(rf"(?i){_CAME}{_GLUE}{_N}{_END}")
"""Pattern for a received value that does not mention a status."""
_WEAK_SHAPE = re.compile(rf"(?i)\b(?:was|is|found|saw){_GLUE}{_N}{_END}")
"""Pattern that only counts if the text also has an expected status."""
_FAILED_SHAPE = re.compile(
    rf"(?i)\b(?:error(?: code)?:? |fail(?:ed|ure)\b[^:\d(]{{0,60}}(?:: |with |\()|unexpected\b[^:\d]{{0,40}}:? )"
    rf"{_N}(?:{_END}|(?= [{{\[\"<]))"
)
"""Pattern that only counts for a status of 400 or above."""
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
"""Pattern for a status of 0, which Locust's fast client reports if there was no response."""
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
class ParsedError:
    """A failure, as parsed from its one-line error."""

    problem: ProblemKind
    message: str
    status: int | None = None
    code: str | None = None


def parse_error(text: str) -> ParsedError:
    """Parse Locust's one-line error ``text``; unrecognised errors are of the kind ``other``."""
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
        return ParsedError(ProblemKind.STATUS, message, status)
    if status is None and _NOTHING.search(_ELSEWHERE.sub(" ", head)):
        return ParsedError(ProblemKind.CONNECTION, message)
    grpc = _GRPC.search(head)
    if grpc:
        return ParsedError(_GRPC_KINDS.get(grpc[1], ProblemKind.OTHER), message, code=grpc[1])
    for problem, pattern in _KINDS:
        if pattern.search(kind) or pattern.search(head):
            return ParsedError(problem, message, status)
    if status is not None:
        return ParsedError(ProblemKind.STATUS, message, status)
    return ParsedError(ProblemKind.OTHER, message or "no message")


def status_of(text: str) -> int | None:
    """Return the response status mentioned in ``text``, or None if no number is clearly one."""
    plain = _ELSEWHERE.sub(" ", text)
    if compared := _COMPARED.search(plain):
        # Test libraries differ in which side is the actual value; exactly one must be a failure.
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


def _jsonrpc(head: str, message: str) -> ParsedError | None:
    found = _JSONRPC.search(head)
    if found:
        code = found[1] if found[1] and found[1] not in ("unknown", "?") else None
        return ParsedError(ProblemKind.JSONRPC, message[found.start(2) :] or message, code=code)
    code_alone = _JSONRPC_CODE.search(head)
    return ParsedError(ProblemKind.JSONRPC, message, code=code_alone[1]) if code_alone else None


def _unwrap(text: str) -> tuple[str, str]:
    """Return the name of the exception, if any, and its message without quotes.

    The name stays in the message unless it is a generic one.
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


def _ours(text: str) -> ParsedError | None:
    found = _OURS.match(text)
    if not found or found[1] not in _NAMES:
        return None
    return ParsedError(ProblemKind(found[1]), found[4], int(found[2]) if found[2] else None, found[3])
