"""The figures of a run over time, one series each, without the times in which the load itself changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from loadtest.results.failures import Failure
from loadtest.results.measurements import Minute, ResourceSample
from loadtest.results.run import Run

WHOLE = "all processes"
REQUESTS = "all requests"

MIN_MINUTES = 12
"""Minutes from which on latency is judged by the minute; a shorter run has only finer steps to go by."""

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
    """One figure over time; ``pieces`` tells of each point in which stretch of steady load it lies."""

    metric: str
    of: str
    times: tuple[float, ...]
    values: tuple[float, ...]
    pieces: tuple[int, ...]
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it is about the whole gateway."""
        return self.of in (WHOLE, REQUESTS)


def steady_spans(run: Run) -> tuple[tuple[float, float], ...]:
    """Return when the load had one size, in seconds: the plateaus of a soak, or the whole of another run."""
    plateaus = tuple((one.start, one.end) for one in run.timeline.stretches if one.name == "plateau")
    return plateaus or ((0.0, run.duration),)


def series_of(run: Run, new: Iterable[Failure]) -> Iterator[Series]:
    """Yield every series that ``run`` has; ``new`` are the failures that nothing excuses."""
    spans = steady_spans(run)
    # The limit on descriptors is that of each process.
    unlimited = set() if len(run.processes) == 1 else {"descriptors"}
    yield from _resources(WHOLE, run.resources, spans, run.limits, unlimited)
    if len(run.processes) > 1:
        for process in run.processes:
            name = f"{process.name} {process.pid}"
            yield from _resources(name, process.samples, spans, run.limits, {"database", "cache"})
    yield from _latencies(run, spans)
    yield from _errors(run, tuple(new), spans)


def _resources(
    of: str,
    samples: Sequence[ResourceSample],
    spans: Sequence[tuple[float, float]],
    limits: dict[str, int],
    unlimited: set[str],
) -> Iterator[Series]:
    """Yield the series of the figures that are known; ``unlimited`` have no limit here: theirs is not this sum's."""
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


def _errors(run: Run, new: Sequence[Failure], spans: Sequence[tuple[float, float]]) -> Iterator[Series]:
    """Yield the share of new failures by the minute; without any there is nothing that could grow."""
    if not any(failure.minutes for failure in new):
        return
    points = []
    for minute in run.timeline.minutes:
        failed = sum(failure.minutes.get(round(minute.at / 60), 0) for failure in new)
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
    """Return the number of the span that holds the time from ``begin`` to ``end``, if one does."""
    return next((n for n, (start, stop) in enumerate(spans) if start <= begin and end <= stop), None)
