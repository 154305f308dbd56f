"""Pauses of the load generator: times in which it did not run, although it had work to do.

A virtual machine that is paused, a hypervisor that gives its processors to others (steal), a suspended process or a
busy machine: meanwhile responses are not read, connections become idle and waits expire, and the gateway is not to
blame. Most of these stop the gateway, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import msgspec
import psutil

TICK = 0.1
"""Seconds between two checks of this process."""
MIN_PAUSE = 0.5
"""Seconds that this process must not have run."""
STEAL_INTERVAL = 1.0
"""Minimum seconds between two readings of the stolen CPU time."""
MIN_STOLEN = 0.5
"""Share of the machine's CPU time that must have been stolen in an interval."""
MAX_SHARE = 0.1
"""Share of a wait from which on a pause may be why it expired."""
REMEMBERED = 300.0
"""Seconds after which a pause no longer matters: no call waits that long."""
MAX_PAUSES = 500
"""Pauses kept in a record; further ones extend the last one."""


class PauseInterval(msgspec.Struct, frozen=True):
    """A pause, in seconds of the clock of the run."""

    start: float
    seconds: float

    @property
    def end(self) -> float:
        """Its end."""
        return self.start + self.seconds


class PauseMonitor:
    """Measures the pauses of this process. ``now`` returns the time, ``stolen`` the stolen share so far in seconds."""

    def __init__(self, now: Callable[[], float], stolen: Callable[[], float] | None = None) -> None:
        self._now = now
        self._stolen = stolen or stolen_seconds
        self._recent: deque[PauseInterval] = deque()
        self._new: list[PauseInterval] = []
        self.start()

    def start(self) -> None:
        """Start to measure now; earlier pauses are forgotten."""
        self._recent.clear()
        self._new = []
        self._last = self._read_at = self._now()
        self._read = self._stolen()

    def tick(self) -> None:
        """Check whether this process was paused since the last call; call it every :data:`TICK` seconds."""
        now = self._now()
        if now - self._last - TICK >= MIN_PAUSE:
            self._add(self._last + TICK, now - self._last - TICK)
        self._last = now
        if (past := now - self._read_at) >= STEAL_INTERVAL:
            read = self._stolen()
            if (stolen := min(read - self._read, past)) >= MIN_STOLEN * past:
                self._add(self._read_at, stolen)
            self._read_at, self._read = now, read
        while self._recent and self._recent[0].end < now - REMEMBERED:
            self._recent.popleft()

    def may_explain(self, waited: float) -> bool:
        """Return whether pauses took a considerable share of the last ``waited`` seconds."""
        self.tick()
        end = self._now()
        inside = (_clipped(pause, end - waited, end) for pause in self._recent)
        lost = sum(pause.seconds for pause in united(inside))
        return waited > 0 and lost >= MAX_SHARE * waited

    def take(self) -> list[PauseInterval]:
        """Return the pauses since the last call."""
        taken, self._new = self._new, []
        return taken

    def _add(self, start: float, seconds: float) -> None:
        pause = PauseInterval(start, seconds)
        self._recent.append(pause)
        self._new.append(pause)


def united(pauses: Iterable[PauseInterval]) -> list[PauseInterval]:
    """Return ``pauses`` in order, with those that overlap as one."""
    found: list[PauseInterval] = []
    for pause in sorted(pauses, key=lambda one: one.start):
        if pause.seconds <= 0:
            continue
        if found and pause.start <= found[-1].end:
            start = found[-1].start
            found[-1] = PauseInterval(start, max(found[-1].end, pause.end) - start)
        else:
            found.append(pause)
    return found


def stolen_seconds() -> float:
    """Return the CPU time that the hypervisor gave to other machines so far, in seconds per processor.

    0 where the system does not measure it (macOS).
    """
    return float(getattr(psutil.cpu_times(), "steal", 0.0)) / (psutil.cpu_count() or 1)


def _clipped(pause: PauseInterval, start: float, end: float) -> PauseInterval:
    first = max(pause.start, start)
    return PauseInterval(first, min(pause.end, end) - first)
