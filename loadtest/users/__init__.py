"""User classes of the load: one module per area of the gateway's API, and the interface of custom scenarios.

A scenario is a Locust task: a sequence of calls that deletes what it creates. ``CONTRIBUTING.md`` explains how to add
one here, ``docs/scenarios.md`` how to write scenarios of your own, which import from this module only:

    from loadtest.users import GatewayUser, task, checks

What :data:`__all__` lists is stable: it changes only with a major version. The names are imported when they are used,
as importing Locust changes a process.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loadtest.client.answer import Answer
    from loadtest.client.caller import Check, StepFailed
    from loadtest.client.mismatch import Mismatch, expected, refused
    from loadtest.users import checks
    from loadtest.users.base import GatewayUser, task
    from loadtest.users.read_back import Item, Listed, NotReadable

__all__ = [
    "Answer",
    "Check",
    "GatewayUser",
    "Item",
    "Listed",
    "Mismatch",
    "NotReadable",
    "StepFailed",
    "checks",
    "expected",
    "refused",
    "task",
]

_PLACES = {
    "Answer": "loadtest.client.answer",
    "Check": "loadtest.client.caller",
    "GatewayUser": "loadtest.users.base",
    "Item": "loadtest.users.read_back",
    "Listed": "loadtest.users.read_back",
    "Mismatch": "loadtest.client.mismatch",
    "NotReadable": "loadtest.users.read_back",
    "StepFailed": "loadtest.client.caller",
    "expected": "loadtest.client.mismatch",
    "refused": "loadtest.client.mismatch",
    "task": "loadtest.users.base",
}
"""Modules that define the names."""


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    if name == "checks":
        return importlib.import_module("loadtest.users.checks")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
