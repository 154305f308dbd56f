"""What went wrong in a run: the kinds of problems, and failures by fingerprint with their evidence.

Times are seconds since the start of the load.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

import msgspec

from loadtest.core.record import Count, Record, Seconds


class ProblemKind(StrEnum):
    """What can be wrong with one answer. A fingerprint, a category and a known failure name one of these."""

    STATUS = "status"
    """A status that the contract does not document as success."""
    SCHEMA = "schema"
    """A body that does not validate against the documented schema."""
    JSON = "json"
    """A body that should be JSON and is not."""
    JSONRPC = "jsonrpc"
    """A JSON-RPC ``error`` inside an HTTP success."""
    TOOL_ERROR = "tool-error"
    """A tool result with ``isError`` inside an HTTP success."""
    REDIRECT = "redirect"
    """A redirect to a place that says the request was refused (a log-in page, ``error=``)."""
    CONTENT = "content"
    """A valid answer that is not the right one: the entity came back changed, the echo is not the text."""
    TIMEOUT = "timeout"
    """No answer within the time a user waits."""
    CONNECTION = "connection"
    """Refused, reset, or closed in the middle."""
    STREAM_STALLED = "stream-stalled"
    """An event stream that stayed open and said nothing."""
    STREAM_TRUNCATED = "stream-truncated"
    """An event stream that ended before what it had to deliver."""
    SCENARIO = "scenario"
    """The scenario itself raised: the load test's own fault."""
    REMOVED = "removed"
    """An operation that the known version offers and this gateway does not; it is found without a call."""
    OTHER = "other"
    """What a foreign locustfile reported in its own words."""


class Example(Record, frozen=True, kw_only=True):
    """One failed call with all the evidence there is; secrets are masked before they get here."""

    at: Seconds
    correlation_id: str | None = None
    url: str = ""
    """Where the request went, secrets in the query masked."""
    curl: str = ""
    status: int | None = None
    actual: str = ""
    """What came instead of what the failure's message expects, in a few words."""
    answer: str = ""
    """The body, cut to 4 KiB."""
    log: tuple[str, ...] = ()
    """What the gateway logged under this correlation id."""


class Failure(Record, frozen=True, kw_only=True):
    """All failures with one fingerprint."""

    fingerprint: str
    """12 hex digits over operation, problem, status, code and message."""
    operation: str
    problem: ProblemKind
    message: str
    """One line, with ids, numbers, times and names normalised."""
    status: int | None = None
    code: str | None = None
    """A JSON-RPC error code, where there is one."""
    count: Count = 1
    first: Seconds | None = None
    last: Seconds | None = None
    scenario: str | None = None
    minutes: dict[Count, Count] = msgspec.field(default_factory=dict)
    """How often in each minute of the load: number of the minute, from 0 → count."""
    after: dict[str, Count] = msgspec.field(default_factory=dict)
    """How often it came in a scenario that was already cleaning up after the failure of another step, which may be
    its cause: operation of that step → count."""
    examples: tuple[Example, ...] = ()


MESSAGE_LENGTH = 300
"""Characters of a normalised message; the evidence holds the rest."""

NAME_PREFIX = "lt-"
"""Every entity that a scenario makes is named ``lt-`` and random hex, so that it can be told from others."""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?a)(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{32,}(?![\w-])", "<token>"),
        (r"\blt[-_][0-9a-z]+(?:[-_.][0-9a-z]+)*(?:@[\w.-]+)?", "<name>"),
        (r"(?i)\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b", "<id>"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"(?i)\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b|\blocalhost:\d+\b", "<host>"),
        (r"(?i)\b0x[0-9a-f]+\b", "<id>"),
        (r"(?i)\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", "<id>"),
        (r"(?<![\w<])\d+(?:\.\d+)?(?![\w>])", "<n>"),
        (r"\s+", " "),
    )
)


def normalise(message: str) -> str:
    """Return ``message`` as one line in which ids, numbers, times, hosts and our names are placeholders.

    Applying it twice changes nothing. A negative number keeps its sign (``[Errno -2]`` and ``[Errno -3]`` are
    told apart by their words).
    """
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    message = message.strip()
    return message if len(message) <= MESSAGE_LENGTH else message[: MESSAGE_LENGTH - 1].rstrip() + "…"


def fingerprint(
    operation: str, problem: ProblemKind, status: int | None, code: str | None, message: str
) -> str:
    """Return 12 hex digits that stand for one fault; ``message`` is normalised here."""
    parts = (operation, problem.value, str(status or ""), code or "", normalise(message))
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
