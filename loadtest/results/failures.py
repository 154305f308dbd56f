"""Failures of a run: the kinds of problems, and failures grouped by fingerprint, with evidence.

Times are seconds since the start of the load.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from functools import lru_cache

import msgspec

from loadtest.core.record import Count, Record, Seconds


class ProblemKind(StrEnum):
    """Kinds of problems with a response; used by fingerprints, categories and known failures."""

    STATUS = "status"
    """A status that the contract does not document as success."""
    SCHEMA = "schema"
    """A body that does not validate against the documented schema."""
    JSON = "json"
    """A body that should be JSON but is not."""
    JSONRPC = "jsonrpc"
    """A JSON-RPC ``error`` inside an HTTP success."""
    TOOL_ERROR = "tool-error"
    """A tool result with ``isError`` inside an HTTP success."""
    REDIRECT = "redirect"
    """A redirect that indicates a rejected request (to a login page, or with ``error=``)."""
    SHAPE = "shape"
    """A key that responses of the known version always have is missing, or its value has another type."""
    CONTENT = "content"
    """A valid response with wrong content: a changed entity, an echo that differs from the text sent."""
    TIMEOUT = "timeout"
    """No response within the timeout."""
    CONNECTION = "connection"
    """A connection that was refused, reset, or closed before the response was complete."""
    STREAM_STALLED = "stream-stalled"
    """An event stream that stayed open without sending events."""
    STREAM_TRUNCATED = "stream-truncated"
    """An event stream that ended before the expected events."""
    SCENARIO = "scenario"
    """An exception in the scenario, a fault of the load test."""
    UNAUTHORIZED = "unauthorized-access"
    """A caller without credentials or permission was let in, or an entity was shown to a caller who must not see it."""
    REFUSAL = "refusal"
    """An invalid request that was not refused, or not as recorded for this version."""
    REMOVED = "removed"
    """An operation of the known version that this gateway does not offer; detected without a call."""
    OTHER = "other"
    """An unclassified failure reported by another locustfile."""


class Example(Record, frozen=True, kw_only=True, gc=False):
    """One failed call with its evidence; secrets are already masked."""

    at: Seconds
    correlation_id: str | None = None
    url: str = ""
    """URL of the request, with secrets in the query masked."""
    curl: str = ""
    status: int | None = None
    actual: str = ""
    """Short description of the actual value, where the message of the failure names the expected one."""
    answer: str = ""
    """Response body, truncated to 4 KiB."""
    log: tuple[str, ...] = ()
    """Lines of the gateway's log with this correlation ID."""


class Failure(Record, frozen=True, kw_only=True, gc=False):
    """All failures with one fingerprint."""

    fingerprint: str
    """Hash of operation, problem, status, code and message, 12 hex digits."""
    operation: str
    problem: ProblemKind
    message: str
    """One line, with IDs, numbers, times and names normalised."""
    status: int | None = None
    code: str | None = None
    """JSON-RPC error code, if any."""
    count: Count = 1
    first: Seconds | None = None
    last: Seconds | None = None
    scenario: str | None = None
    minutes: dict[Count, Count] = msgspec.field(default_factory=dict)
    """Count by minute of the load, numbered from 0."""
    after: dict[str, Count] = msgspec.field(default_factory=dict)
    """Count during cleanup after another step of the scenario failed, by the operation of that step, which may be the
    cause."""
    paused: Count = 0
    """Count with a wait that expired, or a connection that closed, while the load generator was paused for a
    considerable part of the time: the gateway may not be the cause."""
    examples: tuple[Example, ...] = ()


MAX_FINGERPRINTS = 2000
"""Distinct failures that are recorded; further ones count only in the figures of their operation."""
MESSAGE_LENGTH = 300
"""Maximum length of a normalised message in characters; the evidence contains the full text."""

NAME_PREFIX = "lt-"
"""Name prefix of entities created by scenarios; random hex digits follow."""

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
    """Return ``message`` as one line with placeholders for IDs, numbers, times, hosts and generated names.

    Idempotent. A negative number keeps its sign.
    """
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    message = message.strip()
    return message if len(message) <= MESSAGE_LENGTH else message[: MESSAGE_LENGTH - 1].rstrip() + "…"


def fingerprint(
    operation: str, problem: ProblemKind, status: int | None, code: str | None, message: str
) -> str:
    """Return 12 hex digits that identify a failure; ``message`` is normalised first."""
    # Calls fail with the same normalised messages. Longer ones are not normalised yet, and rarely the same.
    if len(message) > MESSAGE_LENGTH:
        return _fingerprint(operation, problem, status, code, message)
    return _remembered(operation, problem, status, code, message)


def _fingerprint(
    operation: str, problem: ProblemKind, status: int | None, code: str | None, message: str
) -> str:
    parts = (operation, problem.value, str(status or ""), code or "", normalise(message))
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


_remembered = lru_cache(maxsize=2 * MAX_FINGERPRINTS)(_fingerprint)
