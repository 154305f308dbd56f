"""Programs that were suspended (SIGSTOP): they neither end nor respond, so that a wait for them would not end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping

import psutil

LIMIT = 10.0
"""Seconds for which a program may be suspended; a machine that sleeps or a debugger suspends one for a moment."""


class SuspensionWatch:
    """Checks the programs ``pids`` (by name), each started by a reaper. ``clock`` returns seconds."""

    def __init__(self, pids: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self._pids = dict(pids)
        self._clock = clock
        self._since: dict[str, float] = {}

    def kill_overdue(self) -> str | None:
        """Kill the first program that has been suspended for longer than :data:`LIMIT`; return its name.

        A suspended reaper is resumed: it measures nothing, and the program must not outlive this process.
        """
        for name, pid in self._pids.items():
            with contextlib.suppress(psutil.Error):
                program = psutil.Process(pid)
                reaper = program.parent()
                if reaper is not None and _is_suspended(reaper):
                    reaper.resume()
                if not _is_suspended(program):
                    self._since.pop(name, None)
                elif self._clock() - self._since.setdefault(name, self._clock()) > LIMIT:
                    del self._since[name]
                    program.kill()
                    return name
        return None


def _is_suspended(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_STOPPED)
