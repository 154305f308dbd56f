"""The first sweep: each scenario runs once, distributed over all users of all workers, before the weighted mix.

With twenty users and forty user classes, Locust's own distribution leaves half of the classes without a user. In the
sweep any free user runs the next scenario, whatever its class.
"""

from __future__ import annotations

import functools
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path

import gevent
from gevent.event import AsyncResult

from loadtest.core.files import read_text
from loadtest.results.run import Scenario, Sweep

SLOW = "slow"
"""Tag of scenarios that take many seconds."""

COVER = Path(__file__).with_name("cover.txt")
"""The names of scenarios, a line each; recorded by ``scripts/record_cover.py``."""

ATTEMPTS = 3
"""Runs in the sweep of a scenario whose success depends on chance."""

POLL_INTERVAL = 0.25
"""Seconds between two requests for a scenario while none is left and others are still running."""

SWEEP_TIMEOUT = 30.0
"""Seconds after which a user without a scenario leaves the sweep and begins the mix."""


def is_slow(task: object) -> bool:
    """Return whether the scenario ``task`` has the tag :data:`SLOW`."""
    return SLOW in getattr(task, "locust_tag_set", ())


def greedy_cover(
    operations_of: Mapping[str, Set[str]],
    costs: Mapping[str, float],
    covered: Set[str] = frozenset(),
    slow: Set[str] = frozenset(),
) -> tuple[str, ...]:
    """Return names of scenarios that together have every operation which is not ``covered`` already.

    Each has an operation that no earlier one has. The next one is that with most new operations for its cost: the
    time that it takes, or the calls that it plans. Of several, ``slow`` ones are last.
    """
    left = dict(operations_of)
    covered = set(covered)
    order: list[str] = []
    while left := {name: found for name, found in left.items() if not found <= covered}:
        name = min(
            left, key=lambda one: (-len(left[one] - covered) / costs[one], one in slow, -len(left[one]), one)
        )
        covered |= left.pop(name)
        order.append(name)
    return tuple(order)


