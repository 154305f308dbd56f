"""Metrics whose growth is assessed in long runs, and their thresholds, from ``growth.toml``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from loadtest.core.files import read_toml
from loadtest.core.record import Record

DATA = Path(__file__).parent / "growth.toml"


class Metric(Record, frozen=True, kw_only=True, rename="kebab"):
    """A metric over time and its growth thresholds."""

    name: str
    unit: str
    per_hour: float = 0.0
    """Relevant change per hour, in the unit of the metric."""
    over_run: float = 0.0
    """Relevant change over the assessed part of a run, as a share of the level."""
    least: float = 0.0
    """Lower bound of ``over_run``, in the unit of the metric."""
    rise: float = 0.0
    """Smallest change over the assessed part of a run that is reported as growth, in the unit of the metric."""
    rise_share: float = 0.0
    """The same as a share of the level, because the caches of a fresh gateway also grow linearly while they fill."""
    grain: float
    """Resolution: the smallest step of the metric."""
    window: Literal["lowest", "middle"]
    """Which value represents a window of samples."""
    reason: str

    def minimum(self, level: float, seconds: float) -> float:
        """Return the relevant change per hour for a series at ``level`` that is assessed over ``seconds``."""
        return max(self.per_hour, max(self.over_run * abs(level), self.least) * 3600 / seconds)

    def called(self, level: float, seconds: float) -> float:
        """Return the smallest change per hour that is reported as growth, for the same series."""
        rise = max(self.rise, self.rise_share * abs(level))
        return max(self.minimum(level, seconds), rise * 3600 / seconds)


class _File(Record, frozen=True, kw_only=True):
    metric: tuple[Metric, ...]


@functools.cache
def metrics() -> dict[str, Metric]:
    """Return every metric by name."""
    return {metric.name: metric for metric in read_toml(DATA, _File).metric}
