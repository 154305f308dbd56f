"""History section of the page: the figures of earlier runs and of this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from loadtest.judge.history import PastRun
from loadtest.reports.page.charts import ceiling, line


@dataclass(frozen=True)
class HistoryLine:
    """A figure over all runs, on an axis from zero."""

    name: str
    path: Markup
    first: str
    last: str


@dataclass(frozen=True)
class HistoryView:
    """Data of the section."""

    lines: tuple[HistoryLine, ...]
    runs: tuple[PastRun, ...]
    """Newest first."""


def history_view(runs: Sequence[PastRun]) -> HistoryView | None:
    """Return the data of the section; None without an earlier run. ``runs`` are oldest first."""
    if len(runs) < 2:
        return None
    figures: tuple[tuple[str, str, Callable[[PastRun], float | None]], ...] = (
        ("p50", " ms", lambda one: one.latency.reported(50) if one.latency else None),
        ("p95", " ms", lambda one: one.latency.reported(95) if one.latency else None),
        ("failed requests", " %", lambda one: 100 * one.failed / one.requests if one.requests else None),
        ("distinct failures", "", lambda one: float(one.failures)),
        ("operations correct", "", lambda one: float(one.correct)),
    )
    lines = (_line(name, unit, [value(one) for one in runs]) for name, unit, value in figures)
    return HistoryView(tuple(one for one in lines if one is not None), tuple(reversed(runs)))


def _line(name: str, unit: str, values: Sequence[float | None]) -> HistoryLine | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    points = [(float(number), value) for number, value in enumerate(values)]
    path = line(points, len(values) - 1, ceiling(max(known)))
    return HistoryLine(name, path, _shown(known[0], unit), _shown(known[-1], unit))


def _shown(value: float, unit: str) -> str:
    return f"{value:,.1f}{unit}" if value % 1 and value < 10 else f"{value:,.0f}{unit}"
