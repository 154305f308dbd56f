"""Which scenario calls which operation, read from the source of the user classes.

An operation has one spelling, ``METHOD /path/{template}``, so the source itself is the plan: every such text
in a scenario, or in what the scenario uses of its module, is a call. Nothing is imported to find out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loadtest.run import Call, Scenario

OPERATION = re.compile(r"^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\S*(?: [\w/$.-]+)?$")
USERS = Path(__file__).parent / "users"


@dataclass(slots=True)
class _Definition:
    """A function, method or module-level table: the operations it spells and what else it uses."""

    line: int
    calls: dict[str, int] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)
    """Names of the module; one of its own variables may be called like a method, and is none."""
    own: set[str] = field(default_factory=set)
    """What it uses of ``self``."""
    is_task: bool = False


@dataclass(slots=True)
class _Class:
    name: str
    area: str
    bases: tuple[str, ...]
    methods: dict[str, _Definition]
    file: str
    holds: bool


def catalogue(directory: Path = USERS, *, soak: bool = False) -> tuple[Scenario, ...]:
    """Return every scenario that the modules in ``directory`` define, by name.

    Those of users who only hold a stream open (``holds = True``) take part in a ``soak`` and nowhere else.
    """
    classes: dict[str, _Class] = {}
    shared: dict[str, dict[str, _Definition]] = {}
    for path in sorted(directory.glob("*.py")):
        file = f"loadtest/users/{path.name}"
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        shared[file] = _definitions(tree.body)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                classes[node.name] = _class(node, file)
    scenarios = []
    for found in classes.values():
        if found.holds and not soak:
            continue
        methods = _inherited(found, classes)
        for name, definition in methods.items():
            if definition.is_task:
                calls = _closure(definition, methods, shared[found.file])
                scenarios.append(
                    Scenario(
                        name=f"{found.name}.{name}",
                        area=found.area,
                        file=found.file,
                        line=definition.line,
                        calls=tuple(Call(operation=o, line=n) for o, n in sorted(calls.items())),
                    )
                )
    return tuple(sorted(scenarios, key=lambda scenario: scenario.name))


def planned(names: Iterable[str], scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Return those of ``scenarios`` that take part in a run, given their ``names``."""
    by_name = {scenario.name: scenario for scenario in scenarios}
    return tuple(by_name[name] for name in sorted(set(names)) if name in by_name)


def _class(node: ast.ClassDef, file: str) -> _Class:
    area, holds = _attribute(node, "area"), _attribute(node, "holds")
    bases = tuple(base.id for base in node.bases if isinstance(base, ast.Name))
    return _Class(
        name=node.name,
        area=area if isinstance(area, str) else "",
        bases=bases,
        methods=_definitions(node.body),
        file=file,
        holds=holds is True,
    )


def _attribute(node: ast.ClassDef, name: str) -> object:
    """Return the literal that a class assigns to its attribute ``name``, or None."""
    for statement in node.body:
        if (
            isinstance(statement, ast.Assign | ast.AnnAssign)
            and name in _targets(statement)
            and isinstance(statement.value, ast.Constant)
        ):
            return statement.value.value
    return None


def _definitions(body: Iterable[ast.stmt]) -> dict[str, _Definition]:
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            definition = _definition(node)
            definition.is_task = any(_is_task(decorator) for decorator in node.decorator_list)
            found[node.name] = definition
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in _targets(node):
                found[target] = _definition(node)
    return found


def _definition(node: ast.stmt) -> _Definition:
    definition = _Definition(node.lineno)
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and OPERATION.match(part.value):
            definition.calls.setdefault(part.value, part.lineno)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
            definition.own.add(part.attr)
        elif isinstance(part, ast.Name):
            definition.uses.add(part.id)
    return definition


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_task(decorator: ast.expr) -> bool:
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(name, ast.Name) and name.id == "task"


def _inherited(found: _Class, classes: Mapping[str, _Class]) -> dict[str, _Definition]:
    methods: dict[str, _Definition] = {}
    for base in found.bases:
        if base in classes:
            methods |= _inherited(classes[base], classes)
            found.area = found.area or classes[base].area
    return methods | found.methods


def _closure(
    start: _Definition, methods: Mapping[str, _Definition], shared: Mapping[str, _Definition]
) -> dict[str, int]:
    calls: dict[str, int] = {}
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        definition = waiting.pop()
        if id(definition) in seen:
            continue
        seen.add(id(definition))
        for operation, line in definition.calls.items():
            calls.setdefault(operation, line)
        waiting.extend(methods[name] for name in definition.own & methods.keys())
        waiting.extend(shared[name] for name in definition.uses & shared.keys())
    return calls
