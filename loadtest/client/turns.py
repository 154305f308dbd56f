"""Not asking for more at once than a gateway on SQLite can take: a limit of requests, and writers in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fnmatch import fnmatchcase

from gevent.lock import Semaphore

from loadtest.versions import Turns, VersionData


class Turnstile:
    """What every call of the users of one process passes through, open streams apart."""

    def __init__(self, data: VersionData | None, processes: int = 1) -> None:
        self._turns = data.turns if data else None
        self._writer = Semaphore()
        self._needs: dict[str, bool] = {}
        limit = data.in_flight if data else None
        self._places = Semaphore(max(limit.most // processes, 1)) if limit else None
        self.notes: tuple[str, ...] = (
            *((f"at most {limit.most} requests at once: {limit.reason}",) if limit else ()),
            *((f"writers take turns: {self._turns.reason}",) if self._turns else ()),
        )
        """What a reader of the run should know of it."""

    def passing(self, operation: str) -> AbstractContextManager[object]:
        """Return what a call of ``operation`` is made in; entering it waits for a place, and for the turn."""
        if self._places is None:
            return self._turn(operation)
        return self._place_and_turn(operation)

    @contextmanager
    def _place_and_turn(self, operation: str) -> Iterator[None]:
        # The turn first: who waits for it must not take a place from those who could go on.
        with self._turn(operation), self._places or nullcontext():
            yield

    def _turn(self, operation: str) -> AbstractContextManager[object]:
        if self._turns is None:
            return nullcontext()
        needed = self._needs.get(operation)
        if needed is None:
            needed = self._needs[operation] = needs_turn(operation, self._turns)
        return self._writer if needed else nullcontext()


def needs_turn(operation: str, turns: Turns) -> bool:
    """Say whether ``operation`` is one of those that take turns."""

    def among(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(operation, pattern) for pattern in patterns)

    return among(turns.operations) and not among(turns.others)
