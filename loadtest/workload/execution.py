"""A soak's plan carried out: how many users there shall be at which time, and what came of each stretch."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from loadtest.results.measurements import LoadStage
from loadtest.workload.plan import MAX_SWEEP_TIME, Staffing

FAST_RATE = 100.0
"""Users started or stopped per second where it shall be quick; Locust warns above that."""

UserCount = tuple[int, float]
"""How many there shall be, and how many may come or go per second."""


class Execution:
    """First the sweep, then nobody, then the stretches of the plan.

    Nobody in between: users who swept are stopped, so that everybody's schedule begins with the plan.
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
        """Begin with the sweep ``now`` (Unix seconds); ``on_begin`` is called when the plan begins."""
        self._plan, self._crew, self._sweeping = plan, staffing, sweeping
        self._swept, self._on_begin = swept, on_begin
        self._sweep_ends = now + MAX_SWEEP_TIME
        self._emptying = False
        self._entered: list[float] = []
        self.finished = False
        """The plan was carried out to its end."""

    def users(self, now: float, there: int) -> UserCount | None:
        """Return how many users there shall be, of whom ``there`` are; None: the plan has ended."""
        if not self._emptying and now < self._sweep_ends and not self._swept():
            return self._sweeping
        if not self._entered and (there or not self._emptying):
            self._emptying = True
            return (0, FAST_RATE)
        if not self._entered:
            self._entered.append(now)
            self._on_begin()
        elapsed = now - self._entered[0]
        if elapsed >= self._plan[-1].end:
            self.finished = True
            return None
        number = sum(stretch.start <= elapsed for stretch in self._plan)
        self._entered.extend([now] * (number - len(self._entered)))
        return self._size(self._plan[number - 1])

    def stretches(self, started: float, now: float) -> tuple[LoadStage, ...]:
        """Return the plan as far as it was carried out, in seconds since ``started`` (Unix seconds, as ``now``)."""
        if not self._entered:
            return ()
        # The last one ends by plan, not when whoever asks happens to ask.
        planned_end = self._entered[0] + self._plan[len(self._entered) - 1].end
        ends = (*self._entered[1:], min(now, planned_end))
        return tuple(
            replace(stretch, start=round(at - started, 3), end=round(max(end, at) - started, 3))
            for stretch, at, end in zip(self._plan, self._entered, ends, strict=False)
        )

    def _size(self, stretch: LoadStage) -> UserCount:
        staffing, first = self._crew, self._plan[0]
        gently = staffing.plateau / (first.end - first.start) if first.name == "ramp-up" else FAST_RATE
        match stretch.name:
            case "ramp-up" | "plateau":
                return (staffing.plateau, gently)
            case "spike":
                return (staffing.peak, FAST_RATE)
            case "recovery":
                return (staffing.plateau, FAST_RATE)
            case "cool-down":
                return (0, FAST_RATE)
