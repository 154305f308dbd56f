"""What the gateway records about the use of an entity: when it was used last.

Most of it is written apart from the request, by a write that the gateway gives up if the database is locked: only if
several uses leave no record is one missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected

ATTEMPTS = 5
"""Uses of an entity of which one must be recorded."""
LOOK_AGAIN = 1.0
"""Seconds between two looks at figures that the gateway counts later."""


def is_recorded(key: str, at: str = "", identity: str = "") -> Check:
    """Return a check that the time of the last use, the member ``key``, is stated.

    The entity is the response, or the one in the list ``at`` whose id is ``identity``.
    """

    def check(answer: Answer) -> Mismatch | None:
        found = answer.json if not identity else _listed(answer[at] if at else answer.json, identity)
        if found is None:
            return expected("the entity in the list")
        return None if found[key] else expected(f"the time of the last use in {key}", found)

    return check


def recorded(key: str, *, use: Callable[[], object], read: Callable[[Check | None], Answer]) -> Answer:
    """Read an entity that was used, and check that the time of the last use, the member ``key``, is stated.

    Args:
        key: dotted path of the time.
        use: uses the entity again.
        read: reads the entity with a check.

    Raises:
        StepFailed: no use of several has been recorded, or a call failed.
    """
    for _ in range(ATTEMPTS - 1):
        if read(None)[key]:
            break
        use()
    return read(is_recorded(key))


def shown_by(deadline: float, call: Callable[[], Answer], check: Check) -> bool:
    """Repeat ``call`` every second until ``check`` finds nothing wrong with its response.

    Returns whether that was before the ``deadline`` (``time.monotonic()``).
    """
    while check(call()) is not None:
        if time.monotonic() > deadline:
            return False
        gevent.sleep(LOOK_AGAIN)
    return True


def _listed(entities: Any, identity: str) -> Any:
    return next((one for one in entities if str(one["id"]) == identity), None)
