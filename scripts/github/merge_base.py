"""Check out the commit that a pull request is compared with."""

import subprocess
from pathlib import Path

MERGE_BASE = "merge-base"
"""Value of the input ``base``: the commit of the target branch that the pull request is merged with."""


class NoBaseError(Exception):
    """The commit is not known, or cannot be checked out; one line."""


def check_out_base(workspace: Path, directory: Path, target: str) -> str:
    """Check out the base of the pull request in ``workspace`` into the new ``directory``; return it as a source.

    GitHub checks out the merge of a pull request into its target branch, whose first parent is the base. Otherwise it
    is the merge base with the branch ``target``.

    Raises:
        NoBaseError: there is none, for instance because only one commit was fetched.
    """
    commit = _git(workspace, "rev-parse", "--verify", "--quiet", "HEAD^2^{commit}") and _git(
        workspace, "rev-parse", "--verify", "--quiet", "HEAD^1^{commit}"
    )
    if not commit and target:
        commit = _git(workspace, "merge-base", f"origin/{target}", "HEAD")
    if not commit:
        raise NoBaseError(
            "base: merge-base: the commit of the target branch is missing, expected actions/checkout with "
            "fetch-depth: 2"
        )
    if not _git(workspace, "worktree", "add", "--detach", str(directory), commit, errors=True):
        raise NoBaseError(f"base: merge-base: git worktree could not check out {commit}")
    return f"path:{directory}"


def _git(workspace: Path, *arguments: str, errors: bool = False) -> str:
    """Return the output of a git command; empty if it failed, and not empty if it succeeded without output."""
    done = subprocess.run(
        ["git", "-C", str(workspace), *arguments],
        capture_output=not errors,
        text=True,
        timeout=300,
        check=False,
    )
    return (done.stdout or "").strip() or "done" if done.returncode == 0 else ""
