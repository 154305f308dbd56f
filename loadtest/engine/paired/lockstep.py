"""Two users that run the same scenario in lockstep, each against its own gateway.

Before every call each side waits for the other, and both calls are sent at the same moment, in random order. Each side
waits for the response of the other before it checks its own, so that the check does not delay the other response.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gevent
from gevent.event import Event

from loadtest.client.answer import Problem
from loadtest.results.failures import fingerprint

TIMEOUT = 90.0
"""Seconds that one side waits for the other; a request takes 60 s at most."""


CpuClock = Callable[[], tuple[float, float] | None]
"""Returns the CPU time of head and base in ms, or None if it is not measured."""


class Meeting:
    """A moment at which both sides called the same operation."""

    def __init__(self, clock: CpuClock) -> None:
        self._answered = 0
        self._both = Event()
        self._clock = clock
        self._began = clock()
        self.cpu: tuple[float, float] | None = None
        """CPU time of head and base until both had responded, in ms."""

    def answered(self) -> None:
        """Record the response of one side, and wait for that of the other."""
        self._answered += 1
        if self._answered > 1:
            if self._began is not None and (now := self._clock()) is not None:
                self.cpu = now[0] - self._began[0], now[1] - self._began[1]
            self._both.set()
        self._both.wait(TIMEOUT)

    def cancel(self) -> None:
        """Release a side that waits."""
        self._both.set()


@dataclass
class SideCall:
    """One call of one side."""

    operation: str
    meeting: Meeting | None
    """None if the other side did not make the same call at the same moment."""
    status: int = 0
    duration: float = 0.0
    """Milliseconds."""
    failure: str = ""
    """Fingerprint of its failure."""


@dataclass(frozen=True)
class CallPair:
    """Calls of one operation at the same moment."""

    operation: str
    head: SideCall
    base: SideCall

    @property
    def cpu(self) -> tuple[float, float] | None:
        """CPU time of head and base during the calls in ms; None if it was not measured."""
        return self.head.meeting.cpu if self.head.meeting else None

    @property
    def comparable(self) -> bool:
        """Whether both succeeded with a status of the same class."""
        calls = (self.head, self.base)
        return not any(one.failure for one in calls) and (
            self.head.status // 100 == self.base.status // 100 and min(one.duration for one in calls) > 0
        )


class Side:
    """The calls of one user; waits for those of the other side. Calls of a second greenlet of the user do not wait."""

    def __init__(self, shared: Lockstep) -> None:
        self._shared = shared
        self._greenlet: object = None
        self._turn = Event()
        self._meeting: Meeting | None = None
        self.calls: list[SideCall] = []
        """Until the first failure, including it: what follows is clean-up."""
        self.wanted: str | None = None
        """The operation that the side waits to call."""
        self.previous: str | None = None
        self.ended = False
        self._failed = False

    def start(self) -> None:
        """Begin the scenario in the current greenlet."""
        self._greenlet = gevent.getcurrent()

    def end(self) -> None:
        """End the scenario; the other side goes on alone."""
        self.ended = True
        self._shared.separate()

    def go(self, meeting: Meeting | None) -> None:
        """Allow the call that this side waits for."""
        self._meeting = meeting
        self.wanted = None
        self._turn.set()

    def before(self, operation: str) -> None:
        """See :class:`loadtest.client.call_sync.CallSync`."""
        if gevent.getcurrent() is not self._greenlet:
            return
        self._meeting = None
        self.wanted = operation
        self._turn.clear()
        self._shared.arrive(self)
        if not self._turn.wait(TIMEOUT):
            self._shared.separate()
        self.previous = operation

    def after(self, operation: str, status: int, duration: float) -> None:
        """See :class:`loadtest.client.call_sync.CallSync`."""
        meeting = self._meeting if gevent.getcurrent() is self._greenlet else None
        if not self._failed:
            self.calls.append(SideCall(operation, meeting, status, duration))
        if meeting is not None:
            meeting.answered()

    def first_event(self, operation: str, duration: float) -> None:
        """See :class:`loadtest.client.call_sync.CallSync`."""
        if (call := self._last(operation)) is not None:
            call.duration = duration

    def failed(self, operation: str, problem: Problem) -> None:
        """See :class:`loadtest.client.call_sync.CallSync`."""
        if self._failed:
            return
        self._failed = True
        failure = fingerprint(operation, problem.kind, problem.status, problem.code, problem.message)
        if (call := self._last(operation)) is not None:
            call.failure = failure
        else:
            self.calls.append(SideCall(operation, None, failure=failure))
        self._shared.separate()

    def cancel(self) -> None:
        """Release this side if it waits."""
        if self._meeting is not None:
            self._meeting.cancel()
        self.go(None)

    def _last(self, operation: str) -> SideCall | None:
        return next((call for call in reversed(self.calls) if call.operation == operation), None)


class Lockstep:
    """One run of a scenario on both sides."""

    def __init__(self, order: random.Random, clock: CpuClock = lambda: None) -> None:
        self._clock = clock
        self.head, self.base = Side(self), Side(self)
        self._order = order
        self._separate = False

    def separate(self) -> None:
        """Let both sides go on without each other: one has failed or ended."""
        self._separate = True
        self.head.cancel()
        self.base.cancel()

    def arrive(self, side: Side) -> None:
        """Decide who may call, now that ``side`` wants to."""
        other = self.base if side is self.head else self.head
        if self._separate or other.ended:
            side.go(None)
        elif other.wanted is None:
            return
        elif other.wanted == side.wanted:
            meeting = Meeting(self._clock)
            other.go(meeting)
            side.go(meeting)
            if self._order.random() < 0.5:
                gevent.sleep(0)  # the other one sends first
        else:
            repeating = [one for one in (side, other) if one.wanted == one.previous]
            # A polling loop that takes longer on one side.
            for one in repeating if len(repeating) == 1 else (side, other):
                one.go(None)

    def pairs(self) -> Iterator[CallPair]:
        """Yield the calls that both sides made at the same moment."""
        met = {id(call.meeting): call for call in self.base.calls if call.meeting is not None}
        for call in self.head.calls:
            if call.meeting is not None and (partner := met.get(id(call.meeting))) is not None:
                yield CallPair(call.operation, call, partner)

    def tried(self) -> dict[str, tuple[str, str]]:
        """Return the failures on head and base of each operation that both sides called; empty for none."""
        failures = [
            {
                name: next((one.failure for one in side.calls if one.operation == name and one.failure), "")
                for name in {one.operation for one in side.calls}
            }
            for side in (self.head, self.base)
        ]
        head, base = failures
        return {name: (head[name], base[name]) for name in head.keys() & base.keys()}
