"""Request counts and latency over time, in at most 900 buckets and one histogram per minute.

Processes count by second and send only the seconds since their last report. Before the run is written, seconds are
folded into buckets whose width doubles as the run grows. Histograms merge exactly, so folding loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loadtest.results.latency import Histogram
from loadtest.results.measurements import Minute, Moment, Timeline
from loadtest.results.outcome import CallResult

MAX_BUCKETS = 900
"""Buckets on the time axis before each two are merged."""
MINUTE = 60.0


def minute_of(start: float, at: float) -> int:
    """Return the minute of the load, from 0, that contains ``at``; both times are in Unix seconds."""
    return max(int((at - start) // MINUTE), 0)


class _Bucket(msgspec.Struct):
    """Counts of one second, or of one bucket of several."""

    requests: int = 0
    failures: int = 0
    latency: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: _Bucket) -> None:
        self.requests += other.requests
        self.failures += other.failures
        self.latency.merge(other.latency)

    def record(self, at: int, users: int) -> Moment:
        known = self.latency.summary()
        return Moment(
            at=float(at),
            requests=self.requests,
            failures=self.failures,
            users=users,
            p50=known.reported(50) if known else None,
            p95=known.reported(95) if known else None,
            p99=known.reported(99) if known else None,
        )


class _MinuteCounts(msgspec.Struct):
    latency: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: _MinuteCounts) -> None:
        self.latency.merge(other.latency)


class TimeBuckets(msgspec.Struct):
    """Calls by the time at which they finished."""

    requests: int = 0
    seconds: dict[int, _Bucket] = msgspec.field(default_factory=dict)
    """By Unix second; not folded yet."""
    minutes: dict[int, _MinuteCounts] = msgspec.field(default_factory=dict)
    """By minute of the load."""
    width: int = 1
    """Seconds per bucket."""
    folded: dict[int, _Bucket] = msgspec.field(default_factory=dict)
    """By number of the bucket."""

    def add(self, start: float, outcome: CallResult, bucket: int) -> None:
        """Count one call of the load that began at ``start``, with the :func:`bucket_of` its duration."""
        self.requests += 1
        second = self.seconds.get(int(outcome.finished))
        if second is None:
            second = self.seconds[int(outcome.finished)] = _Bucket()
        second.requests += 1
        second.failures += outcome.fault is not None
        second.latency.add_to(bucket)
        number = minute_of(start, outcome.finished)
        minute = self.minutes.get(number)
        if minute is None:
            minute = self.minutes[number] = _MinuteCounts()
        minute.latency.add_to(bucket)

    def merge(self, other: TimeBuckets) -> None:
        """Add the counts of another process, which has folded none."""
        self.requests += other.requests
        merge_all(self.seconds, other.seconds)
        merge_all(self.minutes, other.minutes)

    def fold(self, start: float, until: int = 0) -> None:
        """Fold all seconds into buckets, wide enough that :data:`MAX_BUCKETS` reach the Unix second ``until``."""
        first = int(start)
        last = max((*self.seconds, until, first))
        while max((last - first) // self.width, *self.folded, 0) >= MAX_BUCKETS:
            self.width *= 2
            finer, self.folded = self.folded, {}
            for number, part in finer.items():
                merge_all(self.folded, {number // 2: part})
        for second, part in self.seconds.items():
            merge_all(self.folded, {max(second - first, 0) // self.width: part})
        self.seconds = {}

    def timeline(self, start: float, users: Mapping[int, int]) -> Timeline:
        """Return the run over time; ``users`` maps Unix seconds to numbers of users.

        The width of a bucket is the smallest power of two for which at most :data:`MAX_BUCKETS` remain.
        """
        self.fold(start, max(users, default=0))
        first = int(start)
        most_users: dict[int, int] = {}
        for second in sorted(users):
            number = max(second - first, 0) // self.width
            most_users[number] = max(most_users.get(number, 0), users[second])
        moments = []
        last = 0  # a busy generator can miss a second; the number of users has not changed then
        for number in sorted(set(self.folded) | set(most_users)):
            last = most_users.get(number, last)
            moments.append(self.folded.get(number, _EMPTY).record(number * self.width, last))
        return Timeline(
            width=float(self.width),
            moments=tuple(moments),
            minutes=tuple(
                Minute(at=number * MINUTE, requests=len(minute.latency), latency=minute.latency.summary())
                for number, minute in sorted(self.minutes.items())
            ),
        )


_EMPTY = _Bucket()


def merge_all(own: dict[Any, Any], new: Mapping[Any, Any]) -> None:
    """Merge each value of ``new`` into the value of ``own`` under the same key, or add it."""
    for key, counts in new.items():
        if key in own:
            own[key].merge(counts)
        else:
            own[key] = counts
