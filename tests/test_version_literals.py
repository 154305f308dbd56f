"""Supported gateway versions are named in ``loadtest/versions`` only: adding one changes no module and no test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from loadtest.versions import data as versions

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "tests/adoption/test_adoption.py": "adopts a supported release again, from the one before it",
    "tests/support/sample_runs.py": "the version of the stored runs in tests/data",
}
"""File to the reason why it names versions."""


def literals(source: str) -> Iterator[str]:
    """Return the texts of a module, docstrings and parts of f-strings included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_module_and_no_test_names_a_supported_version() -> None:
    supported = {*versions.available()}
    named = {}
    for directory in ("loadtest", "scripts", "benchmarks", "tests"):
        for path in sorted((ROOT / directory).rglob("*.py")):
            if found := supported & {*literals(path.read_text(encoding="utf-8"))}:
                named[str(path.relative_to(ROOT))] = sorted(found)
    assert {path: found for path, found in named.items() if path not in ALLOWED} == {}
    assert ALLOWED.keys() <= named.keys(), "no entry is unused"


def test_a_version_is_found_in_any_text() -> None:
    assert {"2.5", "v", "2.6"} <= {*literals('a = f"v{x}2.5"\nassert b == ["2.6"]')}
