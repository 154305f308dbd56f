"""Results of growth detection.

Memory, descriptors, threads, connections, latency, errors: each figure over time is a series, and each series is
stable, growing or not measurable. The rules stand in ``docs/leaks.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from loadtest.core.record import Record


class Trend(StrEnum):
    """The trend of a series after its warm-up."""

    STABLE = "stable"
    """Growth that would matter can be excluded."""
    GROWING = "growing"
    UNKNOWN = "not measurable"
    """Too short, too few samples, or too restless to say one or the other."""


@dataclass(frozen=True)
class Growth:
    """One series of a run and whether it grows."""

    metric: str
    """``rss``, ``descriptors``, ``latency p95``, …: a name of ``growth.toml``."""
    of: str
    """Whose: ``all processes``, ``gunicorn 4711``, ``all requests``."""
    unit: str
    """``bytes``, ``ms``, ``share`` (from 0 to 1), or what is counted: ``descriptors``."""
    trend: Trend
    text: str
    """One line: what it does, with the interval, and when it meets its limit; or why it cannot be said."""
    whole: bool = True
    """Whether it is about the whole gateway, not one process of it."""
    slope: float | None = None
    """Change per hour; None if it could not be estimated."""
    interval: tuple[float, float] | None = None
    """Where the slope lies with 95 % confidence, per hour."""
    minimum: float | None = None
    """Change per hour from which on growth matters."""
    level: float | None = None
    """The middle of the series' troughs after the warm-up."""
    limit: float | None = None
    """What it must not exceed, if that is known: the machine's memory, a limit on descriptors."""
    hours_left: float | None = None
    """Of what grows and has a limit: how long until it is met, at this slope."""
    warm_up: float | None = None
    """When the part that was judged began, in seconds of the load."""
    troughs: tuple[tuple[float, float], ...] = ()
    """What was judged: the lowest figure of each window and when it was, for a chart."""

    @property
    def name(self) -> str:
        """``rss of all processes``."""
        return f"{self.metric} of {self.of}"


class StorageGrowth(Record, frozen=True, kw_only=True):
    """Growth of a table or file of the gateway; expected, so informational."""

    name: str
    """``table tool_metrics``, ``database``, ``log``."""
    rows: int | None
    """How many rows it gained in the load; None for what has none."""
    bytes: int | None
    """How many bytes it gained; None if only rows were counted."""
    rows_per_thousand: float | None
    """Rows for each 1,000 requests."""
    bytes_per_thousand: float | None
    week: int | None
    """Bytes that it gains in a week at this rate."""
    text: str
    """One line."""


class Recovery(Record, frozen=True, kw_only=True):
    """Recovery after the spike, in seconds from its end."""

    latency: float | None
    """When p95 was back where it was before; None: never."""
    rate: float | None
    """When requests were answered at the rate of before; None: never."""
    baseline_p95: float
    """Before the spike, in ms."""
    baseline_rate: float
    """Requests per second before the spike."""
    memory_added: int | None
    """Bytes by which the troughs of memory lie above those of before the spike, at its end; None: not known."""
    memory_kept: int | None
    """The same for the end of the run's last plateau or recovery."""
    planned: float
    """How long the load leaves it to recover, in seconds."""
    text: str
    """One line."""

    @property
    def seconds(self) -> float | None:
        """When latency and rate were both back; None: never."""
        if self.latency is None or self.rate is None:
            return None
        return max(self.latency, self.rate)


@dataclass(frozen=True)
class Endurance:
    """What a long run says of the gateway beyond single requests; empty for a short one."""

    judged: bool = False
    """Whether the run was long enough to look."""
    soak: bool = False
    """Whether the run is a soak, in which growth that cannot be measured is inconclusive."""
    growth: tuple[Growth, ...] = ()
    """Growing series first, then not measurable ones; the whole gateway before single processes."""
    stored: tuple[StorageGrowth, ...] = ()
    """The fastest first."""
    recovery: Recovery | None = None
    """None if there was no spike, or too little around it."""

    def trending(self, trend: Trend) -> tuple[Growth, ...]:
        """Return the series that do ``trend``."""
        return tuple(one for one in self.growth if one.trend is trend)


NOT_JUDGED = Endurance()
"""Of a run that was too short to look."""
