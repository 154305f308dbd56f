"""Opens a pull request that makes a release of the gateway known: ``python3 scripts/propose_gateway.py DIRECTORY``.

DIRECTORY holds what another job made: ``VERSION.toml``, ``VERSION.lock``, ``VERSION.contract.json``,
``gateway-faults.md``, ``summary.md`` and perhaps the ``verdict.json`` of a first run. That job installed and ran a
package that nobody here has read, so the files are data that may say anything: a lock must be pins and hashes, a data
file TOML of this version, a contract JSON, text is cut and loses what GitHub would act on. What they propose is then
read by a person, which is what a pull request is for.

The commit is made through the API, on the newest commit of the default branch; nothing is checked out or pushed.
The branch ``gateway-VERSION`` is renewed as long as nobody else has written to it, and nothing is proposed again that
somebody closed. Needs nothing but Python.

Environment: VERSION; GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_RUN_ID as GitHub
sets them.
"""

import json
import os
import re
import sys
import tomllib
import urllib.error
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artifacts import read_bytes
from github_api import BOT, GitHub
from verdicts import heading, listed, read_report, row

FOLDER = "loadtest/gateway/versions"
LARGEST_FILE = 2_000_000
LARGEST_TEXT = 50_000
"""Characters of a description; GitHub takes 65,536."""
VERSION = re.compile(r"\d{1,4}(\.\d{1,8}){1,4}((a|b|rc|\.post|\.dev)\d{1,10}){0,3}")
_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?==[A-Za-z0-9.+!_-]+( ; [^@:\\]+)? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
_ACTED_ON = re.compile(r"[<@]|\]\(|://|#(?=\d)")

JOINER = "\u2060"
"""Not seen, and between two characters enough that they mean nothing together."""
INTRODUCTION = (
    "is on the package index. This adds its lock and a draft of its data file; read the draft, and see *Add a gateway "
    "version* in CONTRIBUTING.md for what is left to do."
)
CUT = "\n\n… The rest is in `summary.md` in the artifact `proposal` of the run.\n"
"""Below a description that was cut."""
CHECKS = (
    "GitHub starts no workflow by itself for a pull request that a workflow opened: choose *Approve and run "
    "workflows* where it is offered, or close this pull request and open it again."
)


class RefusedError(Exception):
    """A file is not what it must be."""


def read_file(path: Path) -> str:
    """Return the text of ``path``.

    Raises:
        RefusedError: there is none, it is too large or no text.
    """
    data = read_bytes(path, LARGEST_FILE)
    if data is None:
        raise RefusedError(f"{path.name}: no file of at most {LARGEST_FILE} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path.name}: no UTF-8 text") from error


def proposed(directory: Path, version: str) -> dict[str, str]:
    """Return the files of the pull request, path in the repository to text.

    Raises:
        RefusedError: a file is not what it must be.
    """
    if not VERSION.fullmatch(version):
        raise RefusedError("VERSION: is no version")
    lock = read_file(directory / f"{version}.lock")
    for number, line in enumerate(lock.splitlines(), 1):
        if not _PIN.fullmatch(line) and not _HASH.fullmatch(line):
            raise RefusedError(f"{version}.lock: line {number} is neither a pin nor a hash")
    data = read_file(directory / f"{version}.toml")
    try:
        stated = tomllib.loads(data).get("version")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RefusedError(f"{version}.toml: is not TOML") from error
    if stated != version:
        raise RefusedError(f"{version}.toml: is about another version")
    contract = read_file(directory / f"{version}.contract.json")
    try:
        document = json.loads(contract)
    except (json.JSONDecodeError, RecursionError) as error:
        raise RefusedError(f"{version}.contract.json: is not JSON") from error
    if not isinstance(document, dict) or not document.get("paths"):
        raise RefusedError(f"{version}.contract.json: is no contract")
    return {
        f"{FOLDER}/{version}.lock": lock,
        f"{FOLDER}/{version}.contract.json": contract,
        f"{FOLDER}/{version}.toml": data,
        "docs/gateway-faults.md": read_file(directory / "gateway-faults.md"),
    }


