"""What the tests of a booted gateway share."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LOADTEST_HOME of its own that shares installations and templates with the project's."""
    home = tmp_path_factory.mktemp("home")
    for name in ("gateways", "templates"):
        shared = ROOT / ".loadtest" / name
        shared.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(shared)
    return home
