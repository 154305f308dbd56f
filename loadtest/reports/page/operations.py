"""Operations section of the page: a row per operation, with its latency distribution and responses by status.

The first rows are part of the page, with their details. The script renders the rows after them, and the result of a
search: a table of 10,000 rows would take seconds to lay out. The details of the next rows are in a ``noscript``
element, which is a table without the script. With it, they are text, of which the script makes a row when it shows it:
elements for all 750 rows would take a browser half a second.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec
from markupsafe import Markup

from loadtest.core.errors import UsageError
from loadtest.judge.verdict import Verdict
from loadtest.reports.page.charts import Logarithmic, Tick, line, percent, vertical_bars
from loadtest.reports.text import one_line
from loadtest.results.latency import Histogram, Latency
from loadtest.results.measurements import MAX_STEPS, CallsOverTime, Operation
from loadtest.results.run import Run

FIRST = 60
"""Rows that the browser makes when it opens the page: as many as the script shows at once."""
MOST = 750
"""Maximum number of rows with details; failing operations come first, then the slowest."""
MOST_BRIEF = 20_000
"""Maximum number of further rows, without details."""
_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Mark:
    """A percentile marked on a distribution."""

    name: str
    at: str
    left: bool
    """Whether the label is to the left of the mark, for lack of space."""


@dataclass(frozen=True)
class OperationSparkline:
    """Mean latency over the time of the run, scaled to its highest value."""

    mean: Markup
    failures: Markup
    """A bar where calls failed."""
    lowest: float
    highest: float
    """Means in ms."""
    width: int
    """Seconds of one step."""


@dataclass(frozen=True)
class OperationRow:
    """An operation as shown on the page."""

    operation: Operation
    name: str
    anchor: str
    """The fragment of the address of this row."""
    failures: tuple[tuple[str, str], ...]
    """Anchor and title of each of its failures on the page."""
    area: str
    accepted: int
    figures: tuple[float | None, ...]
    """p50, p95, p99 and maximum, in ms."""
    percentiles: tuple[tuple[str, float], ...]
    """All percentiles that enough durations were measured for, in ms."""
    failing: bool
    """Whether one of its failures fails the run."""
    over_time: OperationSparkline | None
    """None if it was called less than twice, or the run does not say."""
    bars: Markup | None
    """The distribution, if available."""
    marks: tuple[Mark, ...]
    statuses: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class OperationTable:
    """Operations in display order, and the common axis of their distributions."""

    rows: tuple[OperationRow, ...]
    first: int
    """Number of rows before those that are text for the script."""
    brief: str
    """Cells of the rows after :attr:`first`, as JSON."""
    briefs: int
    """Number of rows without details."""
    total: int
    parts: bool
    """Whether a row is no operation of the contract, but a part of one, or undocumented."""
    ticks: tuple[Tick, ...]
    areas: tuple[str, ...]
    bytes_known: bool
    latency_known: bool

    @property
    def over_time_known(self) -> bool:
        """Whether a row shows its calls over time."""
        return any(row.over_time for row in self.rows)

    @property
    def left_out(self) -> int:
        """Number of operations that are not on the page."""
        return self.total - len(self.rows) - self.briefs


def anchor_of(operation: str) -> str:
    """Return the fragment of the address of the row of ``operation``."""
    return f"o-{hashlib.sha256(operation.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def operation_table(
    run: Run, verdict: Verdict, failures: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({})
) -> OperationTable:
    """Return the operations that were called.

    ``failures`` are anchor and title of the failures on the page, by operation.

    Raises:
        UsageError: a histogram cannot be read.
    """
    contract = frozenset(run.contract or ())
    bad = verdict.failing_operations
    called = [operation for operation in run.operations if operation.requests]
    called.sort(key=lambda one: (one.name not in bad, -one.failures, -_mean(one), one.name))
    shown, others = called[:MOST], called[MOST : MOST + MOST_BRIEF]
    later = (*shown[FIRST:], *others)
    areas = {one: one_line(one, 80) for one in {one.area for one in called[: MOST + MOST_BRIEF]}}
    places = {area: place for place, area in enumerate(sorted(set(areas.values())))}
    numbers = {name: places[area] for name, area in areas.items()}
    latencies = [one.latency for one in shown if one.latency]
    axis = Logarithmic(
        max(min((one.min for one in latencies), default=1.0), 1.0),
        max((one.max for one in latencies), default=1000.0),
    )
    return OperationTable(
        rows=tuple(
            _row(one, one.name in bad, axis, failures.get(one.name, ()), run.duration) for one in shown
        ),
        first=FIRST,
        brief=msgspec.json.encode([_brief(one, numbers) for one in later]).decode() if later else "",
        briefs=len(others),
        total=len(called),
        parts=bool(contract) and any(one.name not in contract for one in called),
        ticks=tuple(axis.ticks()),
        areas=tuple(places),
        bytes_known=any(one.received for one in shown),
        latency_known=bool(latencies),
    )


def _brief(operation: Operation, areas: Mapping[str, int]) -> tuple[str | int | float | None, ...]:
    """Return name, anchor, number of the area, requests, failures, allowed, p50, p95, p99, maximum and bytes."""
    return (
        one_line(operation.name),
        anchor_of(operation.name),
        areas[operation.area],
        operation.requests,
        operation.failures,
        _accepted(operation),
        *(None if one is None else round(one, 1) for one in _figures(operation.latency)),
        operation.received,
    )


def _accepted(operation: Operation) -> int:
    return operation.drift + sum(one.count for one in operation.acceptances)


def _figures(latency: Latency | None) -> tuple[float | None, ...]:
    if latency is None:
        return (None,) * (len(_PERCENTILES) + 1)
    return (*(latency.reported(share) for share in _PERCENTILES), latency.max)


def _percentiles(latency: Latency) -> Iterator[tuple[str, float]]:
    for share in latency.percentiles:
        value = latency.reported(float(share))
        if value is not None:
            yield share, value


def _row(
    operation: Operation,
    failing: bool,
    axis: Logarithmic,
    failures: Sequence[tuple[str, str]],
    duration: float,
) -> OperationRow:
    latency = operation.latency
    figures = _figures(latency)
    return OperationRow(
        operation=operation,
        name=one_line(operation.name),
        anchor=anchor_of(operation.name),
        failures=tuple(failures),
        area=one_line(operation.area, 80),
        accepted=_accepted(operation),
        figures=figures,
        percentiles=tuple(_percentiles(latency)) if latency else (),
        failing=failing,
        over_time=_sparkline(operation.over_time, duration) if operation.over_time else None,
        bars=_bars(operation.name, latency, axis),
        marks=tuple(
            Mark(f"p{share}", percent(axis.share(value), 1.0), axis.share(value) > 0.9)
            for share, value in zip(_PERCENTILES, figures, strict=False)
            if value is not None
        ),
        statuses=tuple(_statuses(operation.statuses.items())),
    )


def _sparkline(calls: CallsOverTime, duration: float) -> OperationSparkline | None:
    if not calls.buckets:
        return None
    width = calls.width
    while duration / width > MAX_STEPS:  # without calls towards the end of the run, its steps are narrower
        width *= 2
    steps = max(
        math.ceil(duration / width), max(one.number for one in calls.buckets) * calls.width // width + 1
    )
    requests: defaultdict[int, int] = defaultdict(int)
    totals: defaultdict[int, float] = defaultdict(float)
    failed: set[int] = set()
    for one in calls.buckets:
        number = one.number * calls.width // width
        requests[number] += one.requests
        totals[number] += one.mean * one.requests
        if one.failures:
            failed.add(number)
    means = {number: totals[number] / count for number, count in requests.items() if count}
    if not means:
        return None
    highest = max(means.values())
    return OperationSparkline(
        mean=line([(number + 0.5, means.get(number)) for number in range(steps)], steps, highest or 1.0),
        failures=vertical_bars([number + 0.5 for number in sorted(failed)], steps),
        lowest=min(means.values()),
        highest=highest,
        width=width,
    )


def _bars(name: str, latency: Latency | None, axis: Logarithmic) -> Markup | None:
    if latency is None or latency.histogram is None:
        return None
    try:
        return axis.bars(Histogram.decode(latency.histogram).counts_between(axis.edges))
    except ValueError as error:
        raise UsageError(f"operation {one_line(name)}: latency.histogram: {error}") from error


def _statuses(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted((one_line(status, 20), count) for status, count in counts)


def _mean(operation: Operation) -> float:
    return operation.latency.mean if operation.latency else 0.0
