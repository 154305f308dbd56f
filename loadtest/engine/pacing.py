"""A soak among the processes of Locust: the master says the pace, every process keeps to it.

The part of a load that :mod:`loadtest.engine.coordinator` uses for a soak;
a load of constant size has no pace and does not use it.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec
from locust.env import Environment

from loadtest.engine.sweep import SLOW
from loadtest.engine.target import Target
from loadtest.workload.execution import Execution
from loadtest.workload.mix import Mix
from loadtest.workload.plan import ArrivalRate, Soak, allocate_users, arrival_rate, plan_stages
from loadtest.workload.schedule import Schedule, phase
from loadtest.workload.shape import SoakShape

logger = logging.getLogger(__name__)

Scenarios = Mapping[str, tuple[type, Callable[[Any], None]]]


class Pacing:
    """What the users of one process know of the pace."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.pace: ArrivalRate | None = None
        """None: a load of one size."""
        self.on = False
        """The sweep is over: users who come now keep to the pace."""
        self.mix = Mix({}, (), 0.0, Random())
        self.slow: tuple[str, ...] = ()
        """Scenarios that take so long that they would make their user late: those who hold streams do them."""
        self._users = 0

    def told(self, data: Mapping[str, Any], scenarios: Scenarios) -> None:
        """Hear from the master what the pace is, and whether it is kept already."""
        self.pace = msgspec.convert(data["pace"], ArrivalRate | None)
        self.on = data["on"]
        self._users = 0
        if self.pace is None:
            return
        mine = {name: entry for name, entry in scenarios.items() if not holds_streams(entry[0])}
        self.slow = tuple(
            sorted(name for name, (_, task) in mine.items() if SLOW in getattr(task, "locust_tag_set", ()))
        )
        realistic = Counter(
            f"{user_class.__name__}.{getattr(task, '__name__', task)}"
            for user_class in {user_class for user_class, _ in mine.values()}
            if getattr(user_class, "area", "") == "realistic"
            for task in getattr(user_class, "tasks", ())
        )
        others = [name for name in mine if name not in realistic and name not in self.slow]
        if not (realistic or others):
            others = list(mine)
        self.mix = Mix(realistic, others, self.pace.realistic, Random(f"{self.pace.seed} {self._process}"))

    def schedule(self, now: float) -> Schedule | None:
        """Return the schedule of one more user, on the clock that says ``now``; None in a load of one size."""
        if self.pace is None:
            return None
        user, self._users = self._users, self._users + 1
        return Schedule.after(now, self.pace.period, phase(user, self._process))

    def turn(self) -> int:
        """Return the number of one more user who holds streams: each begins with another kind."""
        user, self._users = self._users, self._users + 1
        return user + self._process

    @property
    def _process(self) -> int:
        return max(getattr(self.environment.runner, "worker_index", 0), 0)


class SoakController:
    """The master's part: has Locust follow the plan, and says when it begins."""

    def __init__(self, environment: Environment, target: Target) -> None:
        self.environment = environment
        self.target = target
        self._pacing: dict[str, Any] = {"pace": None, "on": False}
        self._tell: Callable[[], None] = lambda: None
        if target.soak is not None:
            options = environment.parsed_options
            users = getattr(options, "num_users", None) or 1
            sweeping = (min(target.soak.sweepers, users), getattr(options, "spawn_rate", None) or 1.0)
            environment.shape_class = SoakShape(sweeping)
            environment.shape_class.runner = environment.runner
        elif kept := [one for one in environment.user_classes if not holds_streams(one)]:
            environment.user_classes = kept

    @property
    def shape(self) -> SoakShape | None:
        """The shape of a soak; None if Locust's page was told to do without it, too."""
        shape = self.environment.shape_class
        return shape if isinstance(shape, SoakShape) else None

    @property
    def message(self) -> dict[str, Any]:
        """What :meth:`Pacing.told` must hear."""
        return self._pacing

    def begin(self, run_time: float | None, swept: Callable[[], bool], tell: Callable[[], None]) -> None:
        """The stage is set: plan the soak, if it is one. ``tell`` sends the message when the plan begins."""
        self._pacing = {"pace": None, "on": False}
        if self.shape is not None and self.target.soak is not None:
            self._tell = tell
            self._plan(self.shape, self.target.soak, run_time or self.target.run_time or 0.0, swept)

    def _plan(self, shape: SoakShape, soak: Soak, run_time: float, swept: Callable[[], bool]) -> None:
        """Have the shape carry out the plan, scaled to the time and the users that were asked for."""
        holders = [one for one in self.environment.user_classes if holds_streams(one)]
        users = getattr(self.environment.parsed_options, "num_users", None) or 1
        hands = allocate_users(soak, users, streams=bool(holders))
        for user_class in holders:
            user_class.fixed_count = hands.holders
        self._pacing["pace"] = msgspec.to_builtins(arrival_rate(soak, hands, run_time, self.target.seed))
        shape.execution = Execution(
            plan_stages(soak, hands, run_time), hands, shape.sweeping, swept, self._on_swept, time.time()
        )

    def _on_swept(self) -> None:
        logger.info("The sweep is done; the plan of the soak begins")
        self._pacing["on"] = True
        self._tell()


def holds_streams(user_class: type) -> bool:
    """Say whether users of this class only hold streams open."""
    return bool(getattr(user_class, "holds_streams", False))