def sweep_order(
    scenarios: Sequence[Scenario],
    operations_of: Mapping[str, Set[str]],
    slow: frozenset[str] = frozenset(),
    deep: frozenset[str] = frozenset(),
    known: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return the names of ``scenarios`` in the order of the sweep.

    The ``known`` ones are first, in their order: the cover that was recorded. A greedy cover of the other operations
    follows. The others delay no operation's first call: ``slow`` ones, so that the sweep does not end with them, then
    ``deep`` ones, whose hundreds of requests would otherwise be its end, then the rest. ``slow`` ones of the cover are
    first of all.

    Args:
        scenarios: what the sweep runs.
        operations_of: the operations that each scenario covers, see :func:`covers`.
        slow: names of scenarios that wait for something most of the time.
        deep: names of those with requests that must be refused.
        known: names of scenarios with which to begin; those that the sweep does not run are ignored.
    """
    calls = {one.name: len(one.calls) for one in scenarios}
    first = [name for name in known if name in calls]
    covered = frozenset[str]().union(*(operations_of[name] for name in first))
    first += greedy_cover(operations_of, calls, covered, slow)
    others = sorted(
        calls.keys() - set(first),
        key=lambda one: (one not in slow, one not in deep, -len(operations_of[one]), one),
    )
    return (*sorted(first, key=lambda one: one not in slow), *others)


@functools.cache
def recorded_cover() -> tuple[str, ...]:
    """Return the names of the scenarios that call every operation of a known version in the shortest time."""
    lines = read_text(COVER).splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def sweep_repeats(scenarios: Iterable[Scenario], intermittent: frozenset[str]) -> tuple[str, ...]:
    """Return the names that the sweep repeats at its end: scenarios that call an ``intermittent`` operation.

    Where each worker of a gateway has its own state, every second call may reach the wrong worker.
    """
    names = [one.name for one in scenarios if any(call.operation in intermittent for call in one.calls)]
    return tuple(sorted(names)) * (ATTEMPTS - 1)


def covers(
    scenarios: Iterable[Scenario],
    offered: Callable[[str], bool] = lambda _: True,
    deep: frozenset[str] = frozenset(),
) -> dict[str, frozenset[str]]:
    """Return the ``offered`` operations that each scenario calls.

    ``deep`` ones have none, because requests that must be refused are no calls of an operation.
    """
    return {
        one.name: frozenset()
        if one.name in deep
        else frozenset(call.operation for call in one.calls if offered(call.operation))
        for one in scenarios
    }


class SweepQueue:
    """The scenarios still to run, and those that are running; one per load, in the master.

    The order assumes that a scenario makes all of its calls and that they succeed. Where one ends early, a known
    failure for example, the next scenario is one that calls an operation without a success: ``operations_of`` has the
    operations of each scenario that may wait for such a one.
    """

    def __init__(
        self,
        scenarios: Iterable[str],
        operations_of: Mapping[str, Set[str]] | None = None,
        *,
        breadth: bool = False,
    ) -> None:
        """Plan ``scenarios`` in this order; with ``breadth``, only those that call what no other has called."""
        self._waiting = deque(scenarios)
        self._operations_of = operations_of or {}
        self._breadth = breadth
        self._tried: Counter[str] = Counter()
        """For each operation, the scenarios that have run and were to call it."""
        self._running: list[tuple[str, str]] = []
        """Scenario and worker."""
        self._planned = self._needed() if breadth else len(self._waiting)
        self._done = 0
        self._last_done: float | None = None
        self.dropped: tuple[str, ...] = ()
        """Scenarios that did not run, as others had called each of their operations."""
        self.finished_at: float | None = None

    def next(
        self, worker: str, covered: frozenset[str] = frozenset(), called: frozenset[str] = frozenset()
    ) -> str | None:
        """Return the next scenario for ``worker``, or None if none is left.

        It is the first that calls an operation which is not ``covered`` and which no running scenario calls. An
        operation that :data:`ATTEMPTS` scenarios have ``called`` in vain does not require a further one.
        """
        if not self._waiting:
            return None
        covered = covered.union(*(self._operations_of.get(name, ()) for name, _ in self._running))
        covered |= {name for name in called if self._tried[name] >= ATTEMPTS}
        index = next((i for i, name in enumerate(self._waiting) if self._adds(name, covered)), None)
        if index is None and self._breadth:
            if not self._running:
                self._drop()
            return None
        index = index or 0
        name = self._waiting[index]
        del self._waiting[index]
        self._running.append((name, worker))
        return name

    def _drop(self) -> None:
        self.dropped = tuple(self._waiting)
        self._waiting.clear()
        self.finished_at = self._last_done

    def _needed(self) -> int:
        """Return the number of scenarios that call what those before them do not."""
        covered: set[str] = set()
        needed = 0
        for name in self._waiting:
            needed += self._adds(name, covered)
            covered |= self._operations_of.get(name, frozenset())
        return needed

    def _adds(self, name: str, covered: Set[str]) -> bool:
        operations = self._operations_of.get(name)
        return operations is None or not operations <= covered

    def done(self, name: str, worker: str, at: float) -> None:
        """Record that ``worker`` ran ``name``, ``at`` seconds after the start; ignore what it was not running."""
        if (name, worker) in self._running:
            self._running.remove((name, worker))
            self._tried.update(self._operations_of.get(name, ()))
            self._done += 1
            self._last_done = at
            if self.finished:
                self.finished_at = at

    def requeue(self, worker: str) -> tuple[str, ...]:
        """Put the scenarios of a lost ``worker`` back at the front of the queue; return their names."""
        back = tuple(name for name, owner in self._running if owner == worker)
        self._running = [entry for entry in self._running if entry[1] != worker]
        self._waiting.extendleft(reversed(back))
        return back

    @property
    def completed(self) -> int | None:
        """The number of scenarios that have run; None while others wait for a user."""
        return None if self._waiting else self._done

    @property
    def finished(self) -> bool:
        """Whether every scenario has run."""
        return not self._waiting and not self._running

    def record(self) -> Sweep:
        """Return the progress of the sweep."""
        planned = self._planned
        if self._breadth:
            planned = self._done if self.finished else max(planned, self._done + len(self._running))
        return Sweep(
            planned=planned,
            done=self._done,
            finished_at=self.finished_at,
            unfinished=tuple(name for name, _ in self._running) + tuple(self._waiting),
        )


class SweepClient:
    """The sweep as seen by one process: its users request one scenario at a time."""

    def __init__(self, request: Callable[[int], None], report_done: Callable[[str], None]) -> None:
        self._request = request
        self._report_done = report_done
        self._pending: dict[int, AsyncResult] = {}
        self._last_ticket = 0
        self.over = False
        """The sweep has finished or the load is ending: no more requests."""

    def next(self, timeout: float = SWEEP_TIMEOUT) -> str | None:
        """Return the next scenario to run, or None once the sweep is over or ``timeout`` seconds brought none.

        While other users still run theirs, more may come: scenarios of a lost worker go back to the queue.
        """
        deadline = time.monotonic() + timeout
        while not self.over:
            name = self._ask()
            if name is not None or time.monotonic() >= deadline:
                return name
            if not self.over:
                gevent.sleep(POLL_INTERVAL)
        return None

    def stop(self) -> None:
        """Send no more requests and wait for no more replies: the load is ending."""
        self.over = True
        for reply in self._pending.values():
            reply.set(None)

    def receive(self, ticket: int, name: str | None, *, over: bool) -> bool:
        """Pass on the reply to the request ``ticket``; return False if no user is waiting for it."""
        self.over = self.over or over
        reply = self._pending.get(ticket)
        if reply is None:
            return False
        reply.set(name)
        return True

    def done(self, name: str) -> None:
        """Report that ``name`` has run."""
        self._report_done(name)

    def _ask(self) -> str | None:
        self._last_ticket += 1
        ticket = self._last_ticket
        reply = self._pending[ticket] = AsyncResult()
        self._request(ticket)
        try:
            name: str | None = reply.get()
        finally:
            del self._pending[ticket]
        return name
