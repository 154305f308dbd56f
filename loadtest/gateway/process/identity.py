"""Which process a process ID belongs to, and when it started, whatever happens to the system clock.

psutil derives the creation time of a process from the system clock, and a jump of that clock changes it.
"""

from __future__ import annotations

import time

import psutil

TOLERANCE = 1.0
"""Seconds; the boot time is rounded to a second."""


def started_after(process: psutil.Process) -> float:
    """Return the seconds between the boot of the machine and the start of ``process``, which must be a new object.

    Raises:
        psutil.Error: the process has ended.
    """
    return float(process.create_time() - psutil.boot_time())


def age(process: psutil.Process) -> float:
    """Return the seconds since the start of ``process``, which must be a new object.

    Raises:
        psutil.Error: the process has ended.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return max(time.clock_gettime(time.CLOCK_BOOTTIME) - started_after(process), 0.0)
    return max(time.time() - process.create_time(), 0.0)


def same_process(pid: int, started: float) -> bool:
    """Return whether ``pid`` is still the process that started ``started`` seconds after the boot."""
    try:
        process = psutil.Process(pid)
        return abs(started_after(process) - started) < TOLERANCE and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
