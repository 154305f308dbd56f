"""Stages of a load in pairs: which scenario runs next, and when the load ends.

The users of the load execute the scenarios; a greenlet of the coordinator decides which.
"""

from __future__ import annotations

import functools
import itertools
import logging
import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import gevent
from gevent.event import AsyncResult
from gevent.pool import Pool
from gevent.queue import Queue
from locust.exception import StopTest, StopUser

from loadtest.client.call_sync import CallSync
from loadtest.engine.link import GatewayLink
from loadtest.engine.paired.cpu import cpu_times
from loadtest.engine.paired.lockstep import Lockstep, Side
from loadtest.engine.paired.tally import PairTally
from loadtest.engine.sweep import SweepQueue
from loadtest.engine.target import PairPlan
from loadtest.pairs import allocation
from loadtest.pairs.allocation import CONFIRMED, IMPROVED, JUDGED, JUDGING_STEPS, STEPS, Cost
from loadtest.results.pairs import Measure, PairStage

logger = logging.getLogger(__name__)

SWEEP_PAIRS = 4
"""Scenarios that run in pairs at the same time while every operation is called once. Afterwards nothing else runs."""
REPLAY_PAIRS = 2
REPLAY_SHARE = 0.5
"""Share of the time budget that repetitions of failures may take in addition."""
MOST_SUSPECTS = 20
"""Failing operations that are repeated, the worst first."""
MOST_OF_BUDGET = 0.1
"""Share of the time budget from which a scenario is too slow to be repeated for its latencies."""
WARM_UPS = 2
"""Runs of a scenario after the second boot that do not count."""
NUMBERS = 4096
"""Names that one run of a scenario can use."""
END_TIMEOUT = 90.0
"""Seconds that the run on base may take longer than the run on head."""
LOCAL = "local"
"""Name of the only process as a worker of the sweep."""


class PairUser(Protocol):
    """A user that runs scenarios."""

    def use(self, link: GatewayLink) -> None:
        """Call the gateway of ``link`` from now on."""

    def perform(self, name: str, due: float | None = None, sync: CallSync | None = None) -> None:
        """Run a scenario once."""


@dataclass(frozen=True)
class _Order:
    """A scenario to run in a pair."""

    name: str
    stage: PairStage
    only: Collection[str] | None
    alone: bool
    """Nothing else runs on the gateways, so that their CPU time is that of the call."""
    done: AsyncResult[bool]
    head_only: bool = False


