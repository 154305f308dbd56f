"""Scenario plan: which scenario calls which operation, read from the source of the user classes.

An operation has one spelling, ``METHOD /path/{template}``. Every such literal in a scenario, or in a function or
constant that the scenario uses from its own or an imported module, is a call. A class may run scenarios of another
class under renamed paths: ``lifecycle = ServersUser.lifecycle`` with ``renamed = {"/servers": "/virtual-servers"}``.
The source is parsed and not imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from loadtest.core.errors import UsageError
from loadtest.core.operations import renamed
from loadtest.results.run import PlannedCall, Scenario

OPERATION = re.compile(r"^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\S*(?: [\w/$.-]+)?$")
OPERATION_START = re.compile(r"^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /")
USERS = Path(__file__).parents[1] / "users"


@dataclass(slots=True)
class _Definition:
    """A function, method or constant: the operations it contains and the names it uses."""

    module: str
    line: int
    calls: dict[str, int] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    """Attributes of ``self``."""
    names: set[str] = field(default_factory=set)
    """Names of the module."""
    is_task: bool = False
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class _Class:
    name: str
    module: str
    line: int
    area: str
    bases: tuple[str, ...]
    methods: dict[str, _Definition]
    borrowed: dict[str, tuple[str, str]]
    """By name in this class: the class that defines the method, and its name there."""
    holds_streams: bool
    deep: bool
    tags: tuple[str, ...]
    renamed: dict[str, str]


@dataclass(slots=True)
class _Module:
    """Definitions and imports of a module of user classes."""

    classes: tuple[_Class, ...]
    definitions: dict[str, _Definition]
    imported: dict[str, tuple[str, str]]
    """By name in this module: the module it is imported from, and its name there."""


def discover_scenarios(
    directory: Path = USERS, *, soak: bool = False, deep: bool = False
) -> tuple[Scenario, ...]:
    """Return all scenarios in the modules below ``directory``, by name.

    Scenarios of classes that only hold a stream open (``holds_streams = True``) run in a ``soak`` only, and those of
    classes with ``deep = True`` in a ``deep`` load only.

    Raises:
        UsageError: two user classes share a name, or an operation is assembled at run time and cannot be read from
            the source. Either would make a scenario disappear.
    """
    modules = {
        ".".join(path.relative_to(directory).with_suffix("").parts): _module(path, directory)
        for path in sorted(directory.rglob("*.py"))
    }
    classes = _by_name(one for module in modules.values() for one in module.classes)
    scenarios = []
    for found in classes.values():
        if (found.holds_streams and not soak) or (found.deep and not deep):
            continue
        methods = _inherited(found, classes)
        scenarios += [
            _scenario(found, name, definition, methods, modules)
            for name, definition in methods.items()
            if definition.is_task
        ]
    return tuple(sorted(scenarios, key=lambda scenario: scenario.name))


def _by_name(found: Iterable[_Class]) -> dict[str, _Class]:
    classes: dict[str, _Class] = {}
    for one in found:
        other = classes.setdefault(one.name, one)
        if other is not one:
            raise UsageError(
                f"{_file(one.module)}:{one.line}: the class {one.name} is also defined in "
                f"{_file(other.module)}:{other.line}, expected names of user classes to be unique"
            )
    return classes


def _file(module: str) -> str:
    return f"loadtest/users/{module.replace('.', '/')}.py"


def select_scenarios(names: Iterable[str], scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Return the ``scenarios`` that have one of these ``names``."""
    by_name = {scenario.name: scenario for scenario in scenarios}
    return tuple(by_name[name] for name in sorted(set(names)) if name in by_name)


def _scenario(
    found: _Class,
    name: str,
    task: _Definition,
    methods: Mapping[str, _Definition],
    modules: Mapping[str, _Module],
) -> Scenario:
    calls: dict[str, int] = {}
    for definition in _closure(task, methods, modules):
        for spelled, line in definition.calls.items():
            operation = renamed(spelled, found.renamed)
            # A scenario has one source file: calls defined in another file get its first line.
            calls.setdefault(operation, line if definition.module == task.module else task.line)
    return Scenario(
        name=f"{found.name}.{name}",
        area=found.area,
        file=_file(task.module),
        line=task.line,
        tags=tuple(sorted({*found.tags, *task.tags, found.area} - {""})),
        calls=tuple(PlannedCall(operation=operation, line=line) for operation, line in sorted(calls.items())),
    )


def _module(path: Path, directory: Path) -> _Module:
    name = ".".join(path.relative_to(directory).with_suffix("").parts)
    body = ast.parse(path.read_text(encoding="utf-8"), filename=str(path)).body
    package = "loadtest.users."
    return _Module(
        classes=tuple(_class(node, name) for node in body if isinstance(node, ast.ClassDef)),
        definitions=_definitions(body, name),
        imported={
            alias.asname or alias.name: (node.module.removeprefix(package), alias.name)
            for node in body
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(package)
            for alias in node.names
        },
    )


