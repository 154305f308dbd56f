"""A soak's plan carried out: how many users Locust has at which time, by Locust's own load shapes.

The shape lives in the master, or in the only process; Locust sees to it that workers follow.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from locust import LoadTestShape
from msgspec.structs import replace

from loadtest.soak import SWEEP_WITHIN, Crew
from loadtest.timeline import Stretch

AT_ONCE = 100.0
"""Users started or stopped per second where it shall be quick; Locust warns above that."""

Clock = Callable[[], float]


class SoakShape(LoadTestShape):
    """First the sweep, then nobody, then the stretches of the plan.

    Nobody in between: users who swept are stopped, so that everybody's schedule begins with the plan.
    """

    use_common_options = True

    def __init__(self, sweepers: int, spawn_rate: float, clock: Clock = time.time) -> None:
        LoadTestShape.__init__(self)
        self._sweeping = (sweepers, spawn_rate)
        self._clock = clock
        self.rest()

    def rest(self) -> None:
        """Forget what was carried out: the next load begins anew."""
        # finished: the plan was carried out to its end; over: the load ended, be it in the middle.
        self._plan: tuple[Stretch, ...] = ()
        self._crew = Crew(holders=0, paced=0, extra=0)
        self._swept: Callable[[], bool] = lambda: False
        self._on_begin: Callable[[], None] = lambda: None
        self._sweep_ends: float | None = None
        self._entered: list[float] = []
        self._emptied = self.finished = self.over = False

    def reset_time(self) -> None:
        """Begin anew if the last load is over; Locust also calls this when one has just begun."""
        LoadTestShape.reset_time(self)
        if self.over:
            self.rest()

    def begin(
        self, plan: tuple[Stretch, ...], crew: Crew, swept: Callable[[], bool], on_begin: Callable[[], None]
    ) -> None:
        """The stage is set: let the sweep go on until it is ``swept``, then carry out ``plan`` with ``crew``.

        ``on_begin`` is called when all who swept are gone and the plan begins.
        """
        self.rest()
        self._plan, self._crew, self._swept, self._on_begin = plan, crew, swept, on_begin
        self._sweep_ends = self._clock() + SWEEP_WITHIN

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there shall be now and how fast they come or go; None ends the load."""
        now = self._clock()
        # Until the load has begun the answer must not change: Locust would begin it once more.
        if self._sweep_ends is None or (not self._emptied and now < self._sweep_ends and not self._swept()):
            return self._sweeping
        if not self._emptied or (
            not self._entered and self.runner is not None and self.runner.user_count > 0
        ):
            self._emptied = True
            return (0, AT_ONCE)
        if not self._entered:
            self._entered.append(now)
            self._on_begin()
        elapsed = now - self._entered[0]
        if elapsed >= self._plan[-1].end:
            self.finished = self.over = True
            return None
        number = sum(stretch.start <= elapsed for stretch in self._plan)
        self._entered.extend([now] * (number - len(self._entered)))
        return self._size(self._plan[number - 1])

    def stretches(self, started: float, now: float) -> tuple[Stretch, ...]:
        """Return the plan as far as it was carried out, in seconds since ``started`` (all on the shape's clock)."""
        ends = [*self._entered[1:], now]
        if self._entered:
            # The last one ends by plan, not when whoever asks happens to ask.
            ends[-1] = min(now, self._entered[0] + self._plan[len(self._entered) - 1].end)
        return tuple(
            replace(stretch, start=round(at - started, 3), end=round(end - started, 3))
            for stretch, at, end in zip(self._plan, self._entered, ends, strict=False)
        )

    def _size(self, stretch: Stretch) -> tuple[int, float]:
        crew, first = self._crew, self._plan[0]
        gently = crew.plateau / (first.end - first.start) if first.name == "ramp-up" else AT_ONCE
        match stretch.name:
            case "ramp-up" | "plateau":
                return (crew.plateau, gently)
            case "spike":
                return (crew.peak, AT_ONCE)
            case "recovery":
                return (crew.plateau, AT_ONCE)
            case "cool-down":
                return (0, AT_ONCE)
