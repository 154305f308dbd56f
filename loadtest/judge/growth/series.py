"""Series of a run: each metric over time, limited to the times with a constant load."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadtest.results.measurements import Minute, ResourceSample
from loadtest.results.run import Run

WHOLE = "all processes"
REQUESTS = "all requests"

MIN_MINUTES = 12
"""Minimum number of minutes for latency by minute; shorter runs use the finer steps of the timeline."""

_RESOURCES: dict[str, Callable[[ResourceSample], int | None]] = {
    "rss": lambda sample: sample.rss,
    "pss": lambda sample: sample.pss,
    "descriptors": lambda sample: sample.descriptors,
    "threads": lambda sample: sample.threads,
    "database": lambda sample: sample.database,
    "cache": lambda sample: sample.cache,
}


@dataclass(frozen=True)
class Series:
    """A metric over time; ``pieces`` contains, for each point, the number of its span of constant load."""

    metric: str
    of: str
    times: tuple[float, ...]
    values: tuple[float, ...]
    pieces: tuple[int, ...]
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the subject is the whole gateway."""
        return self.of in (WHOLE, REQUESTS)


def steady_spans(run: Run) -> tuple[tuple[float, float], ...]:
    """Return the spans of constant load in seconds: the plateaus of a soak, or the whole of any other run."""
    plateaus = tuple((one.start, one.end) for one in run.timeline.stretches if one.name == "plateau")
    return plateaus or ((0.0, run.duration),)


def series_of(run: Run, new_by_minute: Mapping[int, int]) -> Iterator[Series]:
    """Yield every series of ``run``; ``new_by_minute`` is the number of failures that are not excused, by minute."""
    spans = steady_spans(run)
    # The limit on descriptors applies to each process.
    unlimited = set() if len(run.processes) == 1 else {"descriptors"}
    yield from _resources(WHOLE, run.resources, spans, run.limits, unlimited)
    if len(run.processes) > 1:
        for process in run.processes:
            name = f"{process.name} {process.pid}"
            yield from _resources(name, process.samples, spans, run.limits, {"database", "cache"})
    yield from _latencies(run, spans)
    yield from _errors(run, new_by_minute, spans)


def _resources(
    of: str,
    samples: Sequence[ResourceSample],
    spans: Sequence[tuple[float, float]],
    limits: dict[str, int],
    unlimited: set[str],
) -> Iterator[Series]:
    """Yield the series of the available metrics; those in ``unlimited`` get no limit, as it does not apply to them."""
    for metric, figure in _RESOURCES.items():
        points = ((sample.at, value) for sample in samples if (value := figure(sample)) is not None)
        name = "memory" if metric in ("rss", "pss") else metric
        limit = None if metric in unlimited else limits.get(name)
        if series := _series(metric, of, points, spans, limit):
            yield series


def _latencies(run: Run, spans: Sequence[tuple[float, float]]) -> Iterator[Series]:
    minutes = [
        minute for minute in run.timeline.minutes if _piece(spans, minute.at, minute.at + 59) is not None
    ]
    for share in ("50", "95"):
        points = [
            (minute.at, value) for minute in minutes if (value := _percentile(minute, share)) is not None
        ]
        if len(points) < MIN_MINUTES:
            steps = (
                (moment.at, moment.p50 if share == "50" else moment.p95) for moment in run.timeline.moments
            )
            points = [(at, value) for at, value in steps if value is not None]
        if series := _series(f"latency p{share}", REQUESTS, points, spans):
            yield series


def _percentile(minute: Minute, share: str) -> float | None:
    return minute.latency.percentiles.get(share) if minute.latency else None


def _errors(
    run: Run, new_by_minute: Mapping[int, int], spans: Sequence[tuple[float, float]]
) -> Iterator[Series]:
    """Yield the share of new failures by minute, if there are any."""
    if not new_by_minute:
        return
    points = []
    for minute in run.timeline.minutes:
        failed = new_by_minute.get(round(minute.at / 60), 0)
        if minute.requests and _piece(spans, minute.at, minute.at + 59) is not None:
            points.append((minute.at, failed / minute.requests))
    if series := _series("error rate", REQUESTS, points, spans):
        yield series


def _series(
    metric: str,
    of: str,
    points: Iterable[tuple[float, float]],
    spans: Sequence[tuple[float, float]],
    limit: int | None = None,
) -> Series | None:
    inside = [
        (at, float(value), piece)
        for at, value in sorted(points)
        if (piece := _piece(spans, at, at)) is not None
    ]
    if not inside:
        return None
    times, values, pieces = zip(*inside, strict=True)
    order = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    return Series(metric, of, times, values, tuple(order[piece] for piece in pieces), limit)


def _piece(spans: Sequence[tuple[float, float]], begin: float, end: float) -> int | None:
    """Return the number of the span that contains the time from ``begin`` to ``end``, if any."""
    return next((n for n, (start, stop) in enumerate(spans) if start <= begin and end <= stop), None)
