"""Opens a pull request with new lock files: ``python3 scripts/github/propose_locks.py DIRECTORY``.

DIRECTORY holds the files of ``requirements/*.lock`` as ``make lock`` made them in another job. The pull request lists
the packages whose version changed. Dependabot cannot do this: it reads neither the names of these files nor the group
of pyproject.toml that they are resolved from, and would change single pins without resolving the others.

Environment: as in ``pull_request.py``.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from pull_request import CHECKS, LARGEST_TEXT, open_or_renew, propose_from_directory, read_lock, run_url

FOLDER = "requirements"
LOCKS = ("bootstrap.lock", "dev.lock")
BRANCH = "locks"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package; several, if it depends on the machine."""
    versions = defaultdict(set)
    for name, version in _PIN.findall(lock):
        versions[name].add(version)
    return {name: ", ".join(sorted(found)) for name, found in versions.items()}


def changes(before: str, after: str) -> list[tuple[str, str, str]]:
    """Return name, version before and version after of each package that changed; "-" for none."""
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
    """Open or renew the pull request, if the locks of the checkout ``root`` differ; return one line on what was done.

    Raises:
        RefusedError: a file is no lock, or the branch has commits of others.
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    before = {name: read_lock(root / FOLDER / name) for name in LOCKS}
    after = {name: read_lock(directory / name) for name in LOCKS}
    changed = changes("".join(before.values()), "".join(after.values()))
    if not changed:
        return "no package has a new version"
    files = {f"{FOLDER}/{name}": text for name, text in after.items()}
    body = description(changed, run_url(environment))
    return open_or_renew(environment, BRANCH, "Update the locks", body, files, reopen=True)


if __name__ == "__main__":
    sys.exit(propose_from_directory(propose))
