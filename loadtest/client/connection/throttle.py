"""Concurrency limits of a gateway: a maximum number of requests, and serialized writers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fnmatch import fnmatchcase
from pathlib import Path

import gevent
from gevent.lock import Semaphore

from loadtest.core.locks import polled
from loadtest.versions.data import Turns, VersionData

POLL_INTERVAL = 0.002
"""Seconds between two attempts to lock the file that another process holds."""


class Limiter:
    """Limits the calls of all users of one process, except open streams.

    With several ``processes`` on one machine, the file ``lock`` serializes their writers as well.
    """

    def __init__(self, data: VersionData | None, processes: int = 1, lock: Path | None = None) -> None:
        self._turns = data.turns if data else None
        self._writer = Semaphore()
        self._lock = lock if processes > 1 else None
        self._settle = self._turns.settle if self._turns else 0.0
        self._serialized: dict[str, bool] = {}
        limit = data.in_flight if data else None
        self._slots: AbstractContextManager[object] = (
            Semaphore(max(limit.most // processes, 1)) if limit else nullcontext()
        )
        self.notes: tuple[str, ...] = (
            *((f"at most {limit.most} requests at once: {limit.reason}",) if limit else ()),
            *((f"writers take turns: {self._turns.reason}",) if self._turns else ()),
        )
        """The limits and their reasons, for the reports."""

    def slot(self, operation: str) -> AbstractContextManager[object]:
        """Wait until a call of ``operation`` is allowed; hold its slot in the ``with`` block."""
        return self._turn() if self._is_serialized(operation) else self._slots

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # The writer's lock first: a waiting writer must not occupy a slot.
        with self._writer, self._between_processes():
            with self._slots:
                yield
            gevent.sleep(self._settle)

    def _between_processes(self) -> AbstractContextManager[None]:
        if self._lock is None:
            return nullcontext()
        # Blocking would stop every user of this process.
        return polled(self._lock, lambda: gevent.sleep(POLL_INTERVAL))

    def _is_serialized(self, operation: str) -> bool:
        if self._turns is None:
            return False
        found = self._serialized.get(operation)
        if found is None:
            found = self._serialized[operation] = is_serialized(operation, self._turns)
        return found


def is_serialized(operation: str, turns: Turns) -> bool:
    """Return whether calls of ``operation`` must not overlap."""

    def among(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(operation, pattern) for pattern in patterns)

    return among(turns.operations) and not among(turns.others)
