"""Download the baseline and the history of one soak from its last nights: ``last_night.py DIRECTORY``.

Writes ``run.json`` of the newest night that passed, as the baseline, and ``history.json`` of the newest night. A
night is a scheduled run of the workflow on the default branch; manual runs, which may have another size, do not
count. Without a suitable night there is no baseline.

The archives come from runs of this repository, but are treated as untrusted data: only files with known names are read,
up to a limit, and a run that this version cannot read is skipped with a message.

Environment: ARTIFACT is the name of the artifact, WORKFLOW the file name of the workflow; GITHUB_TOKEN,
GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_RUN_ID and GITHUB_OUTPUT as GitHub sets them. The output ``run-args`` has the
arguments for ``loadtest run``: ``--baseline DIRECTORY/run.json``, or nothing.
"""

import io
import json
import os
import sys
import urllib.error
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from github_api import GitHub, TooLargeError

from loadtest.core.errors import UsageError
from loadtest.results.run import read_run

MOST_NIGHTS = 10
"""Nights to search."""
LARGEST_ARCHIVE = 300_000_000
LARGEST_FILE = 150_000_000
LARGEST_SMALL_FILE = 5_000_000
FILES = {"run.json": LARGEST_FILE, "verdict.json": LARGEST_SMALL_FILE, "history.json": LARGEST_SMALL_FILE}
"""Files to read from an archive, and the maximum size of each."""


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Return the :data:`FILES` at the top level of ``archive``.

    Raises:
        ValueError: the archive is not readable, or a file in it is too large.
    """
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            names = set(file.namelist())
            for name, largest in FILES.items():
                if name in names:
                    # The declared size is not trusted: a zip bomb declares a false one.
                    with file.open(name) as member:
                        found[name] = member.read(largest + 1)
                    if len(found[name]) > largest:
                        raise ValueError(f"{name} has more than {largest} bytes")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"not a readable archive: {error}") from error
    return found


def archives(github: GitHub, workflow: str, artifact: str, own_run: int) -> Iterator[tuple[int, bytes]]:
    """Yield run number and archive of each night whose artifact still exists, newest first.

    Raises:
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    branch = quote(str(github.call("GET", "")["default_branch"]), safe="")
    listed = github.call(
        "GET",
        f"/actions/workflows/{quote(workflow, safe='')}/runs"
        f"?branch={branch}&event=schedule&status=completed&per_page={MOST_NIGHTS}",
    )
    for run in (int(one["id"]) for one in listed["workflow_runs"][:MOST_NIGHTS]):
        if run == own_run:
            continue
        kept = github.call("GET", f"/actions/runs/{run}/artifacts?name={quote(artifact, safe='')}")
        for one in kept["artifacts"][:1]:
            if one["name"] != artifact or one["expired"]:
                continue
            if one["size_in_bytes"] > LARGEST_ARCHIVE:
                print(f"run {run}: its artifact is larger than {LARGEST_ARCHIVE} bytes: skipped")
                continue
            try:
                yield run, github.download(f"/actions/artifacts/{int(one['id'])}/zip", LARGEST_ARCHIVE)
            except TooLargeError as error:
                print(f"run {run}: its artifact has {error}: skipped")


def fetch(directory: Path, environment: Mapping[str, str]) -> Path | None:
    """Write baseline and history to ``directory``; return the path of the baseline, or None if there is none.

    Raises:
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    directory.mkdir(parents=True, exist_ok=True)
    own_run = int(environment["GITHUB_RUN_ID"])
    for run, archive in archives(
        GitHub(environment), environment["WORKFLOW"], environment["ARTIFACT"], own_run
    ):
        try:
            files = unpacked(archive)
        except ValueError as error:
            print(f"run {run}: {error}")
            continue
        history = directory / "history.json"
        if not history.exists():
            history.write_bytes(files.get("history.json", b"[]"))
        if not _passed(files.get("verdict.json", b"")):
            print(f"run {run}: did not pass, so it is not a baseline")
            continue
        baseline = directory / "run.json"
        baseline.write_bytes(files.get("run.json", b""))
        try:
            read_run(baseline)
        except UsageError as error:
            print(f"run {run}: cannot be used as a baseline: {error}")
            baseline.unlink()
            continue
        print(f"run {run} is the baseline")
        return baseline
    print("no earlier night can be used as a baseline")
    return None


def _passed(verdict: bytes) -> bool:
    try:
        found = json.loads(verdict)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("verdict") == "pass"


def main() -> int:
    """Download to the directory given on the command line. If GitHub does not respond, there is no baseline."""
    if len(sys.argv) != 2:
        print("usage: last_night.py DIRECTORY", file=sys.stderr)
        return 2
    try:
        baseline = fetch(Path(sys.argv[1]), os.environ)
    except urllib.error.URLError as error:
        print(f"::warning::the run of the last night cannot be downloaded: {error}")
        baseline = None
    target = os.environ.get("GITHUB_OUTPUT")
    if target and baseline is not None:
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(f"run-args=--baseline {baseline}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
