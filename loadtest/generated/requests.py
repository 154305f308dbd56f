"""Generated requests as they pass from the generator to the load, and what replaces their placeholders."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from loadtest.core.files import read_json
from loadtest.core.record import Record

_PLACEHOLDER = re.compile(r"\{\{(\w+)(?::([\w.-]+))?\}\}")


class Candidate(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One request that the operation may understand."""

    path: dict[str, Any] = msgspec.field(default_factory=dict)
    """Values of path parameters for which no entity is known."""
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    body: Any = None
    form: bool = False
    """The body is sent URL-encoded."""


class GeneratedOperation(Record, frozen=True, kw_only=True, omit_defaults=True):
    """An operation without a scenario, and requests for it in the order in which they are tried."""

    operation: str
    parameters: tuple[str, ...] = ()
    """Names of the path parameters."""
    candidates: tuple[Candidate, ...] = ()
    withheld: str = ""
    """Why it is called without credentials only; empty if it is called as the administrator."""
    backend: str = ""
    """The backend whose address is sent as a URL."""


class GenerationJob(Record, frozen=True, kw_only=True):
    """What the generator is to do."""

    document: dict[str, Any]
    """The OpenAPI document."""
    operations: tuple[str, ...]
    seed: int


def read_requests(path: str) -> tuple[GeneratedOperation, ...]:
    """Return the requests in the file ``path``; none if it is empty.

    Raises:
        UsageError: the file is invalid.
    """
    return read_json(Path(path), tuple[GeneratedOperation, ...], "generated requests") if path else ()


def fill(value: Any, replace: Callable[[str, str], str]) -> Any:
    """Return ``value`` with its placeholders replaced: ``{{name}}``, ``{{id:tool_id}}``.

    ``replace`` gets the kind and the argument of a placeholder; the argument may be empty.
    """
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: replace(found[1], found[2] or ""), value)
    if isinstance(value, dict):
        return {key: fill(one, replace) for key, one in value.items()}
    if isinstance(value, list):
        return [fill(one, replace) for one in value]
    return value
