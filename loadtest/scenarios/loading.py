"""Import of custom scenarios, in a process of Locust."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from loadtest.core.errors import UsageError
from loadtest.scenarios.source import ScenarioSource, shown_path


def load_modules(
    source: ScenarioSource, modules: Iterable[tuple[str, Path]]
) -> Iterator[tuple[ModuleType, Path]]:
    """Import and yield these ``modules`` of ``source``, of which names and paths are given, each with its file.

    Raises:
        UsageError: a module cannot be imported; the message names the line.
    """
    if source.root:
        if source.root not in sys.path:
            sys.path.append(source.root)
    elif source.package not in sys.modules:
        _make_package(source)
    for name, path in modules:
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit) as error:  # whatever a module of the user raises is its error
            raise UsageError(f"{_place(error, path)}: {type(error).__name__}: {error}") from error
        yield module, path


def _make_package(source: ScenarioSource) -> None:
    """Add the package of the modules, whose ``__init__.py`` is optional, to the imported ones."""
    directory = source.directory
    start = directory / "__init__.py"
    if Path(source.path).is_dir() and start.is_file():
        spec = importlib.util.spec_from_file_location(
            source.package, start, submodule_search_locations=[str(directory)]
        )
    else:
        spec = importlib.machinery.ModuleSpec(source.package, None, is_package=True)
        spec.submodule_search_locations = [str(directory)]
    if spec is None:
        raise UsageError(f"{shown_path(start)}: cannot be imported")
    package = importlib.util.module_from_spec(spec)
    sys.modules[source.package] = package
    if spec.loader is not None:
        try:
            spec.loader.exec_module(package)
        except (Exception, SystemExit) as error:  # whatever a module of the user raises is its error
            raise UsageError(f"{_place(error, start)}: {type(error).__name__}: {error}") from error


def _place(error: BaseException, path: Path) -> str:
    """Return the last line of ``error`` in the directory of ``path``, as ``FILE:LINE``."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{shown_path(Path(error.filename))}:{error.lineno or 1}"
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == path.parent
    ]
    return f"{shown_path(Path(own[-1].filename))}:{own[-1].lineno}" if own else shown_path(path)
