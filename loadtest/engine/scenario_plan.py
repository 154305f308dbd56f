"""Scenario plan: which scenario calls which operation, read from the source of the user classes.

An operation has one spelling, ``METHOD /path/{template}``. Every such literal in a scenario, or in a function or
constant that the scenario uses from its own or an imported module, is a call. A class may run scenarios of another
class under renamed paths: ``lifecycle = ServersUser.lifecycle`` with ``renamed = {"/servers": "/virtual-servers"}``.
Custom scenarios are read in the same way; one of their classes may replace a built-in one. The source is parsed and not
imported.
"""

from __future__ import annotations

import ast
import difflib
import gc
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from loadtest.core.errors import UsageError
from loadtest.core.files import read_text
from loadtest.core.operations import base, renamed
from loadtest.results.run import GENERATED, PlannedCall, Scenario
from loadtest.scenarios.data_files import fixture_operations
from loadtest.scenarios.modules import imported_from, package_of, scenario_modules
from loadtest.scenarios.source import ScenarioSource, shown_path

OPERATION = re.compile(r"^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\S*(?: [\w/$.-]+)?$")
OPERATION_START = re.compile(r"^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /")
_SYMBOLS = frozenset((ast.Load, ast.Store, ast.Add, ast.And, ast.Or, ast.Not, ast.Sub, ast.Mult, ast.BitOr))
"""Nodes without content."""
_ASSEMBLING = (ast.JoinedStr, ast.BinOp, ast.Call)
"""Nodes that can assemble a string."""
USERS = Path(__file__).parents[1] / "users"
PACKAGE = "loadtest.users"
_PEERS = frozenset(("backend", "entity"))
"""Methods of a user that return a backend or a fixture of custom scenarios by name."""
_NOT_A_CALL = frozenset(("offers",))
"""Methods of a user that only ask about an operation."""


@dataclass(slots=True)
class _Definition:
    """A function, method or constant: the operations it contains and the names it uses."""

    module: str
    file: str
    line: int
    calls: dict[str, int] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    """Operations that it calls or asks about although the contract may not have them."""
    own: dict[str, None] = field(default_factory=dict)
    """Attributes of ``self``, in the order of the source: the lines of a plan must not depend on the process."""
    names: dict[str, None] = field(default_factory=dict)
    """Names of the module, in the order of the source."""
    uses: list[_Definition] | None = None
    """The definitions of :attr:`names`; None until they are looked up, which happens once."""
    peers: dict[tuple[str, str], int] = field(default_factory=dict)
    """What it asks a user for, ``("backend", "rest")``, with the line."""
    is_task: bool = False
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class _Class:
    name: str
    module: str
    file: str
    line: int
    area: str
    bases: tuple[str, ...]
    methods: dict[str, _Definition]
    borrowed: dict[str, tuple[str, str]]
    """By name in this class: the class that defines the method, and its name there."""
    abstract: bool
    holds_streams: bool
    deep: bool
    tags: tuple[str, ...]
    renamed: dict[str, str]
    replaces: str
    """Name of a built-in class."""


@dataclass(slots=True)
class _Module:
    """Definitions and imports of a module of user classes."""

    classes: tuple[_Class, ...]
    definitions: dict[str, _Definition]
    imported: dict[str, tuple[str, str]]
    """By name in this module: the module it is imported from, and its name there."""


