"""Source lines of operations, for annotations: their handlers in a checkout of the gateway, or their calls."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import msgspec

from loadtest.core.operations import base
from loadtest.results.run import Run, Scenario


class SourceLine(msgspec.Struct, frozen=True, gc=False):
    """A line of a file, with the path relative to the root of the project."""

    file: str
    line: int


class _PlanLines:
    """The files and lines of a plan; of several calls of an operation, the first one counts."""

    def __init__(self, plan: Iterable[Scenario]) -> None:
        self.scenarios: dict[str, tuple[str, int]] = {}
        self.calls: dict[str, dict[str, tuple[str, int]]] = {}
        """Of each scenario, by operation."""
        self.first: dict[str, tuple[str, int]] = {}
        """Of any scenario, by operation."""
        for scenario in plan:
            self.scenarios[scenario.name] = scenario.file, scenario.line
            calls = self.calls.setdefault(scenario.name, {})
            for call in scenario.calls:
                place = calls.setdefault(call.operation, (scenario.file, call.line))
                self.first.setdefault(call.operation, place)


class SourceLines:
    """Finds the source lines of operations in a run: the handlers that it names, and the calls of its plan."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @cached_property
    def _plan(self) -> _PlanLines:
        return _PlanLines(self._run.plan)

    def handler(self, operation: str) -> SourceLine | None:
        """Return the function in the tested checkout that answers ``operation``, if the run names it."""
        file, _, line = self._run.handlers.get(base(operation), "").rpartition(":")
        return SourceLine(file, int(line)) if file and line.isdecimal() else None

    def of(self, operation: str, scenario: str | None) -> SourceLine | None:
        """Return the line where ``scenario`` calls ``operation``, else any call of it, else the scenario itself."""
        place = (
            self._plan.calls.get(scenario or "", {}).get(operation)
            or self._plan.first.get(operation)
            or self._plan.scenarios.get(scenario or operation)
        )
        return SourceLine(*place) if place else None
