"""Not asking for more at once than a gateway can take: a limit of requests, and writers in turn."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fnmatch import fnmatchcase
from pathlib import Path

import gevent
from gevent.lock import Semaphore

from loadtest.versions.data import Turns, VersionData

POLL_INTERVAL = 0.002
"""Seconds between two looks at whether another process has ended its turn."""


class Limiter:
    """What every call of the users of one process passes through, open streams apart.

    With several ``processes`` on one machine, the file ``lock`` makes the turn go round among them, too.
    """

    def __init__(self, data: VersionData | None, processes: int = 1, lock: Path | None = None) -> None:
        self._turns = data.turns if data else None
        self._writer = Semaphore()
        self._lock = lock if processes > 1 else None
        self._settle = self._turns.settle if self._turns else 0.0
        self._needs: dict[str, bool] = {}
        limit = data.in_flight if data else None
        self._places: AbstractContextManager[object] = (
            Semaphore(max(limit.most // processes, 1)) if limit else nullcontext()
        )
        self.notes: tuple[str, ...] = (
            *((f"at most {limit.most} requests at once: {limit.reason}",) if limit else ()),
            *((f"writers take turns: {self._turns.reason}",) if self._turns else ()),
        )
        """What a reader of the run should know of it."""

    @contextmanager
    def passing(self, operation: str) -> Iterator[None]:
        """Let one call of ``operation`` through: wait for its turn if it needs one, and for a place."""
        if not self._needs_turn(operation):
            with self._places:
                yield
            return
        # The turn first: who waits for it must not take a place from those who could go on.
        with self._writer, self._between_processes():
            with self._places:
                yield
            gevent.sleep(self._settle)

    @contextmanager
    def _between_processes(self) -> Iterator[None]:
        if self._lock is None:
            yield
            return
        with self._lock.open("a") as file:
            while not _locked(file.fileno()):
                gevent.sleep(POLL_INTERVAL)
            # Closing the file gives the lock back.
            yield

    def _needs_turn(self, operation: str) -> bool:
        if self._turns is None:
            return False
        needed = self._needs.get(operation)
        if needed is None:
            needed = self._needs[operation] = is_serialized(operation, self._turns)
        return needed


def _locked(file: int) -> bool:
    """Try to lock an open file against other processes; never wait, that would stop every user of this one."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_serialized(operation: str, turns: Turns) -> bool:
    """Say whether ``operation`` is one of those that take turns."""

    def among(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(operation, pattern) for pattern in patterns)

    return among(turns.operations) and not among(turns.others)
