"""Comparison of the responses of one process with recorded shapes, and choice of the samples to record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jsonschema_rs

from loadtest.shapes.expected import Difference, certain_schema, compare, exact_schema
from loadtest.shapes.shape import Shape, Within, merge, shape_of

SAMPLES = 5
"""Responses per operation and process that are recorded although they are like earlier ones."""
MOST_NEW = 100
"""Responses per operation and process that are recorded because they are unlike earlier ones."""


class Examined(NamedTuple):
    """What one response showed."""

    differences: tuple[Difference, ...] = ()
    """From what is certain about the recorded shape, by path."""
    added: tuple[str, ...] = ()
    """Keys that were never seen."""
    sample: Shape | None = None
    """Its shape, if it is to be recorded; with differences as well, so that an intended change can be recorded."""
    compared: bool = False
    """Whether there is a recorded shape."""


class ResponseShapes:
    """The shapes of responses by operation and status.

    Almost every response is like an earlier one, which a compiled JSON Schema finds out in a few microseconds. Only
    others are compared key by key.
    """

    def __init__(
        self, recorded: Mapping[str, Mapping[str, Shape]] | None = None, *, why_not: str = ""
    ) -> None:
        self.why_not = why_not
        """Why nothing is compared; empty if it is."""
        self._recorded = recorded or {}
        self._entries: dict[tuple[str, int], _Entry] = {}

    def examine(self, operation: str, status: int, body: Any) -> Examined:
        """Compare the decoded JSON ``body`` of a response."""
        entry = self._entries.get((operation, status))
        if entry is None:
            recorded = self._recorded.get(operation, {}).get(str(status))
            entry = self._entries[operation, status] = _Entry(recorded)
        return entry.examine(body)


class _Entry:
    """The shape of the responses of an operation with one status."""

    def __init__(self, recorded: Shape | None) -> None:
        self._recorded = recorded
        self._seen = recorded or Shape()
        self._alike = _validator(recorded, self._seen) if recorded else None
        """Valid for values that are like earlier ones and have no difference."""
        self._samples = 0
        self._new = 0

    def examine(self, body: Any) -> Examined:
        compared = self._recorded is not None
        if self._alike is not None and self._alike.is_valid(body):
            self._samples += 1
            return Examined(sample=shape_of(body) if self._samples <= SAMPLES else None, compared=compared)
        differences, added = compare(self._recorded, body) if self._recorded else ((), ())
        if self._new >= MOST_NEW:
            return Examined(differences, added, compared=compared)
        self._new += 1
        sample = shape_of(body)
        if not differences:
            self._seen = merge(self._seen, sample, Within.RUN)
            self._alike = _validator(self._recorded, self._seen)
        return Examined(differences, added, sample, compared)


def _validator(recorded: Shape | None, seen: Shape) -> jsonschema_rs.Validator:
    certain = certain_schema(recorded) if recorded else {}
    return jsonschema_rs.validator_for(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [exact_schema(seen), certain]}
    )
