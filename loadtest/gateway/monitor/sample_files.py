"""Read the samples of a gateway, with times relative to the load and thinned for the run record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from loadtest.core.record import Record
from loadtest.results.measurements import Process, Reading, ResourceSample, Store

SAMPLES = "samples.jsonl"
MEMBERS = "members.jsonl"
READINGS = "readings.jsonl"
LIMITS = "limits.json"

MOST = 3_600
"""Maximum samples of the tree in a run: one a second for an hour."""

MOST_EACH = 720
"""Maximum samples of one process, and readings of one store."""

MOST_PROCESSES = 64
"""Maximum number of processes; a gateway may start a short-lived one for each call."""

MOST_STORES = 40

T = TypeVar("T")


class ProcessSample(Record, frozen=True, kw_only=True):
    """One process of a tree at one time; ``created`` is by the monotonic clock, as ``at``."""

    pid: int
    name: str
    created: float
    sample: ResourceSample


class StoreReading(Record, frozen=True, kw_only=True):
    """One reading of a store."""

    store: str
    reading: Reading


def read_samples(path: Path, since: float, *, limit: int = MOST) -> tuple[ResourceSample, ...]:
    """Return the samples in ``path`` with ``at`` in seconds after ``since`` (monotonic clock).

    Samples from before the load have a negative ``at``. More than ``limit`` are thinned, see :func:`thinned`. A
    missing file or an incomplete last line is no error.
    """
    return tuple(_moved(sample, since) for sample in thinned(_lines(path, ResourceSample), limit))


def read_processes(path: Path, since: float, *, limit: int = MOST_EACH) -> tuple[Process, ...]:
    """Return each process in ``path`` in order of creation; times and thinning as in :func:`read_samples`."""
    members = _lines(path, ProcessSample)
    seen: dict[tuple[int, float], list[ProcessSample]] = defaultdict(list)
    for member in members:
        seen[member.pid, member.created].append(member)
    # A process missing from the last two samples has ended; a single sample may fail.
    times = sorted({member.sample.at for member in members})
    end = times[-2] if len(times) > 1 else 0.0
    longest = sorted(seen.values(), key=len, reverse=True)[:MOST_PROCESSES]
    return tuple(
        _process(one, since, end, limit)
        for one in sorted(longest, key=lambda one: (one[0].created, one[0].pid))
    )


def read_stores(path: Path, since: float, *, limit: int = MOST_EACH) -> tuple[Store, ...]:
    """Return the stores in ``path`` that changed in size, fastest first; times as in :func:`read_samples`."""
    readings: dict[str, list[Reading]] = defaultdict(list)
    for line in _lines(path, StoreReading):
        readings[line.store].append(replace(line.reading, at=round(line.reading.at - since, 3)))
    changed = {name: their for name, their in readings.items() if _changes(their) != (0, 0)}
    fastest = sorted(changed, key=lambda name: _changes(changed[name]), reverse=True)[:MOST_STORES]
    return tuple(Store(name=name, readings=tuple(_every(changed[name], limit))) for name in fastest)


def read_limits(path: Path) -> dict[str, int]:
    """Return the limits in ``path``; empty if there are none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except OSError:
        return {}


def thinned(samples: Sequence[ResourceSample], limit: int) -> list[ResourceSample]:
    """Return at most ``limit`` samples: each group of successive samples becomes one with the lowest values.

    Growth is assessed by troughs, and an even selection would miss most of them. Time, CPU and the number of processes
    are those of the last sample of the group; the last sample of all is always kept.
    """
    step = -(-len(samples) // limit) or 1
    if step == 1:
        return list(samples)
    first = len(samples) % step or step
    bins = [samples[:first], *(samples[at : at + step] for at in range(first, len(samples), step))]
    return [_trough(bin_) for bin_ in bins if bin_]


def _trough(samples: Sequence[ResourceSample]) -> ResourceSample:
    def lowest(figures: Iterable[int | None]) -> int | None:
        return min((figure for figure in figures if figure is not None), default=None)

    return replace(
        samples[-1],
        rss=min(sample.rss for sample in samples),
        descriptors=min(sample.descriptors for sample in samples),
        threads=min(sample.threads for sample in samples),
        pss=lowest(sample.pss for sample in samples),
        database=lowest(sample.database for sample in samples),
        cache=lowest(sample.cache for sample in samples),
        clients=lowest(sample.clients for sample in samples),
    )


def _process(members: Sequence[ProcessSample], since: float, end: float, limit: int) -> Process:
    first, last = members[0], members[-1]
    samples = thinned([member.sample for member in members], limit)
    return Process(
        pid=first.pid,
        name=last.name,
        began=round(first.created - since, 3),
        ended=round(last.sample.at - since, 3) if last.sample.at < end else None,
        samples=tuple(_moved(sample, since) for sample in samples),
    )


def _changes(readings: Sequence[Reading]) -> tuple[int, int]:
    """Return the change in bytes and rows of a store."""

    def change(figures: list[int]) -> int:
        return figures[-1] - figures[0] if figures else 0

    size = change([reading.bytes for reading in readings if reading.bytes is not None])
    return size, change([reading.rows for reading in readings if reading.rows is not None])


def _every(readings: Sequence[Reading], limit: int) -> Sequence[Reading]:
    """Return at most ``limit`` readings at even distances, including the last."""
    step = -(-len(readings) // limit) or 1
    return readings[::-1][::step][::-1]


def _moved(sample: ResourceSample, since: float) -> ResourceSample:
    return replace(sample, at=round(sample.at - since, 3))


def _lines(path: Path, kind: type[T]) -> list[T]:
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    decoder = msgspec.json.Decoder(kind)
    return [decoder.decode(line) for line in lines]
