"""Data files beside custom scenarios, in the formats of this project: they apply to runs with these scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.files import read_toml
from loadtest.core.record import Record
from loadtest.scenarios.source import ScenarioSource, shown_path

KNOWN_FAILURES = "known-failures.toml"
CATEGORIES = "categories.toml"
REFUSALS = "refusals.toml"
FIXTURES = "fixtures.toml"


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
    """Sent as JSON; ``{{name}}`` is replaced by a unique name."""
    id: str = "id"
    """Dotted path of its identifier in the response."""
    delete: str
    """The operation that deletes it; the last parameter of its path is the identifier."""


class _FixturesFile(Record, frozen=True, kw_only=True):
    fixture: tuple[CustomFixture, ...] = ()


def custom_fixtures(custom: Iterable[ScenarioSource]) -> tuple[CustomFixture, ...]:
    """Return the fixtures that the sources declare.

    Raises:
        UsageError: a file is invalid, or two fixtures share a name.
    """
    found: dict[str, CustomFixture] = {}
    for path in _files(custom, FIXTURES):
        for one in read_toml(path, _FixturesFile).fixture:
            if one.name in found:
                raise UsageError(
                    f"{shown_path(path)}: fixture {one.name!r} exists already, expected another name"
                )
            if "{" not in one.delete:
                raise UsageError(
                    f"{shown_path(path)}: fixture {one.name!r}: delete: expected a path with a parameter"
                )
            found[one.name] = one
    return tuple(found.values())


def _files(custom: Iterable[ScenarioSource], name: str) -> tuple[Path, ...]:
    found = dict.fromkeys(one.directory / name for one in custom)
    return tuple(path for path in found if path.is_file())
