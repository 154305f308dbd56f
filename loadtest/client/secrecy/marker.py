"""Marker in the secrets that scenarios store: one search finds all of them, whoever stored them."""

from __future__ import annotations

import base64


class Marker:
    """A text that is part of every secret of one process, and of nothing else."""

    __slots__ = ("_forms", "text")

    def __init__(self, tag: str) -> None:
        self.text = f"secret-{tag}"
        self._forms = (self.text.encode(), *_in_base64(self.text.encode()))

    def find(self, body: bytes) -> bytes | None:
        """Return the marker as it occurs in ``body``, as text or in base64; None if it does not."""
        for form in self._forms:
            if form in body:
                return form
        return None


def _in_base64(raw: bytes) -> list[bytes]:
    """Return, for each alignment, the digits that depend on ``raw`` only."""
    found = []
    for offset in range(3):
        digits = base64.b64encode(bytes(offset) + raw)
        found.append(digits[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6])
    return found
