"""A working copy of the gateway, installed as a user would get it (a small stand-in for the real tree)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from supported import RUNNABLE

from loadtest.gateway.install.installation import Installation, install
from loadtest.gateway.install.source import Checkout, parse_source
from loadtest.gateway.install.uv import InstallError, run_uv
from loadtest.versions import data as versions

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
FIRST, SECOND = f"{RUNNABLE}.post1", f"{RUNNABLE}.post2"
PINNED = re.findall(r"^idna==(\S+)", versions.load(RUNNABLE).lock.read_text(), re.MULTILINE)[0]


def checkout(directory: Path, dependency: str = "idna", version: str = FIRST) -> Checkout:
    (directory / "mcpgateway").mkdir(parents=True, exist_ok=True)
    (directory / "pyproject.toml").write_text(PROJECT.format(dependency=dependency))
    (directory / "mcpgateway" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    source = parse_source(f"path:{directory}")
    assert isinstance(source, Checkout)
    return source


def evaluated(installation: Installation, code: str) -> str:
    command = [str(installation.python), "-c", f"import importlib.metadata as m, mcpgateway; print({code})"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_installed_with_the_pins_of_the_nearest_version_and_again_when_it_changed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    first = install(checkout(tree), tmp_path)
    assert first.notes == ()
    assert evaluated(first, "m.version('idna')") == PINNED
    assert evaluated(first, "mcpgateway.__version__") == FIRST
    assert not evaluated(first, "mcpgateway.__file__").startswith(str(tree)), (
        "what is packaged is what is tested"
    )
    assert sorted(path.name for path in tree.iterdir()) == ["mcpgateway", "pyproject.toml"], "nothing is left"

    same = install(checkout(tree), tmp_path)
    assert same.directory == first.directory

    changed = install(checkout(tree, version=SECOND), tmp_path)
    assert changed.directory == first.directory
    assert changed.name != first.name, "its migrations may have changed, too"
    assert evaluated(changed, "mcpgateway.__version__") == SECOND


@pytest.mark.nightly
def test_dependencies_that_the_pins_do_not_satisfy(tmp_path: Path) -> None:
    source = checkout(tmp_path / "tree", dependency=f"idna<{PINNED}")
    installation = install(source, tmp_path)
    assert installation.notes == (
        f"the lock of {RUNNABLE} does not satisfy the checkout: dependencies resolved freely",
    )
    assert evaluated(installation, "m.version('idna')") != PINNED
    assert install(source, tmp_path) == installation, "the note remains"


def test_a_tree_that_cannot_be_built(tmp_path: Path) -> None:
    source = checkout(tmp_path / "tree")
    (tmp_path / "tree" / "mcpgateway" / "__init__.py").write_text(
        f'__version__ = "{FIRST}"\nraise ValueError("x")\n'
    )
    (tmp_path / "tree" / "setup.py").write_text("raise ValueError('cannot be built')\n")
    with pytest.raises(
        InstallError, match=r"Failed to build.*: ValueError: cannot be built; .*install\.log\)$"
    ):
        install(source, tmp_path)
    repaired = tmp_path / "tree" / "setup.py"
    repaired.unlink()
    assert evaluated(install(checkout(tmp_path / "tree"), tmp_path), "mcpgateway.__version__") == FIRST


SETUP = Path(__file__).with_name("interface_setup.py")
BUNDLE = """#!/bin/sh
/bin/mkdir -p mcpgateway/static
echo "$npm_config_cache" > mcpgateway/static/bundle-1.js
"""
FAILS = """#!/bin/sh
echo 'npm error code E404' >&2
echo 'npm error 404 Not Found - zod' >&2
exit 1
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the whole PATH."""
    directory = tmp_path / "tools"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def with_interface(tree: Path) -> Checkout:
    source = checkout(tree)
    shutil.copy(SETUP, tree / "setup.py")
    (tree / "package.json").write_text("{}")
    return source


@pytest.mark.parametrize(
    ("programs", "why"),
    [
        ({}, "npm is not installed"),
        ({"npm": BUNDLE}, "npm is not installed"),
        ({"npm": FAILS, "node": ""}, "404 Not Found - zod"),
    ],
)
def test_without_npm_or_where_it_fails_pages_have_no_scripts(
    tmp_path: Path, path: Path, programs: dict[str, str], why: str
) -> None:
    for name, text in programs.items():
        program(path / name, text)
    installation = install(with_interface(tmp_path / "tree"), tmp_path)
    (note,) = installation.notes
    assert note.startswith("the user interface of the checkout was not built, so its pages have no scripts: ")
    assert why in note
    assert "\n" not in note
    assert evaluated(installation, "mcpgateway.__version__") == FIRST


def test_npm_builds_what_pages_need_also_without_a_home(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", run_uv(["cache", "dir"]).strip())
    monkeypatch.setenv("HOME", str(tmp_path / "missing"))
    for name, text in {"npm": BUNDLE, "node": ""}.items():
        program(path / name, text)
    installation = install(with_interface(tmp_path / "tree"), tmp_path)
    assert installation.notes == ()
    (bundle,) = installation.directory.glob("lib/python*/site-packages/mcpgateway/static/bundle-1.js")
    assert bundle.read_text().strip() == str(installation.directory / "npm")


SURROUNDINGS = {
    "pyproject.toml": '\n[tool.uv]\nexclude-newer = "2000-01-01"\nrequired-version = ">=99"\nno-index = true\n',
    "uv.toml": 'exclude-newer = "2000-01-01"\nno-index = true\n',
    ".python-version": "3.6\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/simple\n",
    "setup.cfg": "[easy_install]\nindex_url = http://127.0.0.1:1/simple\n",
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_settings_of_a_checkout_do_not_count_where_the_load_test_runs_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tree = tmp_path / "tree"
    checkout(tree)
    with (tree / name).open("a", encoding="utf-8") as file:
        file.write(SURROUNDINGS[name])
    monkeypatch.chdir(tree)
    source = parse_source("path:.")
    assert isinstance(source, Checkout)
    installation = install(source, tree / ".loadtest")
    assert installation.notes == (), "the lock is used"
    assert evaluated(installation, "m.version('idna')") == PINNED
