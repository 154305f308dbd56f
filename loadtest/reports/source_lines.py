"""Source lines of operations, for annotations: their handlers in a checkout of the gateway, or their calls."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.core.operations import base
from loadtest.results.run import Run


@dataclass(frozen=True)
class SourceLine:
    """A line of a file, with the path relative to the root of the project."""

    file: str
    line: int


class SourceLines:
    """Finds the source lines of operations in a run: the handlers that it names, and the calls of its plan."""

    def __init__(self, run: Run) -> None:
        self._calls: dict[str, dict[str, tuple[str, int]]] = {}
        self._first: dict[str, tuple[str, int]] = {}
        self._scenarios: dict[str, tuple[str, int]] = {}
        self._handlers = run.handlers
        for scenario in run.plan:
            self._scenarios[scenario.name] = scenario.file, scenario.line
            # Of several calls of an operation, the first one counts.
            calls = {call.operation: (scenario.file, call.line) for call in reversed(scenario.calls)}
            self._calls[scenario.name] = calls | self._calls.get(scenario.name, {})
            self._first = calls | self._first

    def handler(self, operation: str) -> SourceLine | None:
        """Return the function in the tested checkout that answers ``operation``, if the run names it."""
        file, _, line = self._handlers.get(base(operation), "").rpartition(":")
        return SourceLine(file, int(line)) if file and line.isdecimal() else None

    def of(self, operation: str, scenario: str | None) -> SourceLine | None:
        """Return the line where ``scenario`` calls ``operation``, else any call of it, else the scenario itself."""
        place = (
            self._calls.get(scenario or "", {}).get(operation)
            or self._first.get(operation)
            or self._scenarios.get(scenario or operation)
        )
        return SourceLine(*place) if place else None
