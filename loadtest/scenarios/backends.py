"""Backends of custom scenarios: the modules in the directory ``backends`` beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from loadtest.core.errors import UsageError
from loadtest.scenarios.loading import load_modules
from loadtest.scenarios.source import BACKENDS, ScenarioSource, as_identifier, shown_path


def backend_sources(custom: Iterable[ScenarioSource]) -> tuple[ScenarioSource, ...]:
    """Return the directories with the backends of ``custom`` scenarios.

    They are packages of their own, so that importing one does not import the scenarios, and with them Locust. A module
    that is no package has none: what is beside it belongs to the package that contains it.
    """
    directories = dict.fromkeys(
        one.directory / BACKENDS for one in custom if not one.root or Path(one.path).is_dir()
    )
    return tuple(
        ScenarioSource(
            text=shown_path(directory),
            package=f"backends_{number}_{as_identifier(directory.parent.name)}",
            path=str(directory),
        )
        for number, directory in enumerate(directories, 1)
        if directory.is_dir()
    )


def backend_names(custom: Iterable[ScenarioSource], built_in: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of the backends of ``custom`` scenarios and of the ``built_in`` ones.

    Raises:
        UsageError: two of them share a name.
    """
    found = set(built_in)
    for source in backend_sources(custom):
        for _, path in source.modules():
            if _is_backend(path, source):
                if path.stem in found:
                    raise UsageError(
                        f"{shown_path(path)}: the backend {path.stem} exists already, expected another name"
                    )
                found.add(path.stem)
    return frozenset(found)


def load_backends(sources: Iterable[ScenarioSource]) -> Iterator[tuple[str, ModuleType]]:
    """Import the modules of ``sources``, and yield each backend with its name.

    Raises:
        UsageError: a module cannot be imported, or does not define ``running``.
    """
    for source in sources:
        for module, path in load_modules(source, source.modules()):
            if not _is_backend(path, source):
                continue
            if not callable(getattr(module, "running", None)):
                raise UsageError(
                    f"{shown_path(path)}: defines no running(), expected an asynchronous context manager that yields "
                    "the address of the backend; the name of a module that is no backend starts with _"
                )
            yield path.stem, module


def _is_backend(path: Path, source: ScenarioSource) -> bool:
    return path.parent == source.directory and not path.name.startswith("_")
