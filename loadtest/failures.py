"""What went wrong in a run: the kinds of problems, and failures by fingerprint with their evidence.

Times are seconds since the start of the load.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from loadtest.record import Count, Record, Seconds


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
