"""What a user does next in a soak: mostly the realistic mix, and in between each other scenario in its turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random


class Mix:
    """Names scenarios, one after the other, for the users of one process."""

    def __init__(
        self, realistic: Mapping[str, int], others: Sequence[str], share: float, random: Random
    ) -> None:
        """Take the names of the ``realistic`` ones with their weights, and the ``others``.

        ``share`` of what is named is realistic, unless there is only one kind.
        """
        self._realistic, self._weights = list(realistic), list(realistic.values())
        self._others = sorted(others)
        self._share = share if realistic and others else float(bool(realistic))
        self._random = random
        self._deck: list[str] = []

    def next(self) -> str:
        """Return the next name.

        Raises:
            IndexError: there is nothing to do at all.
        """
        if self._random.random() < self._share:
            return self._random.choices(self._realistic, self._weights)[0]
        # Dealt, not drawn: a rarely used operation must have its turn, too.
        if not self._deck:
            self._deck = self._random.sample(self._others, len(self._others))
        return self._deck.pop()
