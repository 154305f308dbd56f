"""Whether a gateway responds at all, asked beside the load: one that was stopped or is deadlocked does not end."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

EVERY = 2.0
"""Seconds between two probes. Each has a connection of its own: of several workers one alone may hang."""
SILENT = 12.0
"""Seconds without any response after which a gateway counts as unresponsive. A busy one is slow, or blocked for a few
seconds, and responds then; nothing that the load test knows of blocks one for longer."""
PROBES = 4
"""Probes that must have been sent in that time, so that a pause of this machine is not taken for one of the gateway."""


class HealthProbe:
    """Asks for ``/health`` while the block runs, and notes when anything was answered last.

    Any response counts, whatever its status. ``clock`` is in seconds.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = urlsplit(url)
        self._clock = clock
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._last = clock()
        self._sent = 0
        """Probes since the last response."""
        self._thread = threading.Thread(target=self._send_all, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def responded(self) -> None:
        """Note a response, to a probe or to the load."""
        with self._lock:
            self._last, self._sent = self._clock(), 0

    def silent_for(self) -> float | None:
        """Return the seconds since the last response if the gateway counts as unresponsive, or None."""
        with self._lock:
            silent = self._clock() - self._last
            return silent if silent >= SILENT and self._sent >= PROBES else None

    def _send_all(self) -> None:
        while not self._ended.wait(EVERY):
            with self._lock:
                self._sent += 1
            threading.Thread(target=self._send, daemon=True).start()

    def _send(self) -> None:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=SILENT + EVERY)
        try:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("GET", f"{self._url.path}/health")
                connection.getresponse()
                self.responded()
        finally:
            connection.close()
