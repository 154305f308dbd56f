"""Arrival rate of a load: the master determines it, and every process follows it.

A soak has that of its plan. In other loads the first sweep, which has none, measures what the gateways can handle, and
the mix follows at half of it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from locust.env import Environment

from loadtest.core import clock
from loadtest.engine.sweep import SweepQueue, is_slow
from loadtest.engine.target import Target
from loadtest.results.measurements import LoadStage
from loadtest.workload.execution import Execution
from loadtest.workload.mix import Mix
from loadtest.workload.plan import (
    MIX_REALISTIC,
    ArrivalRate,
    Soak,
    allocate_users,
    arrival_rate,
    mix_rate,
    plan_stages,
)
from loadtest.workload.schedule import Schedule, phase
from loadtest.workload.shape import SoakShape

logger = logging.getLogger(__name__)

MIN_COMPLETED = 20
"""Scenarios from which the rate of the mix is determined while the last ones of the sweep still run."""

Scenarios = Mapping[str, tuple[type, Callable[[Any], None]]]


class Pacing:
    """The arrival rate as the users of one process follow it."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.rate: ArrivalRate | None = None
        """None in the first sweep of a load without a plan."""
        self.started = False
        """The sweep is over: users follow the arrival rate."""
        self.mix = Mix({}, (), 0.0, Random())
        self.slow: tuple[str, ...] = ()
        """Scenarios too long for the schedule of a user; users that hold streams run them."""
        self._users = 0

    def update(self, rate: ArrivalRate | None, *, started: bool, scenarios: Scenarios) -> None:
        """Follow ``rate`` with these ``scenarios``; ``started`` once the sweep is over."""
        self.rate, self.started, self._users = rate, started, 0
        if rate is None:
            return
        own = {name: entry for name, entry in scenarios.items() if not holds_streams(entry[0])}
        self.slow = tuple(sorted(name for name, (_, task) in own.items() if is_slow(task)))
        realistic = Counter(
            f"{user_class.__name__}.{getattr(task, '__name__', task)}"
            for user_class in {user_class for user_class, _ in own.values()}
            if getattr(user_class, "area", "") == "realistic"
            for task in getattr(user_class, "tasks", ())
        )
        others = [name for name in own if name not in realistic and name not in self.slow]
        if not (realistic or others):
            others = list(own)
        self.mix = Mix(realistic, others, rate.realistic, Random(f"{rate.seed} {self._process}"))

    def schedule(self, now: float) -> Schedule | None:
        """Return the schedule of another user from ``now``; None without an arrival rate."""
        if self.rate is None:
            return None
        return Schedule.after(now, self.rate.period, phase(self._next_user(), self._process))

    def stream_offset(self) -> int:
        """Return the number of the stream with which another user begins, so that users begin with different ones."""
        return self._next_user() + self._process

    def _next_user(self) -> int:
        user, self._users = self._users, self._users + 1
        return user

    @property
    def _process(self) -> int:
        return max(getattr(self.environment.runner, "worker_index", 0), 0)


class SoakController:
    """The plan of a soak, in the master: Locust follows it, and it starts when the sweep is over."""

    def __init__(self, environment: Environment, target: Target) -> None:
        self.environment = environment
        self.target = target
        self.rate: ArrivalRate | None = None
        self.paced_since: float | None = None
        """When the plan started, in Unix seconds."""
        self._announce: Callable[[], None] = lambda: None
        if target.soak is not None:
            options = environment.parsed_options
            sweeping = (
                min(target.soak.sweepers, user_count(environment)),
                getattr(options, "spawn_rate", None) or 1.0,
            )
            environment.shape_class = SoakShape(sweeping)
            environment.shape_class.runner = environment.runner
        elif kept := [one for one in environment.user_classes if not holds_streams(one)]:
            environment.user_classes = kept
        if not target.deep and (usual := [one for one in environment.user_classes if not is_deep(one)]):
            environment.user_classes = usual

    @property
    def shape(self) -> SoakShape | None:
        """The load shape of a soak; None in other loads, and if Locust's web page switched it off."""
        shape = self.environment.shape_class
        return shape if isinstance(shape, SoakShape) else None

    def begin(self, run_time: float | None, swept: Callable[[], bool], announce: Callable[[], None]) -> None:
        """Plan the soak, if this load is one; ``announce`` is called when the plan starts."""
        self.rate = self.paced_since = None
        if self.shape is not None and self.target.soak is not None:
            self._announce = announce
            self._plan(self.shape, self.target.soak, run_time or self.target.run_time or 0.0, swept)

    def _plan(self, shape: SoakShape, soak: Soak, run_time: float, swept: Callable[[], bool]) -> None:
        """Set the plan for the requested run time and number of users."""
        stream_classes = [one for one in self.environment.user_classes if holds_streams(one)]
        staffing = allocate_users(soak, user_count(self.environment), streams=bool(stream_classes))
        for user_class in stream_classes:
            user_class.fixed_count = staffing.holders
        self.rate = arrival_rate(soak, staffing, run_time, self.target.seed)
        stages = plan_stages(soak, staffing, run_time)
        shape.execution = Execution(stages, staffing, shape.sweeping, swept, self._on_swept, clock.now())

    def _on_swept(self) -> None:
        logger.info("The first sweep is over; the plan of the soak starts")
        self.paced_since = clock.now()
        self._announce()


class MixController:
    """The mix of a load without a plan, in the master: it starts when the sweep has no scenario left."""

    def __init__(self, environment: Environment, target: Target) -> None:
        self.environment = environment
        self.target = target
        self.rate: ArrivalRate | None = None
        self.paced_since: float | None = None
        """When the mix started, in Unix seconds."""
        self._starts = 0.0

    def reset(self) -> None:
        """Forget the mix of an earlier load."""
        self.rate = self.paced_since = None

    def begin(self, queue: SweepQueue, started: float, gateways: int) -> bool:
        """Start the mix if the sweep of ``queue`` is over, which ``started`` then (Unix seconds) on ``gateways``.

        Returns whether it started now. While the last scenarios of a sweep still run, it starts as well, because one
        that does not end must not keep the others from starting. Without a scenario in the sweep there is no mix: users
        run the tasks of their classes as Locust does.
        """
        done, target = queue.completed, self.target
        if self.paced_since is not None or not done or target.soak or target.only or target.base:
            return False
        if not queue.finished and done < MIN_COMPLETED:
            return False
        now = clock.now()
        self._starts = target.rate or mix_rate(done, max(now - started, 1.0), gateways)
        period = user_count(self.environment) / self._starts
        self.rate = ArrivalRate(period=period, realistic=MIX_REALISTIC, held=0.0, seed=target.seed)
        self.paced_since = now
        logger.info("The first sweep is over; the mix starts, %.3g scenarios per second", self._starts)
        return True

    def stages(self, started: float, now: float) -> tuple[LoadStage, ...]:
        """Return the mix as a stage, in seconds since ``started`` (Unix seconds, as ``now``); empty before it."""
        if self.paced_since is None:
            return ()
        start, end = round(self.paced_since - started, 3), round(now - started, 3)
        return (LoadStage(name="mix", start=start, end=max(start, end), rate=round(self._starts, 3)),)


def user_count(environment: Environment) -> int:
    """Return the number of users that was asked for; 1 if none was."""
    return getattr(environment.parsed_options, "num_users", None) or 1


def is_deep(user_class: type) -> bool:
    """Return whether users of this class run only in a deep load."""
    return bool(getattr(user_class, "deep", False))


def holds_streams(user_class: type) -> bool:
    """Return whether users of this class only hold streams open."""
    return bool(getattr(user_class, "holds_streams", False))
