"""Results of growth detection.

Memory, descriptors, threads, connections, latency and errors over time are series, and each series is stable, growing
or not measurable. ``docs/leaks.md`` describes the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from loadtest.core.record import Record


class Trend(StrEnum):
    """The trend of a series after its warm-up."""

    STABLE = "stable"
    """Relevant growth can be excluded."""
    GROWING = "growing"
    UNKNOWN = "not measurable"
    """Too short, too few samples, or too noisy to decide."""


@dataclass(frozen=True)
class Growth:
    """A series of a run and its trend."""

    metric: str
    """A name in ``growth.toml``: ``rss``, ``descriptors``, ``latency p95``, …."""
    of: str
    """Subject: ``all processes``, ``gunicorn 4711``, ``all requests``."""
    unit: str
    """``bytes``, ``ms``, ``share`` (from 0 to 1), or a noun for counts: ``descriptors``."""
    trend: Trend
    text: str
    """One line: the trend, with slope, interval and the time until the limit, or why it is not measurable."""
    whole: bool = True
    """Whether the subject is the whole gateway, not a single process."""
    slope: float | None = None
    """Change per hour; None if it could not be estimated."""
    interval: tuple[float, float] | None = None
    """95 % confidence interval of the slope, per hour."""
    minimum: float | None = None
    """Smallest relevant change per hour."""
    level: float | None = None
    """Median of the troughs after the warm-up."""
    limit: float | None = None
    """Upper limit, if known: the memory of the machine, the limit on descriptors."""
    hours_left: float | None = None
    """Hours until the limit is reached at this slope, for a growing series with a limit."""
    warm_up: float | None = None
    """End of the warm-up, in seconds of the load."""
    troughs: tuple[tuple[float, float], ...] = ()
    """Time and value of the assessed points: the lowest value of each window."""

    @property
    def name(self) -> str:
        """``rss of all processes``."""
        return f"{self.metric} of {self.of}"


class StorageGrowth(Record, frozen=True, kw_only=True):
    """Growth of a table or file of the gateway; expected, so informational."""

    name: str
    """``table tool_metrics``, ``database``, ``log``."""
    rows: int | None
    """Rows added during the load; None if it has no rows."""
    bytes: int | None
    """Bytes added during the load; None if only rows were counted."""
    rows_per_thousand: float | None
    """Rows per 1,000 requests."""
    bytes_per_thousand: float | None
    week: int | None
    """Bytes per week at this rate."""
    text: str
    """One line."""


class Recovery(Record, frozen=True, kw_only=True):
    """Recovery after the spike, in seconds from its end."""

    latency: float | None
    """Time until p95 was back at its baseline; None if it did not return."""
    rate: float | None
    """Time until the request rate was back at its baseline; None if it did not return."""
    baseline_p95: float
    """p95 before the spike, in ms."""
    baseline_rate: float
    """Requests per second before the spike."""
    memory_added: int | None
    """Increase of the memory troughs, in bytes, from before the spike to its end; None if unknown."""
    memory_kept: int | None
    """The same up to the end of the last plateau or recovery stage."""
    planned: float
    """Planned duration of the recovery stage, in seconds."""
    text: str
    """One line."""

    @property
    def seconds(self) -> float | None:
        """Time until both latency and rate were back; None if either did not return."""
        if self.latency is None or self.rate is None:
            return None
        return max(self.latency, self.rate)


@dataclass(frozen=True)
class Endurance:
    """Assessment of a long run; empty for a short one."""

    judged: bool = False
    """Whether the run was long enough to be assessed."""
    soak: bool = False
    """Whether the run is a soak, in which growth that cannot be measured is inconclusive."""
    growth: tuple[Growth, ...] = ()
    """Growing series first, then not measurable ones; the whole gateway before single processes."""
    stored: tuple[StorageGrowth, ...] = ()
    """Fastest growth first."""
    recovery: Recovery | None = None
    """None without a spike, or with too little data before or after it."""

    def trending(self, trend: Trend) -> tuple[Growth, ...]:
        """Return the series with this ``trend``."""
        return tuple(one for one in self.growth if one.trend is trend)


NOT_JUDGED = Endurance()
"""Assessment of a run that was too short."""
