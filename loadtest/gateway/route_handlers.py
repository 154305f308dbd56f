"""Find the functions in a checkout of the gateway that answer its operations.

FastAPI makes the ``operationId`` from the name of the function, the path and the method
(https://fastapi.tiangolo.com/advanced/path-operation-advanced-configuration/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.core.operations import METHODS, canonical

PACKAGE = "mcpgateway"
LARGEST = 8 * 1024**2
"""Bytes of a source file."""
MOST_FILES = 5_000

_DEFINITION = re.compile(r"^(?:    )*(?:async +)?def +(\w+)\(")
_ROUTE = re.compile(r"^\s*@[\w.]+\.(?:get|put|post|delete|options|head|patch|api_route)\(")
_TEXT = re.compile(r"""["'](/[^"'\n]*|)["']""")
_NOT_WORD = re.compile(r"\W")


@dataclass(frozen=True)
class _Handler:
    file: str
    line: int
    paths: tuple[str, ...]
    """Those in its decorators."""


def route_handlers(checkout: Path, document: Mapping[str, Any], working_directory: Path) -> dict[str, str]:
    """Return ``FILE:LINE`` of the function that answers each operation of the OpenAPI ``document``.

    Files are relative to ``working_directory`` if ``checkout`` is in it, else to ``checkout``. Operations whose
    function is not found, or is one of several, are left out.
    """
    root = _root(checkout, working_directory)
    handlers: dict[str, list[_Handler]] = {}
    for path in _sources(checkout):
        for name, handler in _handlers(path, path.relative_to(root).as_posix()):
            handlers.setdefault(name, []).append(handler)
    found = {}
    for name, function, served in _operations(document):
        candidates = handlers.get(function, [])
        chosen = candidates if len(candidates) == 1 else [one for one in candidates if _serves(one, served)]
        if len({(one.file, one.line) for one in chosen}) == 1:
            found[name] = f"{chosen[0].file}:{chosen[0].line}"
    return dict(sorted(found.items()))


def _root(checkout: Path, working_directory: Path) -> Path:
    inside = checkout.resolve().is_relative_to(working_directory.resolve())
    return working_directory.resolve() if inside else checkout.resolve()


def _sources(checkout: Path) -> Iterator[Path]:
    files = (path for path in sorted((checkout.resolve() / PACKAGE).rglob("*.py")) if path.is_file())
    for number, path in enumerate(files):
        if number >= MOST_FILES:
            return
        if path.stat().st_size <= LARGEST:
            yield path


def _handlers(path: Path, shown: str) -> Iterator[tuple[str, _Handler]]:
    """Yield the functions of a file that have a decorator of a route, by name."""
    decorators: list[str] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if _ROUTE.match(line):
            decorators = [*(decorators or ()), line]
        elif found := _DEFINITION.match(line):
            if decorators is not None:
                yield found[1], _Handler(shown, number, tuple(_paths(decorators)))
            decorators = None
        elif decorators is not None:
            decorators.append(line)


def _paths(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from _TEXT.findall(line)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, function and served path of each operation with an ``operationId`` that FastAPI made."""
    for path, methods in document.get("paths", {}).items():
        for method in METHODS:
            operation = methods.get(method) if isinstance(methods, dict) else None
            made = operation.get("operationId") if isinstance(operation, dict) else None
            suffix = f"{_NOT_WORD.sub('_', path)}_{method}"
            if isinstance(made, str) and made.endswith(suffix):
                yield canonical(method, path), made.removesuffix(suffix), path


def _serves(handler: _Handler, path: str) -> bool:
    return any(path.endswith(one) for one in handler.paths if one)
