"""Data files beside custom scenarios, in the formats of this project: they apply to runs with these scenarios."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.files import read_text, read_toml
from loadtest.core.record import Record
from loadtest.scenarios.source import ScenarioSource, shown_path

KNOWN_FAILURES = "known-failures.toml"
CATEGORIES = "categories.toml"
REFUSALS = "refusals.toml"
FIXTURES = "fixtures.toml"
_CREATION = re.compile(r"[A-Z]+ /[^\s{}]*")
_DELETION = re.compile(r"[A-Z]+ /[^\s{}]*\{\w+\}[^\s{}]*")
_BACKEND = re.compile(r"\{\{backend:(\w+)\}\}")


def known_failures_files(custom: Iterable[ScenarioSource]) -> tuple[Path, ...]:
    """Return the known-failures files of the sources."""
    return _files(custom, KNOWN_FAILURES)


def categories_files(custom: Iterable[ScenarioSource]) -> tuple[Path, ...]:
    """Return the files of failure categories of the sources."""
    return _files(custom, CATEGORIES)


def refusals_files(custom: Iterable[ScenarioSource]) -> tuple[Path, ...]:
    """Return the files of expected refusals of the sources."""
    return _files(custom, REFUSALS)


class CustomFixture(Record, frozen=True, kw_only=True):
    """An entity that is created before the load and deleted after it."""

    name: str
    """By which scenarios ask for it: ``self.entity("widget")``."""
    create: str
    """The operation that creates it."""
    body: dict[str, Any] = msgspec.field(default_factory=dict)
    """Sent as JSON; ``{{name}}`` is replaced by a unique name, ``{{backend:widgets}}`` by the address of a backend."""
    id: str = "id"
    """Dotted path of its identifier in the response."""
    delete: str
    """The operation that deletes it; the last parameter of its path is the identifier."""

    def body_for(self, name: str, backends: Mapping[str, str]) -> dict[str, Any]:
        """Return the body of an entity with this unique ``name``, with the addresses of the ``backends``.

        Raises:
            LookupError: a backend does not run.
        """
        filled: dict[str, Any] = _filled(self.body, name, backends)
        return filled

    @property
    def backends(self) -> frozenset[str]:
        """The names of the backends whose addresses are in the body."""
        return frozenset(_BACKEND.findall(repr(self.body)))


def _filled(value: Any, name: str, backends: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _BACKEND.sub(lambda found: _address(found[1], backends), value.replace("{{name}}", name))
    if isinstance(value, dict):
        return {key: _filled(one, name, backends) for key, one in value.items()}
    return [_filled(one, name, backends) for one in value] if isinstance(value, list) else value


def _address(backend: str, backends: Mapping[str, str]) -> str:
    try:
        return backends[backend]
    except KeyError:
        raise LookupError(f"the backend {backend} does not run") from None


class _FixturesFile(Record, frozen=True, kw_only=True):
    fixture: tuple[CustomFixture, ...] = ()


def custom_fixtures(
    custom: Iterable[ScenarioSource], backends: Collection[str] | None = None
) -> tuple[CustomFixture, ...]:
    """Return the fixtures that the sources declare.

    Raises:
        UsageError: a file is invalid, two fixtures share a name, or one names a backend that is not among ``backends``,
            if they are given.
    """
    found: dict[str, CustomFixture] = {}
    for path in _files(custom, FIXTURES):
        for one in read_toml(path, _FixturesFile).fixture:
            if one.name in found:
                raise UsageError(
                    f"{shown_path(path)}: fixture {one.name!r} exists already, expected another name"
                )
            for key, operation, form, example in (
                ("create", one.create, _CREATION, "without a parameter, such as POST /widgets"),
                ("delete", one.delete, _DELETION, "with one parameter, such as DELETE /widgets/{widget_id}"),
            ):
                if not form.fullmatch(operation):
                    raise UsageError(
                        f"{shown_path(path)}: fixture {one.name!r}: {key}: expected an operation {example}"
                    )
            for name in sorted(one.backends - set(one.backends if backends is None else backends)):
                raise UsageError(
                    f"{shown_path(path)}: fixture {one.name!r}: body: there is no backend {name!r}, expected one of "
                    f"{', '.join(sorted(backends or ()))}"
                )
            found[one.name] = one
    return tuple(found.values())


def fixture_operations(custom: Iterable[ScenarioSource]) -> Iterator[tuple[str, str, int]]:
    """Yield each operation of the fixtures with its file and line.

    Raises:
        UsageError: as :func:`custom_fixtures`.
    """
    for path in _files(custom, FIXTURES):
        lines = read_text(path).splitlines()
        for fixture in read_toml(path, _FixturesFile).fixture:
            for operation in (fixture.create, fixture.delete):
                yield (
                    operation,
                    shown_path(path),
                    next((n for n, one in enumerate(lines, 1) if operation in one), 1),
                )


def _files(custom: Iterable[ScenarioSource], name: str) -> tuple[Path, ...]:
    found = dict.fromkeys(one.directory / name for one in custom)
    return tuple(path for path in found if path.is_file())
