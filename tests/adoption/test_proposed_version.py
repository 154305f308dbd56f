"""A pull request that adds a gateway version has two files edited by hand, data and lock; no test names the newest one.

The test adds a copy of the newest version under another number, with the files that ``make gateway`` writes, and runs
what depends on the versions: generated pages, lint, and the tests that read them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from loadtest.versions import data as versions

ROOT = Path(__file__).parents[2]
NEW = f"{Version(versions.available()[0]).major + 6}.0.0"
"""Far above every release, and no number that tests use."""
FILES = ("toml", "lock", "contract.json")
"""What ``make gateway`` writes for a version; the first two are edited by hand."""
LEFT_OUT = (
    ".git",
    ".venv",
    ".loadtest",
    ".hypothesis",
    "reports",
    "dist",
    "build",
    "out",
    "proposal",
    "site",
)
READS_VERSIONS = re.compile(r"\bloadtest\.versions\b|\b(?:from|import) (?:supported|booted_versions)\b")
STARTS_JOBS = re.compile(r"^from bench import", re.MULTILINE)
"""Whole jobs on a stub gateway, whose version is any that this machine can run: they take too long."""


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    """A copy of this repository with one more version."""
    copy = tmp_path / "repository"
    left_out = shutil.ignore_patterns("__pycache__", ".*_cache")
    copy.mkdir()
    for path in ROOT.iterdir():
        if path.name in LEFT_OUT or path.match(".*_cache"):
            continue
        if path.is_dir():
            shutil.copytree(path, copy / path.name, ignore=left_out)
        else:
            shutil.copy(path, copy)
    newest = versions.available()[0]
    for end in FILES:
        text = (versions.DIRECTORY / f"{newest}.{end}").read_text(encoding="utf-8")
        for before, now in (
            (f'version = "{newest}"', f'version = "{NEW}"'),
            (f"mcp-contextforge-gateway=={newest} ", f"mcp-contextforge-gateway=={NEW} "),
            (f'"version": "{newest}"', f'"version": "{NEW}"'),
        ):
            text = text.replace(before, now, 1)
        (copy / versions.DIRECTORY.relative_to(ROOT) / f"{NEW}.{end}").write_text(text, encoding="utf-8")
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


def selected() -> list[str]:
    """Return the tests that read the versions, and those of the whole repository and of its workflows."""
    modules = {*(ROOT / "tests").glob("test_*.py"), *(ROOT / "tests" / "github").glob("test_*.py")}
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        # tests/test_under_locust.py runs those below the directory of this name.
        if (
            READS_VERSIONS.search(text)
            and not STARTS_JOBS.search(text)
            and path.parent.name != "under_locust"
        ):
            modules.add(path)
    return sorted(str(path.relative_to(ROOT)) for path in modules - {Path(__file__)})


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_one_more_version_breaks_nothing(proposal: Path) -> None:
    run(proposal, sys.executable, "scripts/docs/write_pages.py")
    assert NEW in (proposal / "docs" / "gateway-faults.md").read_text(encoding="utf-8")
    programs = Path(sys.executable).parent
    run(proposal, programs / "ruff", "check", "--quiet", "--no-cache")
    options = ("-q", "-m", "not real and not load and not nightly", "-p", "no:cacheprovider", "-n", "logical")
    shown = run(proposal, programs / "pytest", *options, *selected())
    passed = re.search(r"(\d+) passed", shown)
    assert passed is not None, shown[-1_000:]
    assert int(passed[1]) > 1_000
