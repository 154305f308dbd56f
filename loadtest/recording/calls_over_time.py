"""Calls of one operation over time, in few enough steps for a small chart."""

from __future__ import annotations

import msgspec

from loadtest.results.measurements import MAX_STEPS, CallBucket, CallsOverTime


class _Step(msgspec.Struct):
    requests: int = 0
    failures: int = 0
    total: int = 0
    """Microseconds of all requests; whole numbers merge exactly."""

    def merge(self, other: _Step) -> None:
        self.requests += other.requests
        self.failures += other.failures
        self.total += other.total


class StepCounts(msgspec.Struct):
    """Counts by step; the width of a step doubles as the run grows, so that there are at most ``MAX_STEPS``."""

    width: int = 1
    """Seconds."""
    steps: dict[int, _Step] = msgspec.field(default_factory=dict)

    def add(self, at: float, duration: float, *, failed: bool) -> None:
        """Count a call that finished ``at`` seconds after the start of the load and took ``duration`` ms."""
        number = max(int(at // self.width), 0)
        while number >= MAX_STEPS:
            self._widen()
            number //= 2
        step = self.steps.get(number)
        if step is None:
            step = self.steps[number] = _Step()
        step.requests += 1
        step.failures += failed
        step.total += round(duration * 1000)

    def merge(self, other: StepCounts) -> None:
        """Add the counts of another process, which may have steps of another width."""
        while self.width < other.width:
            self._widen()
        while other.width < self.width:
            other._widen()
        for number, step in other.steps.items():
            self._add(number, step)

    def record(self) -> CallsOverTime | None:
        """Return the record; None with fewer than two requests."""
        if sum(step.requests for step in self.steps.values()) < 2:
            return None
        return CallsOverTime(
            width=self.width,
            buckets=tuple(
                CallBucket(
                    number=number,
                    requests=step.requests,
                    failures=step.failures,
                    mean=round(step.total / step.requests / 1000, 1),
                )
                for number, step in sorted(self.steps.items())
            ),
        )

    def _widen(self) -> None:
        finer, self.steps = self.steps, {}
        self.width *= 2
        for number, step in finer.items():
            self._add(number // 2, step)

    def _add(self, number: int, step: _Step) -> None:
        known = self.steps.get(number)
        if known is None:
            self.steps[number] = step
        else:
            known.merge(step)
