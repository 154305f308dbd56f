"""When a user means to begin: a fixed schedule of intended starts, kept whether or not the gateway keeps up.

A user who waits for a slow answer before asking again measures the stall once and then nothing, for as long as
it lasts. Here every user has its intended starts, one each period; when it comes late it begins at once, and the
time of the answer counts from the intended start. The rate does not drift, since each start is computed from the
first one. Source of the idea: https://github.com/giltene/wrk2 (README, "coordinated omission").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

GOLDEN = (math.sqrt(5) - 1) / 2
SILVER = math.sqrt(2) - 1


def phase(user: int, process: int = 0) -> float:
    """Return where in its period the ``user``-th user of a process begins, from 0 to 1.

    Any number of users is spread evenly (by the golden ratio), and stays so when the last ones leave. The second
    ratio keeps processes from beginning together.
    """
    return (user * GOLDEN + process * SILVER) % 1.0


class Start(NamedTuple):
    """One scenario that begins now."""

    due: float
    """Its intended start, on the clock of the schedule."""
    late: float
    """Seconds after that."""
    free: bool
    """Nothing kept its user from beginning in time: what it is late is the load generator's own doing."""


@dataclass(slots=True)
class Schedule:
    """The intended starts of one user, in seconds of any clock that only goes forward."""

    period: float
    first: float
    begun: int = 0
    _free: bool = False

    @classmethod
    def after(cls, now: float, period: float, phase: float) -> Schedule:
        """Return the schedule whose first start is the next time with this ``phase`` of the ``period``."""
        turns = math.ceil(now / period - phase)
        return cls(period, max((turns + phase) * period, now))

    @property
    def due(self) -> float:
        """The next intended start."""
        return self.first + self.begun * self.period

    def wait(self, now: float) -> float:
        """Return how many seconds there are until the next intended start: 0 for a user who is late."""
        self._free = self.due > now
        return max(self.due - now, 0.0)

    def begin(self, now: float) -> Start:
        """Begin what is due next, be it late."""
        due = self.due
        self.begun += 1
        return Start(due, max(now - due, 0.0), self._free)

    def backlog(self, now: float) -> int:
        """Return how many starts were intended until ``now`` and are not begun."""
        return (
            max(math.floor((now - self.first) / self.period) + 1 - self.begun, 0) if now >= self.first else 0
        )
