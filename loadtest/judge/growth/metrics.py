"""What is judged over a long run, as data: ``growth.toml``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from loadtest.core.files import read_toml
from loadtest.core.record import Record

DATA = Path(__file__).parent / "growth.toml"


class Metric(Record, frozen=True, kw_only=True, rename="kebab"):
    """One figure over time, and from which change on it matters."""

    name: str
    unit: str
    per_hour: float = 0.0
    """In the metric's unit."""
    over_run: float = 0.0
    """Share of the level."""
    least: float = 0.0
    """In the metric's unit, over the judged part of a run: what ``over_run`` is at least."""
    rise: float = 0.0
    """In the metric's unit, over the judged part of a run: with less, no growth is called."""
    rise_share: float = 0.0
    """The same as a share of the level: caches of a fresh gateway fill in a straight line, too."""
    grain: float
    """The smallest step that the figure makes by itself."""
    window: Literal["lowest", "middle"]
    """What stands for a window of samples."""
    reason: str

    def minimum(self, level: float, seconds: float) -> float:
        """Return the change per hour that matters, for a series of ``level`` that is judged over ``seconds``."""
        return max(self.per_hour, max(self.over_run * abs(level), self.least) * 3600 / seconds)

    def called(self, level: float, seconds: float) -> float:
        """Return the change per hour from which on growth is called, under the same conditions."""
        rise = max(self.rise, self.rise_share * abs(level))
        return max(self.minimum(level, seconds), rise * 3600 / seconds)


class _File(Record, frozen=True, kw_only=True):
    metric: tuple[Metric, ...]


@functools.cache
def metrics() -> dict[str, Metric]:
    """Return every metric by name."""
    return {metric.name: metric for metric in read_toml(DATA, _File).metric}
