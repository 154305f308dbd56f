"""What was measured of each operation and of each event stream.

Times are seconds since the start of the load, durations of requests are milliseconds, sizes are bytes.
"""

from __future__ import annotations

import msgspec

from loadtest.histogram import Latency
from loadtest.record import Count, Record, Seconds


class Acceptance(Record, frozen=True, kw_only=True):
    """An answer outside the contract that a scenario accepted, with its reason."""

    status: int
    reason: str
    count: Count


class Operation(Record, frozen=True, kw_only=True):
    """What happened on one operation; ``requests`` = successes + acceptances + drift + failures."""

    name: str
    """``GET /teams/{team_id}``, as in the contract, without a version prefix."""
    area: str
    requests: Count
    successes: Count
    """Documented success with a body that holds against the schema where it was checked."""
    failures: Count
    drift: Count = 0
    """Plainly right answers outside the contract, excused with a reason in the version's data."""
    differs: dict[str, Count] = msgspec.field(default_factory=dict)
    """How those answers differ: ``status 303``, ``media type text/html``, ``body: id is missing`` → how often."""
    statuses: dict[str, Count] = msgspec.field(default_factory=dict)
    validated: Count = 0
    """How many answers were held against the contract, bodies with a documented schema included."""
    received: Count = 0
    """Bytes of bodies."""
    latency: Latency | None = None
    acceptances: tuple[Acceptance, ...] = ()
    scenario: str | None = None
    """The scenario that called it most recently."""
    first_success: Seconds | None = None
    """When its first documented success came, in seconds; None if there was none."""


class Stream(Record, frozen=True, kw_only=True):
    """An event stream, measured apart from the request that opened it."""

    operation: str
    opened: Count
    events: Count
    ended: Count
    """Ended by the server in good order."""
    first_event: Latency | None = None
    gap: Latency | None = None
    """Between two signs of life: events, and comments that keep a stream open."""
