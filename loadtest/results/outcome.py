"""The result of one call or stream, passed from the client to the recorder."""

from enum import StrEnum

import msgspec

from loadtest.results.failures import Example, ProblemKind
from loadtest.results.refusals import Standing
from loadtest.shapes.shape import Shape


class CallFailure(msgspec.Struct, frozen=True, kw_only=True):
    """The failure of one call, with its evidence."""

    problem: ProblemKind
    message: str
    status: int | None = None
    code: str | None = None
    paused: bool = False
    """It depends on time, and a pause of the load generator may explain it."""
    example: Example | None = None


class Unexpected(msgspec.Struct, frozen=True):
    """A text or a flag that the recorded shape does not have at a place."""

    path: str
    """The place: ``tools[].name``."""
    literals: tuple[str, ...]
    """Those that are expected."""
    message: str


class RequestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the results of a call and of a negative case have in common."""

    operation: str
    scenario: str | None
    finished: float
    """Unix time in seconds."""
    status: int = 0
    """0 if there was no response."""
    shape: Shape | None = None
    """The shape of the response, if it is a sample to record."""
    recorded_as: str = ""
    """Of a refusal: what its shape is recorded as, instead of its status."""
    added: tuple[str, ...] = ()
    """Paths of keys that the recorded shape does not have."""
    unexpected: tuple[Unexpected, ...] = ()
    """Failures, unless the place has an expected literal in another response; ``example`` has the evidence."""
    fault: CallFailure | None = None
    example: Example | None = None
    """Request and response, if they are the evidence of ``unexpected``, or kept of every call."""


class CallResult(RequestResult, frozen=True, kw_only=True):
    """The result of one call.

    At most one of ``fault``, ``differs``, ``accepted``, ``refused`` and ``rejected`` is set.
    """

    began: float = 0.0
    """Unix time at which it was sent; 0 if no call was made."""
    duration: float
    """Milliseconds."""
    received: int
    """Bytes of the body."""
    validated: bool = False
    media_type: str = ""
    """Of the response; empty if there is none."""
    compared: bool = False
    """Whether its shape was compared with a recorded one."""
    differs: str | None = None
    """A contract mismatch that the version's data lists."""
    after: str | None = None
    """For a clean-up call: the operation whose failure ended the scenario before it."""
    accepted: str | None = None
    """The reason for which the scenario allows an undocumented response."""
    refused: bool = False
    """The refusal that the scenario expected."""
    rejected: bool = False
    """The rejection of a generated request."""


class RefusalResult(RequestResult, frozen=True, kw_only=True):
    """The result of one negative case."""

    label: str
    outcome: str
    """``401``, ``200 -32601``, ``303 error``; empty if there was no response."""
    standing: Standing
    reason: str = ""
    """Why it was answered without a refusal."""


class ScenarioEnd(StrEnum):
    """How a scenario without a failure ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    """By the end of the load."""
    SKIPPED = "skipped"
    """It needs an operation or a backend that is not available."""


class StreamResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one event stream; durations in milliseconds."""

    operation: str
    events: int
    ended: bool
    """Whether the server ended it normally."""
    first_event: float | None
    gaps: tuple[float, ...]
    """Between events or keep-alive comments."""
