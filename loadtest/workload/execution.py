"""Execution of the plan of a soak: the number of users at each time, and the actual times of each stage."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from loadtest.results.measurements import LoadStage
from loadtest.workload.plan import MAX_SWEEP_TIME, Staffing

FAST_RATE = 100.0
"""Users started or stopped per second for an immediate change; Locust warns above it."""

UserCount = tuple[int, float]
"""Number of users, and users started or stopped per second."""


class Execution:
    """First the sweep, then zero users, then the stages of the plan.

    The users of the sweep are stopped, so that the schedule of every user begins with the plan.
    """

    def __init__(
        self,
        plan: tuple[LoadStage, ...],
        staffing: Staffing,
        sweeping: UserCount,
        swept: Callable[[], bool],
        on_begin: Callable[[], None],
        now: float,
    ) -> None:
        """Start with the sweep ``now`` (Unix seconds); ``on_begin`` is called when the plan starts."""
        self._plan, self._staffing, self._sweeping = plan, staffing, sweeping
        self._swept, self._on_begin = swept, on_begin
        self._sweep_ends = now + MAX_SWEEP_TIME
        self._emptying = False
        self._entered: list[float] = []
        self.finished = False
        """The plan was completed."""

    def users(self, now: float, running: int) -> UserCount | None:
        """Return the number of users, of whom ``running`` are there now; None when the plan has ended."""
        if not self._emptying and now < self._sweep_ends and not self._swept():
            return self._sweeping
        if not self._entered and (running or not self._emptying):
            self._emptying = True
            return (0, FAST_RATE)
        if not self._entered:
            self._entered.append(now)
            self._on_begin()
        elapsed = now - self._entered[0]
        if elapsed >= self._plan[-1].end:
            self.finished = True
            return None
        number = sum(stage.start <= elapsed for stage in self._plan)
        self._entered.extend([now] * (number - len(self._entered)))
        return self._size(self._plan[number - 1])

    def stages(self, started: float, now: float) -> tuple[LoadStage, ...]:
        """Return the stages entered so far, in seconds since ``started`` (Unix seconds, as ``now``)."""
        if not self._entered:
            return ()
        # The last stage ends by plan, whenever this is called.
        planned_end = self._entered[0] + self._plan[len(self._entered) - 1].end
        ends = (*self._entered[1:], min(now, planned_end))
        return tuple(
            replace(stage, start=round(at - started, 3), end=round(max(end, at) - started, 3))
            for stage, at, end in zip(self._plan, self._entered, ends, strict=False)
        )

    def _size(self, stage: LoadStage) -> UserCount:
        staffing, first = self._staffing, self._plan[0]
        gradual = staffing.plateau / (first.end - first.start) if first.name == "ramp-up" else FAST_RATE
        match stage.name:
            case "ramp-up" | "plateau":
                return (staffing.plateau, gradual)
            case "spike":
                return (staffing.peak, FAST_RATE)
            case "recovery":
                return (staffing.plateau, FAST_RATE)
            case "cool-down" | "mix":
                return (0, FAST_RATE)
