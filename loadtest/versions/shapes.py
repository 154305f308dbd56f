"""The recorded shapes of the responses of each gateway version, a file next to its data."""

from __future__ import annotations

from pathlib import Path

from loadtest.shapes.shape import Shape
from loadtest.shapes.stored import read_shapes
from loadtest.versions.data import DIRECTORY


def path_of(version: str) -> Path:
    """Return the path of the recorded shapes of ``version``."""
    return DIRECTORY / f"{version}.shapes.json"


def shapes_of(version: str) -> dict[str, dict[str, Shape]]:
    """Return the recorded shapes of ``version`` by operation and status; empty if there are none.

    Raises:
        UsageError: the file is invalid.
    """
    path = path_of(version)
    return read_shapes(path).decoded(path) if path.is_file() else {}
