"""Open a pull request with new lock files: ``python3 scripts/github/propose_locks.py DIRECTORY``.

DIRECTORY has the files of ``requirements/*.lock`` that ``make lock`` wrote in another job. The pull request lists the
packages whose version changed. Dependabot cannot do this: it supports neither these file names nor the dependency group
that they are resolved from, and would change single pins without resolving the others.

Environment: as in ``pull_request.py``.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from pull_request import CHECKS, LARGEST_TEXT, open_or_update, propose_from_directory, read_lock, run_url

FOLDER = "requirements"
LOCKS = ("bootstrap.lock", "runtime.lock", "base.lock", "dev.lock", "site.lock")
BRANCH = "locks"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package; several if it depends on the platform."""
    versions = defaultdict(set)
    for name, version in _PIN.findall(lock):
        versions[name].add(version)
    return {name: ", ".join(sorted(found)) for name, found in versions.items()}


def changes(before: str, after: str) -> list[tuple[str, str, str]]:
    """Return name, old version and new version of each package that changed; "-" for none."""
    old, new = pins(before), pins(after)
    names = sorted(old.keys() | new.keys())
    return [
        (name, old.get(name, "-"), new.get(name, "-")) for name in names if old.get(name) != new.get(name)
    ]


def description(changed: list[tuple[str, str, str]], url: str) -> str:
    """Return the text of the pull request."""
    lines = [f"[`make lock`]({url}) resolved the locks again.", "", CHECKS, ""]
    lines += ["| Package | Before | After |", "|---|---|---|"]
    lines += [f"| `{name}` | {before} | {after} |" for name, before, after in changed]
    return "\n".join(lines)[:LARGEST_TEXT] + "\n"


def propose(directory: Path, environment: Mapping[str, str], root: Path = Path()) -> str:
    """Open or update the pull request if the locks of the checkout ``root`` differ; return a one-line summary.

    Raises:
        RefusedError: a file is not a lock, or the branch has commits of others.
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    before = {name: read_lock(root / FOLDER / name) for name in LOCKS}
    after = {name: read_lock(directory / name) for name in LOCKS}
    changed = changes("".join(before.values()), "".join(after.values()))
    if not changed:
        return "no package has a new version"
    files = {f"{FOLDER}/{name}": text for name, text in after.items()}
    body = description(changed, run_url(environment))
    return open_or_update(environment, BRANCH, "Update the locks", body, files, reopen=True)


if __name__ == "__main__":
    sys.exit(propose_from_directory(propose))
