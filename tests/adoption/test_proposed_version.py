"""A pull request that adds a gateway version changes two files by hand at most: no test names the newest version.

The test adds a copy of the newest version under another number, as ``make gateway`` does, and runs what a pull request
runs: the generated pages, lint, and every test that boots nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.versions import data as versions

ROOT = Path(__file__).parents[2]
NEW = "7.0.0"
LEFT_OUT = (".git", ".venv", ".loadtest", ".hypothesis", "reports", "dist", "build", "out", "proposal")
APART = ("test_proposed_version.py", "test_bootstrap.py")
"""This test itself, and the one that sets up a checkout."""


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    """A copy of this repository with one more version."""
    copy = tmp_path / "repository"
    caches = shutil.ignore_patterns("__pycache__", ".*_cache")
    copy.mkdir()
    for path in ROOT.iterdir():
        if path.is_dir() and path.name not in LEFT_OUT:
            shutil.copytree(path, copy / path.name, ignore=caches)
        elif path.is_file():
            shutil.copy(path, copy)
    newest = versions.available()[0]
    directory = copy / versions.DIRECTORY.relative_to(ROOT)
    for path in versions.DIRECTORY.glob(f"{newest}.*"):
        text = path.read_text(encoding="utf-8")
        for before, now in (
            (f'version = "{newest}"', f'version = "{NEW}"'),
            (f"mcp-contextforge-gateway=={newest} ", f"mcp-contextforge-gateway=={NEW} "),
            (f'"version": "{newest}"', f'"version": "{NEW}"'),
        ):
            text = text.replace(before, now, 1)
        (directory / path.name.replace(newest, NEW, 1)).write_text(text, encoding="utf-8")
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


def run(proposal: Path, *command: str | Path) -> str:
    done = subprocess.run(
        command,
        cwd=proposal,
        env=os.environ | {"PYTHONPATH": str(proposal)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5_000:]
    return done.stdout


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_one_more_version_breaks_nothing(proposal: Path) -> None:
    bin_directory = Path(sys.executable).parent
    makefile = (proposal / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ndocs:")[2].partition("\n\n")[0]
    pages = re.findall(r"scripts/docs/\w+\.py", recipe)
    assert pages
    for script in pages:
        run(proposal, sys.executable, script)
    assert NEW in (proposal / "docs" / "gateway-faults.md").read_text(encoding="utf-8")
    run(proposal, bin_directory / "ruff", "check", "--quiet")
    skipped = [f"--ignore-glob=*/{name}" for name in APART]
    marks = "not real and not load and not nightly"
    pytest_options = ["-q", "-m", marks, "-p", "no:cacheprovider", "-n", "logical", *skipped]
    shown = run(proposal, bin_directory / "pytest", *pytest_options)
    found = re.search(r"(\d+) passed", shown)
    assert found is not None, shown[-1_000:]
    assert int(found[1]) > 1_000
