"""A pull request that adds a version passes the tests that look at every version: none of them names the newest one."""

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
FOLDERS = ("loadtest", "tests", "scripts", "docs", "requirements", "benchmarks", ".github", ".ci")


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    """A copy of this repository with one more version, as the workflow proposes it."""
    copy = tmp_path / "repository"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    newest = versions.available()[0]
    folder = copy / "loadtest" / "gateway" / "versions"
    for end in ("toml", "lock", "contract.json"):
        text = (folder / f"{newest}.{end}").read_text(encoding="utf-8")
        for before, now in (
            (f'version = "{newest}"', f'version = "{NEW}"'),
            (f"mcp-contextforge-gateway=={newest} ", f"mcp-contextforge-gateway=={NEW} "),
            (f'"version": "{newest}"', f'"version": "{NEW}"'),
        ):
            text = text.replace(before, now, 1)
        (folder / f"{NEW}.{end}").write_text(text, encoding="utf-8")
    return copy


@pytest.mark.nightly
def test_a_version_more_breaks_nothing(proposal: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(proposal)}
    subprocess.run(
        [sys.executable, "scripts/docs/document_faults.py"], cwd=proposal, env=environment, check=True
    )
    about = re.compile(r"versions\.available\(\)|gateway.{1,4}versions|gateway-faults")
    files = [
        str(path.relative_to(proposal))
        for path in sorted((proposal / "tests").rglob("test_*.py"))
        if path.name != Path(__file__).name and about.search(path.read_text(encoding="utf-8"))
    ]
    assert len(files) > 10
    done = subprocess.run(
        [
            Path(sys.executable).with_name("pytest"),
            "-q",
            "-m",
            "not real and not load",
            "-p",
            "no:cacheprovider",
            *files,
        ],
        cwd=proposal,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5_000:]