def _class(node: ast.ClassDef, module: str) -> _Class:
    area, holds_streams, deep, names = (
        _attribute(node, name) for name in ("area", "holds_streams", "deep", "renamed")
    )
    bases = tuple(base.id for base in node.bases if isinstance(base, ast.Name))
    return _Class(
        name=node.name,
        module=module,
        line=node.lineno,
        area=area if isinstance(area, str) else "",
        bases=bases,
        methods=_definitions(node.body, module),
        borrowed=_borrowed(node.body),
        holds_streams=holds_streams is True,
        deep=deep is True,
        tags=_tags(node.decorator_list),
        renamed=names if isinstance(names, dict) else {},
    )


def _attribute(node: ast.ClassDef, name: str) -> object:
    """Return the literal that a class assigns to its attribute ``name``, or None."""
    for statement in node.body:
        if (
            isinstance(statement, ast.Assign | ast.AnnAssign)
            and name in _targets(statement)
            and statement.value is not None
        ):
            with suppress(ValueError):
                return ast.literal_eval(statement.value)
    return None


def _borrowed(body: Iterable[ast.stmt]) -> dict[str, tuple[str, str]]:
    """Return the methods a class takes from another class: ``lifecycle = ServersUser.lifecycle``."""
    return {
        target: (node.value.value.id, node.value.attr)
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Attribute)
        and isinstance(node.value.value, ast.Name)
        for target in _targets(node)
    }


def _definitions(body: Iterable[ast.stmt], module: str) -> dict[str, _Definition]:
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            definition = _definition(node, module)
            definition.is_task = any(_is_task(decorator) for decorator in node.decorator_list)
            definition.tags = _tags(node.decorator_list)
            found[node.name] = definition
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in _targets(node):
                found[target] = _definition(node, module)
    return found


def _definition(node: ast.stmt, module: str) -> _Definition:
    definition = _Definition(module, node.lineno)
    for part in ast.walk(node):
        if _is_assembled(part):
            raise UsageError(
                f"{_file(module)}:{getattr(part, 'lineno', node.lineno)}: this operation is assembled at run time, "
                "expected one literal string such as 'GET /teams/{team_id}', from which the plan is read"
            )
        if isinstance(part, ast.Call) and (read := _read_back(part)):
            definition.calls.setdefault(read, part.lineno)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and OPERATION.match(part.value):
            definition.calls.setdefault(part.value, part.lineno)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
            definition.own.add(part.attr)
        elif isinstance(part, ast.Name):
            definition.names.add(part.id)
    return definition


def _read_back(call: ast.Call) -> str | None:
    """Return the operation with which a user reads an entity again after a change, unless the call names another."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    keywords = {one.arg: one.value for one in call.keywords}
    if method not in {"created", "delete", "update"} or "read" in keywords:
        return None
    change = keywords.get("delete") if method == "created" else next(iter(call.args), None)
    if not (isinstance(change, ast.Constant) and OPERATION.match(str(change.value))):
        return None
    return f"GET {str(change.value).split(' ')[1]}"


def _is_assembled(node: ast.AST) -> bool:
    """Return whether ``node`` is an f-string, ``%``, ``+`` or ``.format`` that assembles an operation."""
    start: ast.expr | None = None
    if isinstance(node, ast.JoinedStr) and node.values:
        start = node.values[0]
        if isinstance(start, ast.FormattedValue) and len(node.values) > 1:
            rest = node.values[1]
            return isinstance(rest, ast.Constant) and str(rest.value).startswith(" /")
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        start = node.left
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        start = node.func.value
    return isinstance(start, ast.Constant) and bool(OPERATION_START.match(str(start.value)))


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_task(decorator: ast.expr) -> bool:
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(name, ast.Name) and name.id == "task"


def _tags(decorators: Iterable[ast.expr]) -> tuple[str, ...]:
    """Return the tags of Locust's decorator ``@tag("slow")``."""
    return tuple(
        argument.value
        for decorator in decorators
        if isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id == "tag"
        for argument in decorator.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def _inherited(found: _Class, classes: Mapping[str, _Class]) -> dict[str, _Definition]:
    methods: dict[str, _Definition] = {}
    for base in found.bases:
        if base in classes:
            methods |= _inherited(classes[base], classes)
            found.area = found.area or classes[base].area
            found.renamed = found.renamed or classes[base].renamed
    methods |= found.methods
    for target, (owner, name) in found.borrowed.items():
        methods_there = _inherited(classes[owner], classes) if owner in classes else {}
        if name in methods_there:
            methods[target] = methods_there[name]
    return methods


def _closure(
    start: _Definition, methods: Mapping[str, _Definition], modules: Mapping[str, _Module]
) -> Iterator[_Definition]:
    """Yield ``start`` and all definitions it uses, directly or indirectly."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        definition = waiting.pop()
        if id(definition) in seen:
            continue
        seen.add(id(definition))
        yield definition
        used = [methods.get(name) for name in definition.own]
        used += [_named(name, definition.module, modules) for name in definition.names]
        waiting += [one for one in used if one is not None]


def _named(name: str, module: str, modules: Mapping[str, _Module]) -> _Definition | None:
    """Return the definition of ``name`` in ``module``, following imports."""
    while module in modules:
        here = modules[module]
        if name in here.definitions or name not in here.imported:
            return here.definitions.get(name)
        module, name = here.imported[name]
    return None
