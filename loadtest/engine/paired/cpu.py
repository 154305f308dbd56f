"""CPU time of another process."""

from __future__ import annotations

import time

_SCHEDULER = 2
"""``CPUCLOCK_SCHED`` of Linux: the CPU time of a process, in nanoseconds."""


def cpu_time(pid: int | None) -> float | None:
    """Return the CPU time of all threads of a process in ms; None if it is not known, as on macOS."""
    if pid is None or not hasattr(time, "clock_gettime_ns"):
        return None
    try:
        return time.clock_gettime_ns((~pid << 3) | _SCHEDULER) / 1e6
    except (OSError, OverflowError):
        return None


def cpu_times(head: int | None, base: int | None) -> tuple[float, float] | None:
    """Return the CPU time of both processes in ms; None if one is not known."""
    times = cpu_time(head), cpu_time(base)
    return None if times[0] is None or times[1] is None else (times[0], times[1])
