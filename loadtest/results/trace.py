"""The calls of one scenario in their order."""

from __future__ import annotations

from pathlib import Path

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.files import read_text
from loadtest.core.record import Count, Milliseconds, Record, Seconds
from loadtest.results.failures import Example


class TracedCall(Record, frozen=True, kw_only=True):
    """One finished call."""

    operation: str
    scenario: str = ""
    """Empty if no scenario made it."""
    covers: bool = False
    """Whether its response is a success of the operation, in contrast to one that is only allowed."""
    status: int
    """0 if there was no response."""
    duration: Milliseconds
    finished: Seconds
    """Unix time."""
    began: Seconds = 0.0
    """Unix time at which it was sent. A call finishes after those that verify it; 0 if it is unknown."""
    fingerprint: str = ""
    """Of its failure; empty if it did not fail."""
    problem: str = ""
    """What failed, in a line."""
    received: Count = 0
    """Bytes of the body."""
    example: Example | None = None
    """Request and response: of a failure, or of every call if they are kept."""


def read_trace(path: Path) -> tuple[TracedCall, ...]:
    """Return the calls in the file ``path``, which has a JSON object a line; none if it does not exist.

    Raises:
        UsageError: it cannot be read, or a line is not a call.
    """
    if not path.exists():
        return ()
    try:
        return tuple(msgspec.json.decode(line, type=TracedCall) for line in read_text(path).splitlines())
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: {error}") from error
