"""The clock of the times in a run: seconds since the epoch that a correction of the system clock does not change.

A jump of the system clock during a run (time synchronisation after a virtual machine was resumed, an administrator)
would otherwise shift, reorder or lengthen what was measured. Times that stay on one machine are taken from
``time.monotonic()`` directly, which is the same for all its processes.
"""

import time

_ANCHOR = time.time() - time.monotonic()


def now() -> float:
    """Return the seconds since the epoch by the system clock as it was when this process started."""
    return _ANCHOR + time.monotonic()


def monotonic(moment: float) -> float:
    """Return the reading of ``time.monotonic()`` at a ``moment`` of :func:`now`."""
    return moment - _ANCHOR
