"""Open a pull request that adds support for a gateway release.

Usage: ``python3 scripts/github/propose_gateway.py DIRECTORY``.

DIRECTORY is the output of another job: ``VERSION.toml``, ``VERSION.lock``, ``VERSION.contract.json``,
``gateway-faults.md``, ``summary.md`` and, if the load test ran, ``verdict.json``. That job installed and ran a
package that has not been reviewed, so the files are untrusted data: a lock must consist of pins and hashes, the data
file must be TOML for this version, the contract JSON, and text is cut and made inert for GitHub. The pull request is
then reviewed by a person.

The commit is made through the API, on the newest commit of the default branch; nothing is checked out or pushed.
The branch ``gateway-VERSION`` is replaced unless it has commits of others, and a closed pull request is not
reopened. Uses the standard library only.

Environment: VERSION; GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_RUN_ID as GitHub
sets them.
"""

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pull_request import (
    CHECKS,
    LARGEST_TEXT,
    RefusedError,
    open_or_update,
    propose_from_directory,
    read_file,
    read_lock,
    run_url,
)
from verdicts import heading, listed, read_report, row

FOLDER = "loadtest/versions"
VERSION = re.compile(r"\d{1,4}(\.\d{1,8}){1,4}((a|b|rc|\.post|\.dev)\d{1,10}){0,3}")
_ACTED_ON = re.compile(r"[<@]|\]\(|://|#(?=\d)")

JOINER = "\u2060"
"""An invisible character that breaks up Markdown and mentions."""
INTRODUCTION = (
    "is on the package index. This adds its lock and a draft of its data file. Review the draft and complete the steps "
    "in *Add a gateway version* in CONTRIBUTING.md."
)
CUT = "\n\n… The rest is in `summary.md` in the artifact `proposal` of the run.\n"
"""The end of a description that was cut."""


def proposed(directory: Path, version: str) -> dict[str, str]:
    """Return the files of the pull request, by path in the repository.

    Raises:
        RefusedError: a file is invalid.
    """
    if not VERSION.fullmatch(version):
        raise RefusedError("VERSION: not a version")
    lock = read_lock(directory / f"{version}.lock")
    data = read_file(directory / f"{version}.toml")
    try:
        stated = tomllib.loads(data).get("version")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RefusedError(f"{version}.toml: not TOML") from error
    if stated != version:
        raise RefusedError(f"{version}.toml: for another version")
    contract = read_file(directory / f"{version}.contract.json")
    try:
        document = json.loads(contract)
    except (json.JSONDecodeError, RecursionError) as error:
        raise RefusedError(f"{version}.contract.json: not JSON") from error
    if not isinstance(document, dict) or not document.get("paths"):
        raise RefusedError(f"{version}.contract.json: not a contract")
    return {
        f"{FOLDER}/{version}.lock": lock,
        f"{FOLDER}/{version}.contract.json": contract,
        f"{FOLDER}/{version}.toml": data,
        "docs/gateway-faults.md": read_file(directory / "gateway-faults.md"),
    }


def inert(markdown: str) -> str:
    """Return ``markdown`` with inert mentions, references, links and HTML."""
    cut = markdown if len(markdown) <= LARGEST_TEXT else markdown[:LARGEST_TEXT].rsplit("\n", 1)[0] + CUT
    return _ACTED_ON.sub(lambda found: f"{found[0][0]}{JOINER}{found[0][1:]}", cut)


def description(directory: Path, version: str, url: str) -> str:
    """Return the text of the pull request."""
    lines = [f"Gateway {version} {INTRODUCTION}", "", CHECKS, ""]
    report = read_report(directory, version)
    if report is None:
        lines.append(f"The load test has no verdict, see [the run]({url}).")
    else:
        lines += [f"Result of a [run]({url}) of the load test:", "", *heading(), row(report), *listed(report)]
    return "\n".join(lines) + "\n\n" + inert(read_file(directory / "summary.md"))


def propose(directory: Path, environment: Mapping[str, str]) -> str:
    """Open or update the pull request; return a one-line summary.

    Raises:
        RefusedError: a file is invalid, or the branch has commits of others.
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    version = environment["VERSION"]
    files = proposed(directory, version)
    body = description(directory, version, run_url(environment))
    return open_or_update(environment, f"gateway-{version}", f"Add gateway {version}", body, files)


if __name__ == "__main__":
    sys.exit(propose_from_directory(propose))
