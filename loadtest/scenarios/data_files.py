"""Data files beside custom scenarios, in the formats of this project: they apply to runs with these scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from loadtest.scenarios.source import ScenarioSource

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


def _files(custom: Iterable[ScenarioSource], name: str) -> tuple[Path, ...]:
    found = dict.fromkeys(one.directory / name for one in custom)
    return tuple(path for path in found if path.is_file())