def calm(markdown: str) -> str:
    """Return ``markdown`` without what GitHub would act on: mentions, references, links, HTML."""
    cut = markdown if len(markdown) <= LARGEST_TEXT else markdown[:LARGEST_TEXT].rsplit("\n", 1)[0] + CUT
    return _ACTED_ON.sub(lambda found: f"{found[0][0]}{JOINER}{found[0][1:]}", cut)


def description(directory: Path, version: str, run_url: str) -> str:
    """Return the text of the pull request."""
    lines = [f"Gateway {version} {INTRODUCTION}", "", CHECKS, ""]
    report = read_report(directory, version)
    if report is None:
        lines.append(f"It has not been driven to a verdict: [the run]({run_url}).")
    else:
        lines += [f"A first [run]({run_url}):", "", *heading(), row(report), *listed(report)]
    return "\n".join(lines) + "\n\n" + calm(read_file(directory / "summary.md"))


def commit(github: GitHub, base: str, branch: str, message: str, files: Mapping[str, str]) -> str:
    """Put ``files`` on top of the branch ``base`` as the one commit of ``branch``; return what was done.

    Raises:
        RefusedError: somebody else has written to the branch.
        urllib.error.URLError: GitHub does not answer, or says no.
    """
    parent = github.call("GET", f"/git/ref/heads/{base}")["object"]["sha"]
    there = github.found(f"/git/ref/heads/{branch}")
    if there is not None:
        head = github.call("GET", f"/commits/{there['object']['sha']}")
        if (head.get("author") or {}).get("login") != BOT:
            raise RefusedError(f"{branch}: somebody else works on it; left alone")
    tree = [{"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in files.items()]
    root = github.call("GET", f"/git/commits/{parent}")["tree"]["sha"]
    made = github.call("POST", "/git/trees", {"base_tree": root, "tree": tree})["sha"]
    body: dict[str, Any] = {"message": message, "tree": made, "parents": [parent]}
    sha = github.call("POST", "/git/commits", body)["sha"]
    if there is None:
        github.call("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
        return "made"
    github.call("PATCH", f"/git/refs/heads/{branch}", {"sha": sha, "force": True})
    return "renewed"


def propose(directory: Path, environment: Mapping[str, str]) -> str:
    """Open or renew the pull request; return one line on what was done.

    Raises:
        RefusedError: a file is not what it must be, or somebody else works on the branch.
        urllib.error.URLError: GitHub does not answer, or says no.
    """
    version = environment["VERSION"]
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    run_url = f"{server}/{repository}/actions/runs/{int(environment['GITHUB_RUN_ID'])}"
    files = proposed(directory, version)
    title = f"Know gateway {version}"
    body = description(directory, version, run_url)
    github = GitHub(environment)
    base, branch = str(github.call("GET", "")["default_branch"]), f"gateway-{version}"
    owner = repository.partition("/")[0]
    pulls = github.call("GET", f"/pulls?state=all&head={owner}:{branch}")
    for one in pulls:
        if one["state"] == "closed":
            return f"pull request {int(one['number'])} was closed: reopen it to have it renewed"
    done = commit(github, base, branch, f"{title}\n\n{run_url}\n", files)
    for one in pulls:
        github.call("PATCH", f"/pulls/{int(one['number'])}", {"body": body})
        return f"{done} branch {branch}, renewed pull request {int(one['number'])}"
    made = github.call("POST", "/pulls", {"title": title, "head": branch, "base": base, "body": body})
    return f"{done} branch {branch}, opened pull request {int(made['number'])}"


def main() -> int:
    """Propose what stands in the directory that the command line names."""
    if len(sys.argv) != 2:
        print("usage: propose_gateway.py DIRECTORY", file=sys.stderr)
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
            "May workflows open pull requests? See Settings, Actions, Workflow permissions.", file=sys.stderr
        )
        return 1
    except urllib.error.URLError as error:
        print(f"GitHub: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
