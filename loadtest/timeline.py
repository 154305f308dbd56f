"""The run over time: what was counted in each step, and the parts that a long run is made of.

Times are seconds since the start of the load, durations of requests are milliseconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from loadtest.histogram import Latency
from loadtest.record import Count, Milliseconds, Record, Seconds


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


class Stretch(Record, frozen=True, kw_only=True):
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
    stretches: tuple[Stretch, ...] = ()
    """The plan of a soak; empty for a load of one size."""
