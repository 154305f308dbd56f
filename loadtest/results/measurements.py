"""Measurements of operations, event streams and resources, and the timeline of a run.

Times are in seconds since the start of the load, durations of requests in milliseconds, sizes in bytes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.record import Count, Milliseconds, Record, Seconds
from loadtest.results.latency import Histogram, Latency


class Acceptance(Record, frozen=True, kw_only=True):
    """Responses outside the contract that a scenario allows, with the reason."""

    status: int
    reason: str
    count: Count


MAX_OPERATIONS = 10_000
"""Operations that are recorded separately."""
FURTHER = "further operations"
"""The name under which the calls of all others are recorded."""
MAX_STEPS = 30
"""Steps of the calls of one operation over time."""


class CallBucket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Calls of one operation in one step of time; in JSON, an array of these four numbers."""

    number: Annotated[int, msgspec.Meta(ge=0, lt=MAX_STEPS)]
    """Of the step, from 0."""
    requests: Count
    failures: Count
    mean: Milliseconds
    """Latency."""


class CallsOverTime(Record, frozen=True, kw_only=True):
    """Calls of one operation over time, in steps of ``width`` seconds."""

    width: Annotated[int, msgspec.Meta(ge=1)]
    buckets: tuple[CallBucket, ...]
    """Only steps with calls."""


class Operation(Record, frozen=True, kw_only=True):
    """Measurements of one operation.

    ``requests`` = successes + acceptances + refusals + rejections + drift + failures.
    """

    name: str
    """``GET /teams/{team_id}``, as in the contract, without a version prefix."""
    area: str
    """Group of operations: the first tag in the contract, else the first fixed path segment."""
    requests: Count
    successes: Count
    """Responses with a documented success status and, where checked, a body that is valid against the schema."""
    failures: Count
    drift: Count = 0
    """Contract mismatches: correct responses outside the contract, excused with a reason in the version data."""
    refusals: Count = 0
    """Expected refusals, such as the 404 of a deleted entity."""
    rejections: Count = 0
    """Generated requests that the gateway rejected: the operation was called, but not understood."""
    differs: dict[str, Count] = msgspec.field(default_factory=dict)
    """Counts by kind of mismatch: ``status 303``, ``media type text/html``, ``body: id is missing``."""
    statuses: dict[str, Count] = msgspec.field(default_factory=dict)
    validated: Count = 0
    """Responses validated against the contract, including bodies with a documented schema."""
    received: Count = 0
    """Bytes of response bodies."""
    latency: Latency | None = None
    acceptances: tuple[Acceptance, ...] = ()
    scenario: str | None = None
    """The most recent scenario that called it."""
    first_success: Seconds | None = None
    """Time of the first documented success; None if there was none."""
    over_time: CallsOverTime | None = None
    """None with fewer than two requests, or if the record does not say."""


class ShapeRecord(Record, frozen=True, kw_only=True):
    """Comparison of responses with the shapes recorded for the gateway version."""

    compared: Count = 0
    """Responses."""
    added: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Keys that the recorded shape does not have, by operation: ``tools[].newKey``."""
    why_not: str = ""
    """Why nothing was compared; empty if it was."""


class Stream(Record, frozen=True, kw_only=True):
    """Measurements of event streams, separate from the requests that opened them."""

    operation: str
    opened: Count
    events: Count
    ended: Count
    """Streams closed properly by the server."""
    first_event: Latency | None = None
    gap: Latency | None = None
    """Time between two events or keep-alive comments."""


class ResourceSample(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Resource usage of the gateway's process tree, or of one of its processes, at one time."""

    at: Seconds
    rss: Count
    """Bytes, total of all processes."""
    cpu: Seconds
    """CPU time since the start of the gateway."""
    descriptors: Count
    threads: Count
    processes: Count
    pss: Count | None = None
    """Bytes, with shared pages divided among the processes; None if the system does not report it."""
    database: Count | None = None
    """Open connections to the database server; None if there is none."""
    cache: Count | None = None
    """Open connections to Redis; None if there is none."""
    clients: Count | None = None
    """Open incoming connections."""


def cpu_of(samples: Iterable[ResourceSample]) -> float | None:
    """Return the seconds of CPU used from the start of the load to the last sample; None if that is not known."""
    inside = [sample.cpu for sample in samples if sample.at >= 0]
    return inside[-1] - inside[0] if len(inside) > 1 else None


class Process(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One process of the gateway over time; a restarted worker is a new process."""

    pid: int
    name: str
    """Program name without arguments: ``gunicorn``, ``python``."""
    began: Seconds
    ended: Seconds | None = None
    """Time of its last sample if it ended before the gateway; otherwise None."""
    samples: tuple[ResourceSample, ...] = ()


class Reading(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Size of a store at one time."""

    at: Seconds
    bytes: Count | None = None
    rows: Count | None = None


class Store(Record, frozen=True, kw_only=True):
    """Storage of the gateway that can grow: a table or a file."""

    name: str
    """``table tool_metrics``, ``database``, ``log``."""
    readings: tuple[Reading, ...] = ()


class Moment(Record, frozen=True, kw_only=True):
    """One step of the timeline."""

    at: Seconds
    requests: Count
    failures: Count
    users: Count
    p50: Milliseconds | None = None
    p95: Milliseconds | None = None
    p99: Milliseconds | None = None


class Minute(Record, frozen=True, kw_only=True):
    """One minute of the load with its latency distribution, used to evaluate objectives over time."""

    at: Seconds
    """Start of the minute."""
    requests: Count
    latency: Latency | None = None
    """With an arrival rate, measured from the scheduled start of each request."""


class LoadStage(Record, frozen=True, kw_only=True):
    """One stage of a load that follows an arrival rate."""

    name: Literal["ramp-up", "plateau", "spike", "recovery", "cool-down", "mix"]
    start: Seconds
    end: Seconds
    rate: float
    """Planned scenario starts per second at the end of the stage."""


class Timeline(Record, frozen=True, kw_only=True):
    """The run over time, in equal steps of ``width`` seconds."""

    width: Annotated[float, msgspec.Meta(ge=0.001, le=1e10)] = 1.0
    moments: tuple[Moment, ...] = ()
    minutes: tuple[Minute, ...] = ()
    stretches: tuple[LoadStage, ...] = ()
    """The stages of a soak; otherwise the mix, if it began."""
    latency: Latency | None = None
    """Latency of the requests that finished after the first stage began."""

    @property
    def planned(self) -> bool:
        """Whether the load follows the plan of a soak."""
        return bool(self.stretches) and self.mix is None

    @property
    def mix(self) -> LoadStage | None:
        """The mix after the first sweep of a load without a plan; None if it did not begin."""
        return next((one for one in self.stretches if one.name == "mix"), None)


def latency_by_area(operations: Iterable[Operation]) -> dict[str, Latency]:
    """Return the merged latency of each area, by name.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    areas: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        areas[operation.area].append(operation)
    merged = ((area, merged_latency(members)) for area, members in sorted(areas.items()))
    return {area: latency for area, latency in merged if latency is not None}


def merged_latency(operations: Iterable[Operation]) -> Latency | None:
    """Return the merged latency of ``operations``; without percentiles if a histogram is missing.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    return merged(operation.latency for operation in operations)


def merged(latencies: Iterable[Latency | None]) -> Latency | None:
    """Return one latency of all ``latencies``; without percentiles if a histogram is missing.

    Raises:
        UsageError: a histogram cannot be read.
    """
    parts = [one for one in latencies if one is not None and one.count]
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
