"""Operations section of the page: a row per operation, with its latency distribution and responses by status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from loadtest.core.errors import UsageError
from loadtest.judge.verdict import Verdict
from loadtest.reports.page.charts import Logarithmic, Tick, percent
from loadtest.reports.text import one_line
from loadtest.results.latency import Histogram, Latency
from loadtest.results.measurements import Operation
from loadtest.results.run import Run

MOST = 750
"""Maximum number of rows; failing operations come first, then the slowest."""
_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Mark:
    """A percentile marked on a distribution."""

    name: str
    at: str
    left: bool
    """Whether the label is to the left of the mark, for lack of space."""


@dataclass(frozen=True)
class OperationRow:
    """An operation as shown on the page."""

    operation: Operation
    name: str
    area: str
    accepted: int
    figures: tuple[float | None, ...]
    """p50, p95, p99 and maximum, in ms."""
    failing: bool
    """Whether one of its failures fails the run."""
    bars: Markup | None
    """The distribution, if available."""
    marks: tuple[Mark, ...]
    statuses: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class OperationTable:
    """Operations in display order, and the common axis of their distributions."""

    rows: tuple[OperationRow, ...]
    total: int
    ticks: tuple[Tick, ...]
    areas: tuple[str, ...]
    bytes_known: bool
    latency_known: bool

    @property
    def left_out(self) -> int:
        """Number of operations that are not on the page."""
        return self.total - len(self.rows)


def operation_table(run: Run, verdict: Verdict) -> OperationTable:
    """Return the operations that were called.

    Raises:
        UsageError: a histogram cannot be read.
    """
    bad = {one.failure.operation for one in verdict.failing}
    called = [operation for operation in run.operations if operation.requests]
    called.sort(key=lambda one: (one.name not in bad, -one.failures, -_mean(one), one.name))
    shown = called[:MOST]
    latencies = [one.latency for one in shown if one.latency]
    axis = Logarithmic(
        max(min((one.min for one in latencies), default=1.0), 1.0),
        max((one.max for one in latencies), default=1000.0),
    )
    return OperationTable(
        rows=tuple(_row(one, one.name in bad, axis) for one in shown),
        total=len(called),
        ticks=tuple(axis.ticks()),
        areas=tuple(sorted({one_line(one.area, 80) for one in shown})),
        bytes_known=any(one.received for one in shown),
        latency_known=bool(latencies),
    )


def _row(operation: Operation, failing: bool, axis: Logarithmic) -> OperationRow:
    latency = operation.latency
    figures = [latency.reported(share) if latency else None for share in _PERCENTILES]
    return OperationRow(
        operation=operation,
        name=one_line(operation.name),
        area=one_line(operation.area, 80),
        accepted=operation.drift + sum(one.count for one in operation.acceptances),
        figures=(*figures, latency.max if latency else None),
        failing=failing,
        bars=_bars(operation.name, latency, axis),
        marks=tuple(
            Mark(f"p{share}", percent(axis.share(value), 1.0), axis.share(value) > 0.9)
            for share, value in zip(_PERCENTILES, figures, strict=True)
            if value is not None
        ),
        statuses=tuple(_statuses(operation.statuses.items())),
    )


def _bars(name: str, latency: Latency | None, axis: Logarithmic) -> Markup | None:
    if latency is None or latency.histogram is None:
        return None
    try:
        return axis.bars(Histogram.decode(latency.histogram).recorded())
    except ValueError as error:
        raise UsageError(f"operation {one_line(name)}: latency.histogram: {error}") from error


def _statuses(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted((one_line(status, 20), count) for status, count in counts)


def _mean(operation: Operation) -> float:
    return operation.latency.mean if operation.latency else 0.0