def discover_scenarios(
    directory: Path = USERS,
    *,
    custom: Iterable[ScenarioSource] = (),
    soak: bool = False,
    deep: bool = False,
) -> tuple[Scenario, ...]:
    """Return all scenarios in the modules below ``directory`` and in the ``custom`` sources, by name.

    Scenarios of classes that only hold a stream open (``holds_streams = True``) run in a ``soak`` only, and those of
    classes with ``deep = True`` in a ``deep`` load only. Built-in classes that a custom one replaces have none, nor do
    those with ``abstract = True``, whose subclasses run their tasks.

    Raises:
        UsageError: two user classes share a name, a class replaces one that does not exist, or an operation is
            assembled at run time and cannot be read from the source. Each would make a scenario disappear.
    """
    with _no_garbage_collection():
        own = _modules_below(directory)
        modules = own | _custom_modules(custom)
    replaced = _replaced(own, modules)
    classes = _by_name(
        one
        for name, module in modules.items()
        for one in module.classes
        if not (name in own and _is_redefined(one, replaced))
    )
    scenarios = []
    for found in classes.values():
        if found.abstract or (found.holds_streams and not soak) or (found.deep and not deep):
            continue
        if found.module in own and found.name in replaced:
            continue
        methods = _inherited(found, classes)
        scenarios += [
            _scenario(found, name, definition, methods, modules)
            for name, definition in methods.items()
            if definition.is_task
        ]
    return tuple(sorted(scenarios, key=lambda scenario: scenario.name))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Do not search the many nodes of syntax trees for garbage, which takes a third of the time to read them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def scenarios_in(custom: Iterable[ScenarioSource], scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Return those of the ``scenarios`` that are in the ``custom`` sources."""
    files = {shown_path(path) for source in custom for _, path in scenario_modules(source)}
    return tuple(one for one in scenarios if one.file in files)


def custom_operations(custom: Iterable[ScenarioSource]) -> Iterator[tuple[str, str, int]]:
    """Yield each operation in the ``custom`` sources that a gateway must offer, with its file and line.

    Those of their fixtures are among them.

    Raises:
        UsageError: a file cannot be read, or an operation is assembled at run time.
    """
    custom = tuple(custom)
    yield from fixture_operations(custom)
    for definition in _custom_definitions(custom):
        for operation, line in sorted(definition.calls.items(), key=lambda call: call[1]):
            if operation not in definition.unlisted:
                yield operation, definition.file, line


def check_operations(custom: Iterable[ScenarioSource], offered: Collection[str]) -> None:
    """Compare the operations in the ``custom`` sources with those that a gateway or a known version offers.

    Raises:
        UsageError: an operation is unknown.
    """
    for operation, file, line in custom_operations(custom):
        if base(operation) not in offered:
            similar = difflib.get_close_matches(base(operation), offered, 3, 0.75)
            wanted = " or ".join(similar) or "an operation of the gateway's OpenAPI document"
            raise UsageError(f"{file}:{line}: unknown operation {operation}, expected {wanted}")


def check_peers(
    custom: Iterable[ScenarioSource], backends: Collection[str], fixtures: Collection[str]
) -> None:
    """Compare the backends and fixtures that the ``custom`` sources ask for with those that exist.

    Raises:
        UsageError: one does not exist; its scenario would end without having called anything.
    """
    existing = {"backend": backends, "entity": fixtures}
    for definition in _custom_definitions(custom):
        for (method, name), line in definition.peers.items():
            if name not in existing[method]:
                kind = "fixture" if method == "entity" else method
                wanted = " or ".join(sorted(existing[method])) or f"a {kind} beside the scenarios"
                raise UsageError(f"{definition.file}:{line}: there is no {kind} {name!r}, expected {wanted}")


def _custom_definitions(custom: Iterable[ScenarioSource]) -> Iterator[_Definition]:
    for module in _custom_modules(custom).values():
        yield from module.definitions.values()
        for one in module.classes:
            yield from one.methods.values()


def _modules_below(directory: Path) -> dict[str, _Module]:
    """Return the modules below the directory of the built-in scenarios, by dotted name."""
    found = {}
    for path in sorted(directory.rglob("*.py")):
        parts = path.relative_to(directory).with_suffix("").parts
        name = ".".join((PACKAGE, *(part for part in parts if part != "__init__")))
        found[name] = _module(path, name, f"loadtest/users/{'/'.join(parts)}.py")
    return found


def _custom_modules(custom: Iterable[ScenarioSource]) -> dict[str, _Module]:
    return {
        name: _module(path, name, shown_path(path))
        for source in custom
        for name, path in scenario_modules(source)
    }


def _replaced(own: Mapping[str, _Module], modules: Mapping[str, _Module]) -> dict[str, str]:
    """Return the names of the built-in classes that are replaced, each with the name of the class that does it."""
    built_in = {one.name for module in own.values() for one in module.classes}
    found: dict[str, str] = {}
    for name, module in modules.items():
        for one in module.classes if name not in own else ():
            if one.replaces and one.replaces not in built_in:
                similar = difflib.get_close_matches(one.replaces, built_in, 3)
                wanted = " or ".join(similar) or "a class of --list-scenarios"
                raise UsageError(
                    f"{one.file}:{one.line}: {one.name} replaces {one.replaces}, which does not exist, "
                    f"expected {wanted}"
                )
            if one.replaces:
                found[one.replaces] = one.name
    return found


def _is_redefined(built_in: _Class, replaced: Mapping[str, str]) -> bool:
    """Return whether a class of the same name replaces this one."""
    return replaced.get(built_in.name) == built_in.name


def _by_name(found: Iterable[_Class]) -> dict[str, _Class]:
    classes: dict[str, _Class] = {}
    for one in found:
        other = classes.setdefault(one.name, one)
        if other is not one:
            raise UsageError(
                f"{one.file}:{one.line}: the class {one.name} is also defined in "
                f"{other.file}:{other.line}, expected names of user classes to be unique"
            )
    return classes


def select_scenarios(names: Iterable[str], scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """Return the ``scenarios`` that have one of these ``names``."""
    by_name = {scenario.name: scenario for scenario in scenarios}
    return tuple(by_name[name] for name in sorted(set(names)) if name in by_name)


def with_generated(scenarios: Iterable[Scenario], operations: Collection[str]) -> tuple[Scenario, ...]:
    """Return ``scenarios`` with the one that calls ``operations`` from the contract; without it if there are none."""
    calls = sorted(operations)
    return tuple(
        replace(one, calls=tuple(PlannedCall(operation=call, line=one.line) for call in calls))
        if one.name == GENERATED
        else one
        for one in scenarios
        if calls or one.name != GENERATED
    )


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
            calls.setdefault(operation, line if definition.file == task.file else task.line)
    return Scenario(
        name=f"{found.name}.{name}",
        area=found.area,
        file=task.file,
        line=task.line,
        tags=tuple(sorted({*found.tags, *task.tags, found.area} - {""})),
        calls=tuple(PlannedCall(operation=operation, line=line) for operation, line in sorted(calls.items())),
    )


def _module(path: Path, name: str, file: str) -> _Module:
    """Return the definitions of the module ``name`` at ``path``; ``file`` is its path in reports."""
    try:
        body = ast.parse(read_text(path), filename=str(path)).body
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno or 1}: {error.msg}") from error
    package = package_of(name, path)
    return _Module(
        classes=tuple(_class(node, name, file) for node in body if isinstance(node, ast.ClassDef)),
        definitions=_definitions(body, name, file),
        imported={
            alias.asname or alias.name: (imported_from(node, package), alias.name)
            for node in body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        },
    )


def _class(node: ast.ClassDef, module: str, file: str) -> _Class:
    area, abstract, holds_streams, deep, names, replaces = (
        _attribute(node, name)
        for name in ("area", "abstract", "holds_streams", "deep", "renamed", "replaces")
    )
    bases = tuple(base.id for base in node.bases if isinstance(base, ast.Name))
    return _Class(
        name=node.name,
        module=module,
        file=file,
        line=node.lineno,
        area=area if isinstance(area, str) else "",
        bases=bases,
        methods=_definitions(node.body, module, file),
        borrowed=_borrowed(node.body),
        abstract=abstract is True,
        holds_streams=holds_streams is True,
        deep=deep is True,
        tags=_tags(node.decorator_list),
        renamed=names if isinstance(names, dict) else {},
        replaces=replaces if isinstance(replaces, str) else "",
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


def _definitions(body: Iterable[ast.stmt], module: str, file: str) -> dict[str, _Definition]:
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            definition = _definition(node, module, file)
            definition.is_task = any(_is_task(decorator) for decorator in node.decorator_list)
            definition.tags = _tags(node.decorator_list)
            found[node.name] = definition
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in _targets(node):
                found[target] = _definition(node, module, file)
    return found


def _definition(node: ast.stmt, module: str, file: str) -> _Definition:
    definition = _Definition(module, file, node.lineno)
    for part in _parts(node):
        if isinstance(part, _ASSEMBLING) and _is_assembled(part):
            raise UsageError(
                f"{file}:{getattr(part, 'lineno', node.lineno)}: this operation is assembled at run time, "
                "expected one literal string such as 'GET /teams/{team_id}', from which the plan is read"
            )
        if isinstance(part, ast.Call):
            if read := _read_back(part):
                definition.calls.setdefault(read, part.lineno)
                definition.unlisted.add(read)
            definition.unlisted |= _unlisted(part)
            if peer := _peer(part):
                definition.peers.setdefault(peer, part.lineno)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and OPERATION.match(part.value):
            definition.calls.setdefault(part.value, part.lineno)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
            definition.own[part.attr] = None
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            definition.names[f"{part.value.id}.{part.attr}"] = None
        elif isinstance(part, ast.Name):
            definition.names[part.id] = None
    return definition


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield ``node`` and all nodes below it that can name something, level by level.

    It takes a fraction of the time of :func:`ast.walk`, which also yields contexts and operators.
    """
    level = [node]
    while level:
        yield from level
        below: list[ast.AST] = []
        for one in level:
            for name in one._fields:
                value = getattr(one, name)
                if isinstance(value, list):
                    below += [item for item in value if isinstance(item, ast.AST)]
                elif isinstance(value, ast.AST) and type(value) not in _SYMBOLS:
                    below.append(value)
        level = below


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


def _peer(call: ast.Call) -> tuple[str, str] | None:
    """Return the method and the name in ``self.backend("rest")``; None for another call or a computed name."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _PEERS or len(call.args) != 1:
        return None
    name = call.args[0]
    return (
        (call.func.attr, name.value)
        if isinstance(name, ast.Constant) and isinstance(name.value, str)
        else None
    )


def _unlisted(call: ast.Call) -> set[str]:
    """Return the operations that ``call`` names although the contract may not have them."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    unlisted = any(
        one.arg == "unlisted" and isinstance(one.value, ast.Constant) and one.value.value
        for one in call.keywords
    )
    if method not in _NOT_A_CALL and not unlisted:
        return set()
    return {str(one.value) for one in call.args if isinstance(one, ast.Constant)}


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
    for name in found.bases:
        # A class that replaces another of its name may inherit from it.
        if name in classes and classes[name] is not found:
            methods |= _inherited(classes[name], classes)
            found.area = found.area or classes[name].area
            found.renamed = found.renamed or classes[name].renamed
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
        if definition.uses is None:
            named = (_named(name, definition.module, modules) for name in definition.names)
            definition.uses = [one for one in named if one is not None]
        waiting += (methods[name] for name in definition.own if name in methods)
        waiting += definition.uses


def _named(name: str, module: str, modules: Mapping[str, _Module]) -> _Definition | None:
    """Return the definition of ``name`` or ``MODULE.name`` in ``module``, following imports."""
    owner, _, name = name.rpartition(".")
    if owner:
        start, sub = modules[module].imported.get(owner, ("", ""))
        return modules[f"{start}.{sub}"].definitions.get(name) if f"{start}.{sub}" in modules else None
    while module in modules:
        here = modules[module]
        if name in here.definitions or name not in here.imported:
            return here.definitions.get(name)
        module, name = here.imported[name]
    return None