class PairDirector:
    """One per load in pairs."""

    def __init__(
        self,
        plan: PairPlan,
        head: GatewayLink,
        base: GatewayLink,
        *,
        slow: Collection[str],
        deep: Collection[str] = (),
        failures_of: Callable[[str], int] = lambda _: 0,
        seed: int = 0,
        sweep_over: Callable[[], None] = lambda: None,
    ) -> None:
        """Create it.

        ``slow`` scenarios wait for something most of the time, and run beside the others. ``deep`` ones make hundreds
        of requests that must be refused: they run on base only if head fails in them. ``failures_of`` returns the
        number of failures of head in a scenario.
        """
        self.plan = plan
        self.tally = PairTally()
        self._head, self._base = head, base
        self._slow = frozenset(slow)
        self._deep = frozenset(deep)
        self._failures_of = failures_of
        self._random = random.Random(seed)
        self._orders: Queue[_Order | None] = Queue()
        self._numbers = itertools.count(1)
        self._active: dict[int, tuple[Lockstep, GatewayLink, GatewayLink]] = {}
        self._sweep_over = sweep_over
        self._stopping = False
        self._ends = 0.0
        """End of the time budget, by the monotonic clock."""
        self.incomplete = ""
        """Why pairs are missing."""

    def serve(self, user: PairUser, partner: PairUser) -> None:
        """Run scenarios with ``user`` on head and ``partner`` on base until the load ends."""
        while not self._stopping and (order := self._orders.get()) is not None:
            try:
                self._pair(order, user, partner)
            finally:
                order.done.set(True)
        self._orders.put(None)  # for the next user

    def stop(self) -> None:
        """Begin nothing new and wait for nothing: the load is ending."""
        self._stopping = True
        for lockstep, *links in list(self._active.values()):
            for link in links:
                link.session.stopping = True
            lockstep.separate()
        self._orders.put(None)

    def run(self, sweep: SweepQueue, users: int, now: Callable[[], float]) -> None:
        """Run all stages of the plan; ``users`` execute scenarios, ``now`` is in seconds since the start."""
        if self.plan.confirm or self.plan.confirm_all:
            self._confirm()
            return
        self._sweep(sweep, users, now)
        self._sweep_over()
        self._replay(self.tally.suspects(), PairStage.REPLAY, self.plan.budget * REPLAY_SHARE)
        began = time.monotonic()
        self._ends = began + self.plan.budget
        operations = set(self.tally.logs(PairStage.SCREEN)) | {
            name for cost in self._costs() for name in cost.pairs
        }
        for step in STEPS:
            chosen = operations if step.operations is None else self._most_suspicious(step.operations)
            self._until(chosen, step.pairs, PairStage.SCREEN, began + self.plan.budget * step.until)
        self._judge()

    def _judge(self) -> None:
        """Make fresh pairs of the operations that seem to have changed, the most suspicious one first."""
        operations = {name for cost in self._costs() for name in cost.pairs}
        slower = allocation.with_same_handler(self._most_suspicious(JUDGED), operations)
        screened = (self.tally.logs(PairStage.SCREEN, measure) for measure in Measure)
        faster = tuple(name for name in allocation.most_improved(IMPROVED, *screened) if name not in slower)
        chosen = frozenset(slower + faster)

        def make(operations: Collection[str], pairs: int, ends: float) -> None:
            self._until(operations, pairs, PairStage.JUDGE, ends, only=chosen)

        # Time may not be enough for all. An operation of a slow scenario gets the rest, after those that take less.
        waiting = slower + faster
        for number, name in enumerate(waiting):
            share = 2 / (len(waiting) - number)
            now = time.monotonic()
            make([name], JUDGING_STEPS[0], min(now + share * (self._ends - now), self._ends))
        for name in waiting:
            make([name], JUDGING_STEPS[0], self._ends)
        for pairs in JUDGING_STEPS[1:]:
            make(slower, pairs, self._ends)

    def _sweep(self, sweep: SweepQueue, users: int, now: Callable[[], float]) -> None:
        """Run every scenario once."""
        names = list(iter(lambda: sweep.next(LOCAL), None))

        def some(names: Iterable[str], concurrently: int) -> None:
            pool = Pool(max(concurrently, 1))
            for name in names:
                pool.spawn(one, name)
            pool.join()

        def one(name: str) -> None:
            if name in self._deep:
                self._submit(name, PairStage.SCREEN, head_only=True)
            if name not in self._deep or self._failures_of(name):
                self._submit(name, PairStage.SCREEN)
            if not self._stopping:
                sweep.done(name, LOCAL, now())

        # Slow scenarios wait most of the time. They need a user as well, and leave some for the others.
        slow = gevent.spawn(some, [name for name in names if name in self._slow], users - SWEEP_PAIRS)
        some([name for name in names if name not in self._slow | self._deep], min(SWEEP_PAIRS, users))
        slow.join()
        # Last, and without pairs beside them: their load on head alone would make it look slower.
        some([name for name in names if name in self._deep - self._slow], min(SWEEP_PAIRS, users))

    def _replay(self, suspects: Mapping[str, str], stage: PairStage, seconds: float) -> None:
        """Repeat the scenarios of ``suspects``, by operation, until each is decided or the time is over."""
        ends = time.monotonic() + seconds
        if len(suspects) > MOST_SUSPECTS:
            self.incomplete = f"only {MOST_SUSPECTS} of {len(suspects)} failing operations were repeated"

        def one(operation: str, scenario: str) -> None:
            while (
                not self._stopping
                and time.monotonic() < ends
                and allocation.undecided(*self.tally.outcome(stage, scenario, operation))
            ):
                self._submit(scenario, stage, ())

        pool = Pool(REPLAY_PAIRS)
        for operation, scenario in itertools.islice(suspects.items(), MOST_SUSPECTS):
            pool.spawn(one, operation, scenario)
        pool.join()

    def _most_suspicious(self, number: int) -> tuple[str, ...]:
        return allocation.most_suspicious(
            number, *(self.tally.logs(PairStage.SCREEN, measure) for measure in Measure)
        )

    def _until(
        self,
        operations: Collection[str],
        pairs: int,
        stage: PairStage,
        ends: float,
        only: Collection[str] | None = None,
    ) -> None:
        """Run the scenarios that yield the most until all ``operations`` have ``pairs``, or the time is over.

        Other pairs count if they are of the operations ``only``; None for all.
        """
        chosen = frozenset(operations)
        while not self._stopping and time.monotonic() < ends:
            missing = self.tally.missing(chosen, pairs, stage)
            cost = allocation.next_scenario(missing, self._costs())
            if cost is None:
                break
            self._submit(cost.scenario, stage, only, alone=True)

    def _confirm(self) -> None:
        """Make fresh pairs of what was suspicious before the second boot."""
        began = time.monotonic()
        slower = [one for one in self.plan.confirm if not one.failing]
        failing = {one.operation: one.scenario for one in self.plan.confirm if one.failing}
        for name in sorted({one.scenario for one in slower}):
            for _ in range(WARM_UPS):
                self._submit(name, PairStage.CONFIRM, ())
        self._replay(failing, PairStage.CONFIRM, self.plan.budget)
        names = [one.operation for one in slower]
        self._until(names, CONFIRMED, PairStage.CONFIRM, began + self.plan.budget, only=names)
        if self.plan.confirm_all:
            began = time.monotonic()
            scenarios = [name for name in self.plan.scenarios if name not in self._slow]
            for name in itertools.cycle(scenarios):
                if self._stopping or time.monotonic() > began + self.plan.budget:
                    break
                self._submit(name, PairStage.CONFIRM, alone=True)

    def _costs(self) -> list[Cost]:
        """Return the scenarios that may be repeated."""
        return [
            cost
            for name, cost in self.tally.costs.items()
            if name not in self._slow | self._deep
            and cost.seconds < self.plan.budget * MOST_OF_BUDGET
            and cost.pairs
        ]

    def _submit(
        self,
        name: str,
        stage: PairStage,
        only: Collection[str] | None = None,
        *,
        alone: bool = False,
        head_only: bool = False,
    ) -> None:
        """Have a user run ``name`` in a pair, or on ``head_only``; return when it has ended."""
        if self._stopping:
            return
        order = _Order(name, stage, only, alone, AsyncResult(), head_only)
        self._orders.put(order)
        order.done.get()

    def _pair(self, order: _Order, user: PairUser, partner: PairUser) -> None:
        number = next(self._numbers)
        head, base = self._links(number)
        clock = functools.partial(cpu_times, head.pid, base.pid) if order.alone else lambda: None
        lockstep = Lockstep(self._random, clock)
        self._active[number] = (lockstep, head, base)
        began = time.monotonic()
        others = []
        if order.head_only:
            lockstep.separate()
        else:
            others.append(gevent.spawn(self._side, partner, base, order.name, lockstep.base))
        try:
            self._side(user, head, order.name, lockstep.head)
            gevent.joinall(others, END_TIMEOUT)
        finally:
            lockstep.separate()
            gevent.killall(others)
            del self._active[number]
        if not self._stopping:
            seconds = time.monotonic() - began
            self.tally.add(order.stage, order.name, lockstep, seconds, order.only, alone=order.alone)

    def _links(self, number: int) -> tuple[GatewayLink, GatewayLink]:
        """Return links for one run: both sides use the same names, and no other run does."""
        tag = self._head.session.tag

        def named(link: GatewayLink) -> GatewayLink:
            session = replace(link.session, tag=tag, _numbers=itertools.count(number * NUMBERS))
            return GatewayLink(session, link.fixture, link.pid)

        return named(self._head), named(self._base)

    def _side(self, user: PairUser, link: GatewayLink, name: str, side: Side) -> None:
        user.use(link)
        side.start()
        try:
            user.perform(name, sync=side)
        except (StopUser, StopTest):
            return
        finally:
            side.end()
