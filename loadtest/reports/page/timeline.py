"""Timeline section of the page: charts with a common time axis, to show what coincides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from markupsafe import Markup

from loadtest.core.units import clock
from loadtest.judge.verdict import Verdict
from loadtest.reports.evidence import title
from loadtest.reports.page.charts import Logarithmic, Tick, ceiling, line, percent, seconds_axis, steps
from loadtest.reports.text import one_line
from loadtest.results.measurements import ResourceSample
from loadtest.results.run import Run

MOST_STEPS = 240
"""Maximum number of points; longer runs have wider steps."""
MOST_EVENTS = 12
LONGEST_GAP = 60.0
"""Seconds between two samples of a resource that a line connects; some are read every ten seconds only."""

LATENCY = "Latency"
"""The panel with a logarithmic scale, because of the wide range of values."""

Value = float | None


@dataclass(frozen=True)
class ChartLine:
    """A value over time."""

    name: str
    style: str
    """CSS class that sets the colour."""
    filled: bool
    path: Markup


@dataclass(frozen=True)
class ChartPanel:
    """A chart; all charts have the same time axis."""

    title: str
    unit: str
    lines: tuple[ChartLine, ...]
    grid: tuple[Tick, ...]
    """Ticks, with positions from the top."""
    top: str
    """Label of the upper edge."""


@dataclass(frozen=True)
class ChartEvent:
    """An event, marked in every panel."""

    mark: str
    at: str
    clock: str
    text: str
    bad: bool


@dataclass(frozen=True)
class Chart:
    """All panels and events, and the same values as a table."""

    panels: tuple[ChartPanel, ...]
    ticks: tuple[Tick, ...]
    events: tuple[ChartEvent, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The time, then the value of each line in the order of the panels; empty if unknown."""
    width: float
    """Seconds per point."""


@dataclass(frozen=True)
class _Series:
    name: str
    style: str
    values: Sequence[Value]
    filled: bool = False
    sampled: bool = False
    """Whether its values are samples, so that the line continues between two of them."""


def chart(run: Run, verdict: Verdict) -> Chart | None:
    """Return the chart, or None for a run with neither timeline nor resources."""
    moments, samples = run.timeline.moments, run.resources
    last = max((one.at + run.timeline.width for one in moments), default=0.0)
    end = max(run.duration, last, *(one.at for one in samples), 0.0) if moments or samples else 0.0
    if end <= 0:
        return None
    width = run.timeline.width * max(math.ceil(end / run.timeline.width / MOST_STEPS), 1)
    count = max(math.ceil(end / width), 1)
    end = count * width
    starts = [number * width for number in range(count)]
    groups = [(name, unit, tuple(series)) for name, unit, series in _groups(run, width, count)]
    panels = tuple(
        _panel(name, unit, [one for one in series if _known(one)], starts, end)
        for name, unit, series in groups
        if any(_known(one) for one in series)
    )
    drawn = {one.title for one in panels}
    columns = [one for name, _, series in groups if name in drawn for one in series if _known(one)]
    return Chart(
        panels=panels,
        ticks=tuple(seconds_axis(end)),
        events=tuple(_events(run, verdict, end)),
        names=tuple(one.name for one in columns),
        rows=tuple(
            (clock(start), *(_shown(one.values[number]) for one in columns))
            for number, start in enumerate(starts)
        ),
        width=width,
    )


def _groups(run: Run, width: float, count: int) -> Iterator[tuple[str, str, Sequence[_Series]]]:
    """Yield title, unit and series of each panel; the value of a step without a measurement is None."""
    moments = run.timeline.moments

    def of(pick: Callable[[list[float]], float], name: str) -> list[Value]:
        found: list[list[float]] = [[] for _ in range(count)]
        for moment in moments:
            value = getattr(moment, name)
            if value is not None and 0 <= moment.at < count * width:
                found[int(moment.at / width)].append(value)
        return [pick(values) if values else None for values in found]

    def rate(name: str) -> list[Value]:
        return of(lambda values: sum(values) / width, name)

    yield (
        "Requests",
        "per second",
        (
            _Series("requests/s", "requests", rate("requests"), filled=True),
            _Series("failures/s", "failures", rate("failures"), filled=True),
        ),
    )
    yield LATENCY, "ms", tuple(_Series(name, name, of(max, name)) for name in ("p50", "p95", "p99"))
    yield "Users", "", (_Series("users", "users", _held(of(max, "users")), filled=True),)
    yield "Gateway CPU", "% of one core", (_Series("CPU %", "cpu", _cpu(run, width, count), filled=True),)
    samples = _last_samples(run, width, count)

    def used(name: str, style: str, attribute: str, scale: float = 1.0) -> _Series:
        known = (None if sample is None else getattr(sample, attribute) for sample in samples)
        values = [None if value is None else value / scale for value in known]
        return _Series(name, style, values, sampled=True)

    yield "Gateway memory", "MB", (used("RSS MB", "rss", "rss", 1e6), used("PSS MB", "pss", "pss", 1e6))
    yield (
        "Gateway descriptors, threads",
        "open",
        (used("descriptors", "descriptors", "descriptors"), used("threads", "threads", "threads")),
    )
    yield (
        "Gateway connections",
        "open",
        tuple(
            used(name, attribute, attribute)
            for name, attribute in (("clients", "clients"), ("database", "database"), ("Redis", "cache"))
        ),
    )


