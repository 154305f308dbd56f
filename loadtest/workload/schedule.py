"""Schedule of a user: fixed start times, independent of how fast the gateway responds.

A user that waits for a slow response before its next request measures a stall once, and nothing else while it lasts.
Here every user has one scheduled start per period. A late user starts at once, and its response time counts from the
scheduled start. The rate does not drift, because each start is computed from the first one. Source of the idea:
https://github.com/giltene/wrk2 (README, "coordinated omission").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

GOLDEN = (math.sqrt(5) - 1) / 2
SILVER = math.sqrt(2) - 1


def phase(user: int, process: int = 0) -> float:
    """Return the offset of a user in its period, from 0 to 1, given its number and that of its process.

    The golden ratio spreads any number of users evenly, also after the last ones have left. The second ratio keeps
    processes apart.
    """
    return (user * GOLDEN + process * SILVER) % 1.0


class Start(NamedTuple):
    """The start of a scenario."""

    due: float
    """Scheduled time, on the clock of the schedule."""
    late: float
    """Delay in seconds."""
    free: bool
    """The user was idle before: the delay is caused by the load generator."""


@dataclass(slots=True)
class Schedule:
    """Scheduled starts of one user, in seconds of any monotonic clock."""

    period: float
    first: float
    begun: int = 0
    _free: bool = False

    @classmethod
    def after(cls, now: float, period: float, phase: float) -> Schedule:
        """Return the schedule whose first start is the next time at this ``phase`` of the ``period``."""
        turns = math.ceil(now / period - phase)
        return cls(period, max((turns + phase) * period, now))

    @property
    def due(self) -> float:
        """The next scheduled start."""
        return self.first + self.begun * self.period

    def wait(self, now: float) -> float:
        """Return the seconds until the next scheduled start; 0 if it is overdue."""
        self._free = self.due > now
        return max(self.due - now, 0.0)

    def begin(self, now: float) -> Start:
        """Return the next start, which may be late, and advance."""
        due = self.due
        self.begun += 1
        return Start(due, max(now - due, 0.0), self._free)

    def backlog(self, now: float) -> int:
        """Return the number of scheduled starts until ``now`` that have not happened."""
        return (
            max(math.floor((now - self.first) / self.period) + 1 - self.begun, 0) if now >= self.first else 0
        )
