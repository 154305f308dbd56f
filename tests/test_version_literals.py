"""Supported gateway versions are named in ``loadtest/versions`` only: adding one changes no module and no test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.versions import data as versions

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "tests/adoption/test_adoption.py": "adopts a supported release again, from the one before it",
    "tests/support/sample_runs.py": "the version of the stored runs in tests/data",
}
"""File to the reason why it names versions."""
VERSION = "|".join(map(re.escape, versions.available()))
WHOLE = re.compile(rf"\A(?:{VERSION})\Z")
"""For modules, whose messages may give a version as an example."""
ANYWHERE = re.compile(rf"(?<![\w.])(?:{VERSION})(?!\w)")


def literals(source: str) -> Iterator[str]:
    """Yield the texts of a module, parts of f-strings included and docstrings excluded."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def named(directory: str, pattern: re.Pattern[str]) -> dict[str, list[str]]:
    """Return the versions in the texts of each file below a directory that names any."""
    found = {
        str(path.relative_to(ROOT)): [
            version
            for text in literals(path.read_text(encoding="utf-8"))
            for version in pattern.findall(text)
        ]
        for path in sorted((ROOT / directory).rglob("*.py"))
    }
    return {path: names for path, names in found.items() if names}


@pytest.mark.parametrize("directory", ["loadtest", "scripts", "benchmarks"])
def test_no_module_names_a_supported_version(directory: str) -> None:
    assert named(directory, WHOLE) == {}


def test_no_test_names_a_supported_version() -> None:
    found = named("tests", ANYWHERE)
    assert {path: names for path, names in found.items() if path not in ALLOWED} == {}
    assert ALLOWED.keys() <= found.keys(), "no entry is unused"


def test_parts_of_f_strings_are_texts_and_docstrings_are_not() -> None:
    assert sorted(literals('def f():\n    "2.5"\n    return f"v{x}2.6" + "2.7"')) == ["2.6", "2.7", "v"]


@pytest.mark.parametrize(("text", "found"), [("reports-{}/a", 1), ("{}-x", 1), ("1{}", 0), ("{}0", 0)])
def test_a_version_is_found_in_a_text(text: str, found: int) -> None:
    assert len(ANYWHERE.findall(text.format(versions.available()[0]))) == found
