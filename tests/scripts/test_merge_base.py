"""The base of a pull request, in real git repositories."""

import os
import subprocess
from pathlib import Path

import pytest
from github_run import with_base
from merge_base import NoBaseError, check_out_base

GIT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **GIT})
    return done.stdout.strip()


def commit(repository: Path, text: str) -> str:
    (repository / "file").write_text(text)
    git(repository, "add", "file")
    git(repository, "commit", "-qm", text)
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone whose HEAD is a branch with one commit more than main."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    commit(origin, "first")
    git(tmp_path, "clone", "-q", str(origin), "clone")
    clone = tmp_path / "clone"
    git(clone, "checkout", "-q", "-b", "change")
    commit(clone, "change")
    return clone


def test_the_merge_base_with_the_target_branch(repository: Path, tmp_path: Path) -> None:
    assert check_out_base(repository, tmp_path / "base", "main") == f"path:{tmp_path / 'base'}"
    assert (tmp_path / "base" / "file").read_text() == "first"
    assert (repository / "file").read_text() == "change"


def test_the_first_parent_of_the_merge_that_github_makes(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "-q", "--detach", "origin/main")
    (repository / "other").write_text("newer")
    git(repository, "add", "other")
    git(repository, "commit", "-qm", "newer")
    git(repository, "merge", "-q", "--no-ff", "-m", "merge", "change")
    check_out_base(repository, tmp_path / "base", "main")
    assert (tmp_path / "base" / "other").exists()
    assert (tmp_path / "base" / "file").read_text() == "first"


def test_without_the_commit_the_message_names_what_to_fetch(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(NoBaseError, match="fetch-depth: 2"):
        check_out_base(repository, tmp_path / "base", "")


def test_other_inputs_stay(repository: Path, tmp_path: Path) -> None:
    inputs = {"INPUT_BASE": "3.0.7", "GITHUB_WORKSPACE": str(repository), "RUNNER_TEMP": str(tmp_path)}
    assert with_base(inputs) is inputs
    checked_out = with_base({**inputs, "INPUT_BASE": "merge-base", "GITHUB_BASE_REF": "main"})
    assert checked_out["INPUT_BASE"] == f"path:{tmp_path / 'contextforge-base'}"
