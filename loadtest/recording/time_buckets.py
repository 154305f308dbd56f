"""The run over time, counted so that hours of it stay small: seconds become longer steps, minutes are kept.

A tally that travels to another process holds the few seconds since the last one. Whoever writes the run folds
them, so that what is kept is bounded however long the load takes; nothing is lost, since histograms merge exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loadtest.results.latency import Histogram
from loadtest.results.measurements import Minute, Moment, Timeline
from loadtest.results.outcome import CallResult

MAX_BUCKETS = 900
"""Steps on the time axis before two become one."""
MINUTE = 60.0


def minute_of(start: float, at: float) -> int:
    """Return the minute of the load that began at ``start`` in which ``at`` lies (both in Unix seconds), from 0."""
    return max(int((at - start) // MINUTE), 0)


class _Part(msgspec.Struct):
    """What was counted in one second, or in one step of several."""

    requests: int = 0
    failures: int = 0
    latency: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: _Part) -> None:
        self.requests += other.requests
        self.failures += other.failures
        self.latency.merge(other.latency)

    def moment(self, at: int, users: int) -> Moment:
        known = self.latency.summary()
        return Moment(
            at=float(at),
            requests=self.requests,
            failures=self.failures,
            users=users,
            p50=known.percentiles["50"] if known else None,
            p95=known.percentiles["95"] if known else None,
            p99=known.percentiles["99"] if known else None,
        )


class _MinuteTally(msgspec.Struct):
    latency: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: _MinuteTally) -> None:
        self.latency.merge(other.latency)


class TimeBuckets(msgspec.Struct):
    """Calls by the time at which they finished."""

    requests: int = 0
    seconds: dict[int, _Part] = msgspec.field(default_factory=dict)
    """By Unix second; what has not been folded yet."""
    minutes: dict[int, _MinuteTally] = msgspec.field(default_factory=dict)
    """By minute of the load."""
    width: int = 1
    """Seconds of a step."""
    steps: dict[int, _Part] = msgspec.field(default_factory=dict)
    """By number of the step."""

    def add(self, start: float, outcome: CallResult) -> None:
        """Count one call of the load that began at ``start``."""
        self.requests += 1
        second = self.seconds.get(int(outcome.finished))
        if second is None:
            second = self.seconds[int(outcome.finished)] = _Part()
        second.requests += 1
        second.failures += outcome.fault is not None
        second.latency.add(outcome.duration)
        number = minute_of(start, outcome.finished)
        minute = self.minutes.get(number)
        if minute is None:
            minute = self.minutes[number] = _MinuteTally()
        minute.latency.add(outcome.duration)

    def merge(self, other: TimeBuckets) -> None:
        """Add what another process counted and did not fold."""
        self.requests += other.requests
        merge_all(self.seconds, other.seconds)
        merge_all(self.minutes, other.minutes)

    def fold(self, start: float, until: int = 0) -> None:
        """Put every second into its step; steps double until there are few enough up to the Unix second ``until``."""
        first = int(start)
        last = max((*self.seconds, until, first))
        while max((last - first) // self.width, *self.steps, 0) >= MAX_BUCKETS:
            self.width *= 2
            finer, self.steps = self.steps, {}
            for number, part in finer.items():
                merge_all(self.steps, {number // 2: part})
        for second, part in self.seconds.items():
            merge_all(self.steps, {max(second - first, 0) // self.width: part})
        self.seconds = {}

    def timeline(self, start: float, users: Mapping[int, int]) -> Timeline:
        """Return the run over time; ``users`` maps Unix seconds to how many users there were.

        Seconds are joined, two, four, eight at a time, until at most :data:`MAX_BUCKETS` steps remain.
        """
        self.fold(start, max(users, default=0))
        first = int(start)
        there: dict[int, int] = {}
        for second in sorted(users):
            step = max(second - first, 0) // self.width
            there[step] = max(there.get(step, 0), users[second])
        moments = []
        last = 0  # a busy generator misses a tick; the number of users is then what it was
        for step in sorted(set(self.steps) | set(there)):
            last = there.get(step, last)
            moments.append(self.steps.get(step, _NOTHING).moment(step * self.width, last))
        return Timeline(
            width=float(self.width),
            moments=tuple(moments),
            minutes=tuple(
                Minute(at=number * MINUTE, requests=len(minute.latency), latency=minute.latency.summary())
                for number, minute in sorted(self.minutes.items())
            ),
        )


_NOTHING = _Part()


def merge_all(own: dict[Any, Any], new: Mapping[Any, Any]) -> None:
    """Merge each tally of ``new`` into the one of ``own`` under the same key, or put it there."""
    for key, tally in new.items():
        if key in own:
            own[key].merge(tally)
        else:
            own[key] = tally
