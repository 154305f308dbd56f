"""What was measured of each operation and of each event stream.

Times are seconds since the start of the load, durations of requests are milliseconds, sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.record import Count, Milliseconds, Record, Seconds
from loadtest.results.latency import Histogram, Latency


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


class ResourceSample(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway's whole process tree, or one process of it, at one time."""

    at: Seconds
    rss: Count
    """Bytes, summed over the processes."""
    cpu: Seconds
    """Seconds of CPU used since the gateway's start."""
    descriptors: Count
    threads: Count
    processes: Count
    pss: Count | None = None
    """Bytes, where pages that processes share count in parts; None where the system does not tell."""
    database: Count | None = None
    """Open connections to the database server; None if there is none."""
    cache: Count | None = None
    """Open connections to Redis; None if there is none."""
    clients: Count | None = None
    """Open connections that others made to the gateway."""


class Process(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One process of the gateway over time; a worker that was restarted is two of them."""

    pid: int
    name: str
    """``gunicorn``, ``python``: the program, without its arguments."""
    began: Seconds
    ended: Seconds | None = None
    """When it was seen last although the gateway went on; None: it lived to the end."""
    samples: tuple[ResourceSample, ...] = ()


class Reading(Record, frozen=True, kw_only=True, omit_defaults=True):
    """How large something stored was at one time."""

    at: Seconds
    bytes: Count | None = None
    rows: Count | None = None


class Store(Record, frozen=True, kw_only=True):
    """Something that the gateway keeps and that can grow."""

    name: str
    """``table tool_metrics``, ``database``, ``log``."""
    readings: tuple[Reading, ...] = ()


class Moment(Record, frozen=True, kw_only=True):
    """One step on the shared time axis."""

    at: Seconds
    requests: Count
    failures: Count
    users: Count
    p50: Milliseconds | None = None
    p95: Milliseconds | None = None
    p99: Milliseconds | None = None


class Minute(Record, frozen=True, kw_only=True):
    """One minute of the load, with its whole distribution: what an objective over time is judged by."""

    at: Seconds
    """When it began."""
    requests: Count
    latency: Latency | None = None
    """Of a load with an arrival rate measured from the intended start of each request."""


class LoadStage(Record, frozen=True, kw_only=True):
    """One part of a load whose size changes by plan."""

    name: Literal["ramp-up", "plateau", "spike", "recovery", "cool-down"]
    start: Seconds
    end: Seconds
    rate: float
    """Scenarios begun per second at its end, by plan."""


class Timeline(Record, frozen=True, kw_only=True):
    """The run over time, in equal steps of ``width`` seconds."""

    width: Annotated[float, msgspec.Meta(ge=0.001, le=1e10)] = 1.0
    moments: tuple[Moment, ...] = ()
    minutes: tuple[Minute, ...] = ()
    stretches: tuple[LoadStage, ...] = ()
    """The plan of a soak; empty for a load of one size."""


def merged_latency(operations: Iterable[Operation]) -> Latency | None:
    """Return the latency of ``operations`` together; without percentiles if a histogram is missing.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    parts = [o.latency for o in operations if o.latency is not None and o.latency.count]
    if len(parts) <= 1:
        return parts[0] if parts else None
    encoded = [part.histogram for part in parts if part.histogram is not None]
    if len(encoded) == len(parts):
        try:
            return Histogram.of(encoded).summary()
        except ValueError as error:
            raise UsageError(f"run: operations: latency.histogram: {error}") from error
    count = sum(part.count for part in parts)
    return Latency(
        count=count,
        mean=sum(part.mean * part.count for part in parts) / count,
        min=min(part.min for part in parts),
        max=max(part.max for part in parts),
        percentiles={},
    )