def _known(series: _Series) -> bool:
    return any(value is not None for value in series.values)


def _held(values: Sequence[Value]) -> list[Value]:
    """Return ``values`` with missing ones replaced by the preceding value."""
    last: Value = None
    held = []
    for value in values:
        last = last if value is None else value
        held.append(last)
    return held


def _last_samples(run: Run, width: float, count: int) -> list[ResourceSample | None]:
    last: list[ResourceSample | None] = [None] * count
    for sample in run.resources:
        if 0 <= sample.at < count * width:
            last[int(sample.at / width)] = sample
    return last


def _cpu(run: Run, width: float, count: int) -> list[Value]:
    """Return the CPU usage of each step, in percent of one core, from the differences between samples."""
    used, lasted = [0.0] * count, [0.0] * count
    for before, now in pairwise(run.resources):
        if 0 <= now.at < count * width and now.at > before.at:
            last = int(now.at / width)
            # A step without a sample has the usage between the samples around it.
            first = min(max(int(before.at / width) + 1, 0), last)
            for number in range(first, last + 1):
                used[number] += max(now.cpu - before.cpu, 0.0)
                lasted[number] += now.at - before.at
    return [100 * cpu / seconds if seconds else None for cpu, seconds in zip(used, lasted, strict=True)]


def _without_short_gaps(
    points: Sequence[tuple[float, Value]], series: _Series
) -> Sequence[tuple[float, Value]]:
    """Return the ``points`` of a line; between two samples none is missing, unless they are far apart."""
    if not series.sampled:
        return points
    known = [number for number, (_, value) in enumerate(points) if value is not None]
    bridged = {
        number
        for left, right in pairwise(known)
        if points[right][0] - points[left][0] <= LONGEST_GAP
        for number in range(left + 1, right)
    }
    return [point for number, point in enumerate(points) if number not in bridged]


def _panel(
    name: str, unit: str, series: Sequence[_Series], starts: Sequence[float], end: float
) -> ChartPanel:
    known = [value for one in series for value in one.values if value is not None]
    highest = max(known)
    decades = Logarithmic(min(known), highest) if name == LATENCY else None
    top = 1.0 if decades else ceiling(highest)
    lines = []
    for one in series:
        values = [decades.share(v) if decades and v is not None else v for v in one.values]
        points = _without_short_gaps(list(zip(starts, values, strict=True)), one)
        if one.filled:
            path = steps(points, end, top)
        else:
            half = starts[1] / 2 if len(starts) > 1 else 0.0
            path = line([(at + half, value) for at, value in points], end, top)
        lines.append(ChartLine(one.name, one.style, one.filled, path))
    if decades:
        return ChartPanel(name, unit, tuple(lines), tuple(decades.rising()), f"{10**decades.last:,g}")
    grid = (Tick("0%", f"{top:,g}"), Tick("50%", f"{top / 2:,g}"))
    return ChartPanel(name, unit, tuple(lines), grid, f"{top:,g}")


def _events(run: Run, verdict: Verdict, end: float) -> Iterator[ChartEvent]:
    found: list[tuple[float, str, bool]] = [(one.start, one.name, False) for one in run.timeline.stretches]
    if run.sweep is not None and run.sweep.finished_at is not None:
        found.append((run.sweep.finished_at, "first sweep done", False))
    death = run.gateway.death if run.gateway else None
    if death is not None:
        found.append((death.at, "the gateway died", True))
    for judged in islice(verdict.failing, MOST_EVENTS):
        first = judged.failure.first
        if first is not None:
            text = f"first {one_line(judged.failure.operation, 120)}: {title(judged)}"
            found.append((first, one_line(text, 200), True))
    found = [one for one in found if 0 <= one[0] <= end]
    marks = (chr(ord("A") + number) for number in range(26))
    for mark, (at, text, bad) in zip(marks, islice(sorted(found), MOST_EVENTS), strict=False):
        yield ChartEvent(mark, percent(at, end), clock(at), text, bad)


def _shown(value: Value) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value < 10 and value % 1 else f"{value:.0f}"
