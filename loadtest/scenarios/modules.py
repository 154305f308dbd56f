"""Which modules of a source contain scenarios, read from their imports without importing them.

A directory may also contain modules of other programs, such as ``tests/load`` of the gateway's repository. A module is
one of ours if it imports :mod:`loadtest`, or a module of the same source that does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from loadtest.core.errors import UsageError
from loadtest.core.files import read_text
from loadtest.scenarios.source import OPTION, ScenarioSource, shown_path

LOADTEST = "loadtest"
_IMPORT = re.compile(rf"^\s*(from|import)\s+{LOADTEST}\b", re.MULTILINE)


def scenario_modules(source: ScenarioSource) -> tuple[tuple[str, Path], ...]:
    """Return the dotted name and the path of each module with scenarios; a file that is given alone is always one.

    Raises:
        UsageError: a file cannot be read or imported because of its name, or no module imports :mod:`loadtest`.
    """
    modules = tuple(source.modules())
    if not Path(source.path).is_dir():
        return _importable(modules)
    imports = {name: frozenset(_imports(name, path)) for name, path in modules}
    found = {name for name, imported in imports.items() if LOADTEST in imported}
    while more := {name for name, imported in imports.items() if imported & found} - found:
        found |= more
    if not found:
        raise UsageError(
            f"{OPTION} {source.text}: contains no module that imports loadtest.users, "
            "expected a file such as widgets.py"
        )
    return _importable((name, path) for name, path in modules if name in found)


def imported_from(node: ast.ImportFrom, package: str) -> str:
    """Return the dotted name of the module from which ``node``, in ``package``, imports."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join((*parts, node.module) if node.module else parts)


def package_of(name: str, path: Path) -> str:
    """Return the package of the module ``name`` at ``path``, to which its relative imports refer."""
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def _importable(modules: Iterable[tuple[str, Path]]) -> tuple[tuple[str, Path], ...]:
    """Return ``modules`` if each can be imported under its name."""
    found = tuple(modules)
    for name, path in found:
        for part in name.split("."):
            if not part.isidentifier():
                raise UsageError(
                    f"{shown_path(path)}: {part!r} is no name of a module, expected letters, digits and _"
                )
    return found


def _imports(name: str, path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, and the first part of each."""
    text = read_text(path)
    try:
        tree = ast.parse(text, filename=str(path))
    except SyntaxError:
        # It cannot be imported, which is an error if it is one of ours.
        if _IMPORT.search(text):
            yield LOADTEST
        return
    package = package_of(name, path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = imported_from(node, package)
            dotted = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for one in dotted:
            yield one
            yield one.partition(".")[0]
