"""Open a pull request with files from another job. Uses the standard library only.

The files are untrusted data: each is bounded and checked before it is proposed. The commit is made through
the API, on the newest commit of the default branch; nothing is checked out or pushed. A branch is replaced unless
it has commits of others.

Environment: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_RUN_ID as GitHub sets them.
"""

import os
import re
import sys
import urllib.error
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from artifacts import read_bytes
from github_api import BOT, GitHub

LARGEST_FILE = 2_000_000
LARGEST_TEXT = 50_000
"""Characters of a description; GitHub accepts 65,536."""
_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?==[A-Za-z0-9.+!_-]+( ; [^@:\\]+)? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
CHECKS = (
    "GitHub does not start workflows for a pull request that a workflow opened: choose *Approve and run workflows* if "
    "it is offered, or close and reopen this pull request."
)


class RefusedError(Exception):
    """A file is invalid, or a branch has commits of others."""


def read_file(path: Path) -> str:
    """Return the text of ``path``.

    Raises:
        RefusedError: the file is missing, too large, or not text.
    """
    data = read_bytes(path, LARGEST_FILE)
    if data is None:
        raise RefusedError(f"{path.name}: not a file of at most {LARGEST_FILE} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path.name}: not UTF-8 text") from error


def read_lock(path: Path) -> str:
    """Return the text of a lock.

    Raises:
        RefusedError: the file is missing, too large, or contains anything but pins and hashes.
    """
    lock = read_file(path)
    for number, line in enumerate(lock.splitlines(), 1):
        if not _PIN.fullmatch(line) and not _HASH.fullmatch(line):
            raise RefusedError(f"{path.name}: line {number} is neither a pin nor a hash")
    return lock


def run_url(environment: Mapping[str, str]) -> str:
    """Return the address of the workflow run."""
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    return f"{server}/{repository}/actions/runs/{int(environment['GITHUB_RUN_ID'])}"


def commit(github: GitHub, base: str, branch: str, message: str, files: Mapping[str, str]) -> str:
    """Commit ``files`` on top of ``base`` as the only commit of ``branch``; return "created" or "updated".

    Raises:
        RefusedError: the branch has commits of others.
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    parent = github.call("GET", f"/git/ref/heads/{base}")["object"]["sha"]
    there = github.found(f"/git/ref/heads/{branch}")
    if there is not None:
        head = github.call("GET", f"/commits/{there['object']['sha']}")
        if (head.get("author") or {}).get("login") != BOT:
            raise RefusedError(f"{branch}: has commits of others; not changed")
    tree = [{"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in files.items()]
    root = github.call("GET", f"/git/commits/{parent}")["tree"]["sha"]
    made = github.call("POST", "/git/trees", {"base_tree": root, "tree": tree})["sha"]
    body: dict[str, Any] = {"message": message, "tree": made, "parents": [parent]}
    sha = github.call("POST", "/git/commits", body)["sha"]
    if there is None:
        github.call("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
        return "created"
    github.call("PATCH", f"/git/refs/heads/{branch}", {"sha": sha, "force": True})
    return "updated"


def open_or_update(
    environment: Mapping[str, str],
    branch: str,
    title: str,
    body: str,
    files: Mapping[str, str],
    *,
    reopen: bool = False,
) -> str:
    """Open the pull request of ``branch``, or update it; return a one-line summary.

    With ``reopen`` a new one is opened if an earlier one was merged or closed; otherwise none is.

    Raises:
        RefusedError: the branch has commits of others.
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    github = GitHub(environment)
    base = str(github.call("GET", "")["default_branch"])
    owner = environment["GITHUB_REPOSITORY"].partition("/")[0]
    pulls = github.call("GET", f"/pulls?state=all&head={owner}:{branch}")
    closed = [one for one in pulls if one["state"] == "closed"]
    if closed and not reopen:
        return f"pull request {int(closed[0]['number'])} was closed: reopen it to update it"
    done = commit(github, base, branch, f"{title}\n\n{run_url(environment)}\n", files)
    for one in pulls:
        if one["state"] == "open":
            github.call("PATCH", f"/pulls/{int(one['number'])}", {"body": body})
            return f"{done} branch {branch}, updated pull request {int(one['number'])}"
    made = github.call("POST", "/pulls", {"title": title, "head": branch, "base": base, "body": body})
    return f"{done} branch {branch}, opened pull request {int(made['number'])}"


def propose_from_directory(propose: Callable[[Path, Mapping[str, str]], str]) -> int:
    """Run ``propose`` on the directory on the command line; return the exit code of the script."""
    if len(sys.argv) != 2:
        print(f"usage: {Path(sys.argv[0]).name} DIRECTORY", file=sys.stderr)
        return 2
    try:
        print(propose(Path(sys.argv[1]), os.environ))
    except RefusedError as error:
        print(f"::error::{error}", file=sys.stderr)
        return 1
    except urllib.error.HTTPError as error:
        with error:
            print(f"GitHub: {error}: {error.read(500).decode(errors='replace')}", file=sys.stderr)
        print(
            "Check whether workflows may open pull requests: Settings, Actions, Workflow permissions.",
            file=sys.stderr,
        )
        return 1
    except urllib.error.URLError as error:
        print(f"GitHub: {error}", file=sys.stderr)
        return 1
    return 0
