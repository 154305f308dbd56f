"""One finished call or stream, as the client tells it to whoever counts."""

from enum import StrEnum

import msgspec

from loadtest.results.failures import Example, ProblemKind


class CallFailure(msgspec.Struct, frozen=True, kw_only=True):
    """What was wrong with one call, with its evidence."""

    problem: ProblemKind
    message: str
    status: int | None = None
    code: str | None = None
    example: Example | None = None


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """One finished call. At most one of ``fault``, ``differs`` and ``accepted`` is set."""

    operation: str
    area: str
    scenario: str | None
    finished: float
    """Unix time in seconds."""
    duration: float
    """Milliseconds."""
    status: int
    """0 if there was no answer."""
    received: int
    """Bytes of the body."""
    validated: bool = False
    differs: str | None = None
    """How an answer differs from the contract that the version's data excuses."""
    after: str | None = None
    """The operation whose failure in the same scenario came before this call, which was made to clean up."""
    accepted: str | None = None
    """The reason why an answer outside the contract was taken."""
    fault: CallFailure | None = None


class ScenarioEnd(StrEnum):
    """How one scenario ended that no failure cut short."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    """By the end of the load."""
    SKIPPED = "skipped"
    """It needs an operation or a backend that is not there."""


class StreamResult(msgspec.Struct, frozen=True, kw_only=True):
    """One finished event stream; durations in milliseconds."""

    operation: str
    events: int
    ended: bool
    """By the server, in good order."""
    first_event: float | None
    gaps: tuple[float, ...]
    """Between two signs of life: events, and comments that keep a stream open."""
