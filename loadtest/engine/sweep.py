"""The first sweep: every scenario is dealt across all users of all workers before the weighted mix begins.

With twenty users and forty user classes, Locust's own dispatch leaves half of the classes without a user; a
dealt scenario is done by whichever user is free.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

import gevent
from gevent.event import AsyncResult

from loadtest.results.run import Scenario, Sweep

SLOW = "slow"
"""The tag of scenarios that take many seconds: they are dealt first, so that the sweep does not end with them."""


def sweep_order(scenarios: Iterable[Scenario], slow: frozenset[str]) -> tuple[str, ...]:
    """Return the names of ``scenarios`` as they are dealt: slow ones first, then those that call the most."""
    ranked = sorted(
        scenarios, key=lambda s: (s.name not in slow, -len({c.operation for c in s.calls}), s.name)
    )
    return tuple(scenario.name for scenario in ranked)


ATTEMPTS = 3
"""How often a scenario is dealt that calls an operation whose success is a matter of chance."""


def sweep_repeats(scenarios: Iterable[Scenario], chancy: frozenset[str]) -> tuple[str, ...]:
    """Return what is dealt once more after the others: whatever calls one of the ``chancy`` operations.

    Where each worker of a gateway keeps something to itself, every second call may meet the wrong one.
    """
    names = [one.name for one in scenarios if any(call.operation in chancy for call in one.calls)]
    return tuple(sorted(names)) * (ATTEMPTS - 1)


POLL_INTERVAL = 0.25
"""Seconds between two questions while nothing is left to deal and others are not done."""

SWEEP_TIMEOUT = 30.0
"""Seconds that a user waits so before it begins the mix."""


class SweepQueue:
    """What is left to deal, and who holds what; lives in the master (or in the only process)."""

    def __init__(self, scenarios: Iterable[str]) -> None:
        self._left = deque(scenarios)
        self._held: list[tuple[str, str]] = []
        """Names, and the workers that hold them."""
        self._planned = len(self._left)
        self._done = 0
        self.finished_at: float | None = None

    def deal(self, worker: str) -> str | None:
        """Return the next scenario for ``worker``, or None when all have been dealt."""
        if not self._left:
            return None
        name = self._left.popleft()
        self._held.append((name, worker))
        return name

    def done(self, name: str, worker: str, at: float) -> None:
        """Note that ``worker`` did ``name`` ``at`` seconds after the start; what it does not hold changes nothing."""
        if (name, worker) in self._held:
            self._held.remove((name, worker))
            self._done += 1
            if self.over:
                self.finished_at = at

    def lost(self, worker: str) -> tuple[str, ...]:
        """Take back what a lost worker held, to be dealt again first; return the names."""
        back = tuple(name for name, holder in self._held if holder == worker)
        self._held = [held for held in self._held if held[1] != worker]
        self._left.extendleft(reversed(back))
        return back

    @property
    def over(self) -> bool:
        """Say whether every scenario has been done."""
        return not self._left and not self._held

    def record(self) -> Sweep:
        """Return how far the sweep came."""
        return Sweep(
            planned=self._planned,
            done=self._done,
            finished_at=self.finished_at,
            unfinished=tuple(name for name, _ in self._held) + tuple(self._left),
        )


class SweepClient:
    """A process's side of the deal: asks for one scenario at a time, for as long as the sweep goes on."""

    def __init__(self, ask: Callable[[int], None], tell_done: Callable[[str], None]) -> None:
        self._ask = ask
        self._tell_done = tell_done
        self._tickets: dict[int, AsyncResult] = {}
        self._next = 0
        self.over = False
        """All scenarios are done, or the load ends: nobody need ask any more."""

    def take(self, patience: float = SWEEP_TIMEOUT) -> str | None:
        """Return the next scenario to do, or None once the sweep is over.

        While others still do what was dealt to them there may be more: a scenario of a worker that was lost is
        dealt again. After ``patience`` seconds without one the sweep is left to those others.
        """
        deadline = time.monotonic() + patience
        while not self.over:
            name = self._deal()
            if name is not None or time.monotonic() >= deadline:
                return name
            if not self.over:
                gevent.sleep(POLL_INTERVAL)
        return None

    def end(self) -> None:
        """Ask no more, and wait for no answer: the load ends, or the master cannot be reached."""
        self.over = True
        for reply in self._tickets.values():
            reply.set(None)

    def _deal(self) -> str | None:
        self._next += 1
        ticket = self._next
        reply = self._tickets[ticket] = AsyncResult()
        self._ask(ticket)
        try:
            name: str | None = reply.get()
        finally:
            del self._tickets[ticket]
        return name

    def deal(self, ticket: int, name: str | None, over: bool) -> bool:
        """Take the answer to ``ticket``; return False if nobody waits for it any more."""
        self.over = self.over or over
        reply = self._tickets.get(ticket)
        if reply is None:
            return False
        reply.set(name)
        return True

    def done(self, name: str) -> None:
        """Report that ``name`` was done."""
        self._tell_done(name)
