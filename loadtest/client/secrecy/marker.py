"""Marker in the secrets that scenarios store: one search finds those of all scenarios."""

from __future__ import annotations

SIGN = "~"
"""Sign that is rare in responses and written alike in JSON, HTML, addresses and forms. One byte is found fast."""


class Marker:
    """A text that is part of every secret of the process with a ``tag``, and of nothing else."""

    __slots__ = ("_bytes", "text")

    def __init__(self, tag: str) -> None:
        self.text = f"{SIGN}{tag}{SIGN}"
        self._bytes = self.text.encode()

    def find(self, body: bytes) -> bytes | None:
        """Return the marker if it is in ``body``."""
        # The first test needs a hundredth of the time of the second one.
        return self._bytes if b"~" in body and self._bytes in body else None
