"""What an entity states of its own changes: its version, the time of the last change, and who made it.

Members that an entity does not have are not compared: releases and kinds of entities have some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.read_back import properties_of

REWRITES = ("PUT", "PATCH")
"""Methods that increase the version and name who made the change, and how; switching on or off only has a time."""


def made_by(who: str, shown: Any, operation: str) -> Mismatch | None:
    """Return a mismatch if a new entity names another creator than ``who``, or another way in which it was created."""
    found = properties_of(shown)
    creator, way = found.get("createdby"), found.get("createdvia")
    if who and creator is not None and creator != who:
        return expected(f"createdBy in the response of {operation} to be the caller", creator)
    right = way is None or way == way_of(operation)
    return None if right else expected(f"createdVia in the response of {operation} to be its way", way)


def changed_by(who: str, before: Mapping[str, Any], shown: Any, operation: str) -> Mismatch | None:
    """Return a mismatch if an entity does not state the change that ``operation`` has just made.

    Args:
        who: the address of the caller; empty if it is not known.
        before: the properties before the change, by their names in one spelling.
        shown: the response of the change.
        operation: the operation that changed it.
    """
    now = properties_of(shown)
    both = {name: (before[name], now[name]) for name in before.keys() & now.keys()}
    rewritten = operation.startswith(REWRITES)
    old, new = both.get("version", (None, None))
    if rewritten and isinstance(old, int) and isinstance(new, int) and new <= old:
        return expected(f"version in the response of {operation} to be higher than before", new)
    old, new = map(_time, both.get("updatedat", (None, None)))
    if old and new and new <= old:
        return expected(f"updatedAt in the response of {operation} to be later than before", new)
    old, new = map(_time, both.get("createdat", (None, None)))
    if old and new and new != old:
        return expected(f"createdAt in the response of {operation} to be kept by this call", new)
    if rewritten and who and "modifiedby" in both and now["modifiedby"] != who:
        return expected(f"modifiedBy in the response of {operation} to be the caller", now["modifiedby"])
    if rewritten and "modifiedvia" in both and now["modifiedvia"] != way_of(operation):
        return expected(f"modifiedVia in the response of {operation} to be its way", now["modifiedvia"])
    return None


def way_of(operation: str) -> str:
    """Return how an ``operation`` creates or changes entities: by the admin UI, or by the API."""
    return "ui" if " /admin/" in operation else "api"


def _time(shown: Any) -> str:
    """Return a time without its zone, which is always UTC, so that times are compared as texts; empty if it is none."""
    return shown.removesuffix("Z").removesuffix("+00:00") if isinstance(shown, str) else ""
