"""Scenario mix of a soak: mostly the realistic mix, and each of the other scenarios in rotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random


class Mix:
    """Chooses scenarios for the users of one process."""

    def __init__(
        self, realistic: Mapping[str, int], others: Sequence[str], share: float, random: Random
    ) -> None:
        """Create a mix of the ``realistic`` scenarios, with weights, and the ``others``.

        ``share`` of the choices is realistic, unless there is only one kind.
        """
        self._realistic, self._weights = list(realistic), list(realistic.values())
        self._others = sorted(others)
        self._share = share if realistic and others else float(bool(realistic))
        self._random = random
        self._rotation: list[str] = []

    def next(self) -> str:
        """Return the next name.

        Raises:
            IndexError: the mix is empty.
        """
        if self._random.random() < self._share:
            return self._random.choices(self._realistic, self._weights)[0]
        # In rotation instead of at random, so that no operation is left out.
        if not self._rotation:
            self._rotation = self._random.sample(self._others, len(self._others))
        return self._rotation.pop()
