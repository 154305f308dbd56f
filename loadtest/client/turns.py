"""Taking turns: a gateway that cannot have two writers at once on SQLite gets one at a time."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatchcase

from gevent.lock import Semaphore

from loadtest.versions import Turns


class Turn:
    """Whose turn it is, among the users of one process."""

    def __init__(self, turns: Turns | None) -> None:
        self.turns = turns
        self._one = Semaphore()
        self._needs: dict[str, bool] = {}

    def of(self, operation: str) -> AbstractContextManager[object]:
        """Return what a call of ``operation`` is made in: it waits until nobody else is in there."""
        if self.turns is None:
            return nullcontext()
        needed = self._needs.get(operation)
        if needed is None:
            needed = self._needs[operation] = needs_turn(operation, self.turns)
        return self._one if needed else nullcontext()


def needs_turn(operation: str, turns: Turns) -> bool:
    """Say whether ``operation`` is one of those that take turns."""

    def among(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(operation, pattern) for pattern in patterns)

    return among(turns.operations) and not among(turns.others)
