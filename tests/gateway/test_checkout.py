"""A working copy of the gateway, installed as a user would get it (a small stand-in for the real tree)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from loadtest import versions
from loadtest.gateway.install import Installation, install
from loadtest.gateway.source import Checkout, parse_source
from loadtest.gateway.uv import InstallError

pytestmark = pytest.mark.real

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "mcp-contextforge-gateway"
dynamic = ["version"]
dependencies = ["{dependency}"]

[tool.setuptools]
packages = ["mcpgateway"]
dynamic = {{ version = {{ attr = "mcpgateway.__version__" }} }}
"""
PINNED = re.findall(r"^idna==(\S+)", versions.load("1.0.7").lock.read_text(), re.MULTILINE)[0]


def checkout(directory: Path, dependency: str = "idna", version: str = "1.0.8.dev1") -> Checkout:
    (directory / "mcpgateway").mkdir(parents=True, exist_ok=True)
    (directory / "pyproject.toml").write_text(PROJECT.format(dependency=dependency))
    (directory / "mcpgateway" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    source = parse_source(f"path:{directory}")
    assert isinstance(source, Checkout)
    return source


def said(installation: Installation, code: str) -> str:
    command = [str(installation.python), "-c", f"import importlib.metadata as m, mcpgateway; print({code})"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_installed_with_the_pins_of_the_nearest_version_and_again_when_it_changed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    first = install(checkout(tree), tmp_path)
    assert first.notes == ()
    assert said(first, "m.version('idna')") == PINNED
    assert said(first, "mcpgateway.__version__") == "1.0.8.dev1"
    assert not said(first, "mcpgateway.__file__").startswith(str(tree)), "what is packaged is what is tested"
    assert sorted(path.name for path in tree.iterdir()) == ["mcpgateway", "pyproject.toml"], "nothing is left"

    same = install(checkout(tree), tmp_path)
    assert same.directory == first.directory

    changed = install(checkout(tree, version="1.0.9"), tmp_path)
    assert changed.directory == first.directory
    assert changed.name != first.name, "its migrations may have changed, too"
    assert said(changed, "mcpgateway.__version__") == "1.0.9"


def test_dependencies_that_the_pins_do_not_satisfy(tmp_path: Path) -> None:
    source = checkout(tmp_path / "tree", dependency=f"idna<{PINNED}")
    installation = install(source, tmp_path)
    assert installation.notes == (
        "the lock of 1.0.7 does not satisfy the checkout: dependencies resolved freely",
    )
    assert said(installation, "m.version('idna')") != PINNED
    assert install(source, tmp_path) == installation, "the note stays"


def test_a_tree_that_cannot_be_built(tmp_path: Path) -> None:
    source = checkout(tmp_path / "tree")
    (tmp_path / "tree" / "mcpgateway" / "__init__.py").write_text(
        '__version__ = "1.0.8"\nraise ValueError("x")\n'
    )
    (tmp_path / "tree" / "setup.py").write_text("raise ValueError('cannot be built')\n")
    with pytest.raises(
        InstallError, match=r"Failed to build .*: ValueError: cannot be built; .*install\.log\)$"
    ):
        install(source, tmp_path)
    repaired = tmp_path / "tree" / "setup.py"
    repaired.unlink()
    assert said(install(checkout(tmp_path / "tree"), tmp_path), "mcpgateway.__version__") == "1.0.8.dev1"
