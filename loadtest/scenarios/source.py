"""Where custom scenarios are: directories, files, and modules of installed packages.

A source is found without importing anything. The modules of a directory form a package of their own, so that their
names cannot clash with those of other modules; they import each other relatively.
"""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from loadtest.core.errors import UsageError
from loadtest.core.record import Record

ENTRY_POINTS = "contextforge_loadtest.scenarios"
"""Group of entry points by which installed packages bring scenarios: the value of each is a module."""
OPTION = "--scenarios"
BACKENDS = "backends"
"""Directory beside the scenarios whose modules are backends."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class ScenarioSource(Record, frozen=True, kw_only=True):
    """A directory, a file or a module with custom scenarios."""

    text: str
    """As it was given; in messages and in the run."""
    package: str
    """Name under which it is imported."""
    path: str
    """Absolute path of the directory or the file."""
    root: str = ""
    """Directory from which ``package`` is imported under its own name; empty for a package of its own."""
    installed: bool = False
    """Found by its entry point."""

    @property
    def directory(self) -> Path:
        """The directory of the modules and of the data files beside them."""
        path = Path(self.path)
        return path if path.is_dir() else path.parent

    def modules(self) -> Iterator[tuple[str, Path]]:
        """Yield the dotted name and the path of each Python file that is no backend."""
        path = Path(self.path)
        if not path.is_dir():
            yield (self.package if self.root else f"{self.package}.{path.stem}"), path
            return
        for file in sorted(path.rglob("*.py")):
            parts = file.relative_to(path).with_suffix("").parts
            if any(part.startswith(".") or part == "__pycache__" for part in parts):
                continue
            if parts[0] == BACKENDS and len(parts) > 1:
                continue
            yield ".".join((self.package, *(part for part in parts if part != "__init__"))), file


def shown_path(path: Path) -> str:
    """Return ``path`` relative to the working directory, from where annotations and messages name files."""
    return os.path.relpath(path)


def as_identifier(name: str) -> str:
    """Return ``name`` as part of a name of a module."""
    return re.sub(r"\W", "_", name)


def read_sources(texts: Iterable[str]) -> tuple[ScenarioSource, ...]:
    """Return the sources that ``texts`` name, and those of installed packages.

    Raises:
        UsageError: a source does not exist.
    """
    given = [_source(text, number) for number, text in enumerate(dict.fromkeys(texts), 1)]
    found = {one.path: one for one in (*installed_sources(), *given)}
    return tuple(found.values())


def installed_sources() -> tuple[ScenarioSource, ...]:
    """Return the sources of the entry points of installed packages, by name.

    Raises:
        UsageError: the module of an entry point does not exist.
    """
    entries = sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda one: one.name)
    found = ((one, one.value.partition(":")[0]) for one in entries)
    return tuple(
        replace(_module(name, f"entry point {one.name}: ", name), installed=True) for one, name in found
    )


def _source(text: str, number: int) -> ScenarioSource:
    path = Path(text).expanduser()
    if path.is_dir() or text.endswith(".py") or os.sep in text:
        return _directory(text, path, number)
    if _DOTTED.fullmatch(text):
        return _module(text, f"{OPTION} {text}: ", text)
    raise UsageError(f"{OPTION} {text}: expected a directory, a file or the name of a module")


def _directory(text: str, path: Path, number: int) -> ScenarioSource:
    if not path.exists():
        raise UsageError(
            f"{OPTION} {text}: does not exist, expected a directory, a file or the name of a module"
        )
    slug = as_identifier(path.absolute().name.removesuffix(".py"))
    return ScenarioSource(text=text, package=f"scenarios_{number}_{slug}", path=str(path.resolve()))


def _module(name: str, place: str, text: str) -> ScenarioSource:
    """Return the source of the module ``name``, which is searched for without importing its packages."""
    search: Sequence[str] | None = [*sys.path, str(Path.cwd())]
    spec = None
    parts = name.split(".")
    for part in parts:
        spec = importlib.machinery.PathFinder.find_spec(part, search)
        if spec is None:
            raise UsageError(f"{place}there is no module {name}, expected a directory, a file or a module")
        search = spec.submodule_search_locations
    places = list(spec.submodule_search_locations or ()) if spec else []
    path = places[0] if places else spec.origin if spec else None
    if path is None or not Path(path).exists():
        raise UsageError(f"{place}the module {name} has no source file")
    resolved = Path(path).resolve()
    root = resolved.parents[len(parts) - 1]
    return ScenarioSource(text=text, package=name, path=str(resolved), root=str(root))
