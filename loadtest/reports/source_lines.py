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
        self._calls: dict[tuple[str, str], SourceLine] = {}
        self._first: dict[str, SourceLine] = {}
        self._scenarios: dict[str, SourceLine] = {}
        self._handlers = run.handlers
        for scenario in run.plan:
            place = SourceLine(scenario.file, scenario.line)
            self._scenarios[scenario.name] = place
            for call in scenario.calls:
                line = SourceLine(scenario.file, call.line)
                self._calls.setdefault((scenario.name, call.operation), line)
                self._first.setdefault(call.operation, line)

    def handler(self, operation: str) -> SourceLine | None:
        """Return the function in the tested checkout that answers ``operation``, if the run names it."""
        file, _, line = self._handlers.get(base(operation), "").rpartition(":")
        return SourceLine(file, int(line)) if file and line.isdecimal() else None

    def of(self, operation: str, scenario: str | None) -> SourceLine | None:
        """Return the line where ``scenario`` calls ``operation``, else any call of it, else the scenario itself."""
        if scenario is not None and (scenario, operation) in self._calls:
            return self._calls[scenario, operation]
        return self._first.get(operation) or self._scenarios.get(scenario or operation)
