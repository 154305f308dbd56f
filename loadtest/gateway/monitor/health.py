"""Probe during the load whether a gateway responds: one that is suspended or deadlocked does not end."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from loadtest.gateway.monitor.process_sampler import PeriodicThread

EVERY = 2.0
"""Seconds between two probes. Each uses a new connection: one of several workers may hang."""
SILENT = 12.0
"""Seconds without any response after which a gateway counts as unresponsive. A busy one can block for a few seconds;
no known cause blocks one for longer."""
PROBES = 4
"""Minimum number of probes in that time, so that a pause of this machine does not count as one of the gateway."""


class HealthProbe(PeriodicThread):
    """Requests ``/health`` during the block and records the time of the last response.

    Any response counts, whatever its status. ``clock`` is in seconds.
    """

    name = "health probe"

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._url = urlsplit(url)
        self._clock = clock
        self._lock = threading.Lock()
        self._last = clock()
        self._sent = 0
        """Probes since the last response."""

    def responded(self) -> None:
        """Record a response, to a probe or to the load."""
        with self._lock:
            self._last, self._sent = self._clock(), 0

    def silent_for(self) -> float | None:
        """Return the seconds since the last response if the gateway counts as unresponsive, else None."""
        with self._lock:
            silent = self._clock() - self._last
            return silent if silent >= SILENT and self._sent >= PROBES else None

    def step(self) -> float:
        """Send a probe without waiting for its response."""
        with self._lock:
            self._sent += 1
        threading.Thread(target=self._send, daemon=True).start()
        return EVERY

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
