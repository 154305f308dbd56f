"""Comment on a pull request with the verdict of the load test: one comment, kept up to date.

The run of a pull request from a fork has no permission to comment, so a workflow on the default branch calls
``python3 scripts/github/publish_comment.py REPORTS_DIR``. The content of REPORTS_DIR is untrusted data and read with
:mod:`verdicts`. The pull request is determined through GitHub's API. Uses the standard library only.

Environment: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_EVENT_PATH as GitHub
sets them; LOADTEST_COMMENT is ``always``, or ``failures`` to create a comment only if a run did not pass.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from github_api import BOT, GitHub, author, run_on_reports
from verdicts import MOST_REPORTS, Report, compared, item, listed, read_reports

MARKER = "<!-- contextforge-loadtest -->"
"""The first line of the comment, which identifies it."""
LARGEST_COMMENT = 60_000
"""Characters; GitHub accepts 65,536."""
ENTRY = "--reason '…' --owner '…' --expires YYYY-MM-DD"
PAGE = re.compile(r"load-test-report[A-Za-z0-9.-]{0,80}\.html")
"""Names of artifacts that are a page."""


def comment(
    reports: tuple[Report, ...], run_url: str, commit: str, pages: tuple[tuple[str, int], ...] = ()
) -> str:
    """Return the comment, never longer than :data:`LARGEST_COMMENT`.

    ``pages`` are the report pages that the run uploaded: name and ID of the artifact.
    """
    lines = [MARKER, "### Load test", ""]
    lines += next_steps(reports, run_url, pages)
    if reports:
        lines += [line for report in reports for line in (item(report), *compared(report))]
    else:
        lines.append("The run has no verdict; see its log.")
    last = ["", f"For commit {commit[:12]}. [The run with its reports]({run_url})."]
    room = LARGEST_COMMENT - sum(len(line) + 1 for line in (*lines, *last)) - 100
    for report in reports:
        for line in listed(report):
            room -= len(line) + 1
            if room < 0:
                return "\n".join([*lines, "", "More is in the reports.", *last]) + "\n"
            lines.append(line)
    return "\n".join([*lines, *last]) + "\n"


def next_steps(
    reports: tuple[Report, ...], run_url: str, pages: tuple[tuple[str, int], ...]
) -> Iterator[str]:
    """Yield the links to the report pages, and how to reproduce and accept the first new failure."""
    links = [f"[{name}]({run_url}/artifacts/{number})" for name, number in pages]
    if links:
        yield from (f"**Open the report:** {', '.join(links)}", "")
    prints = [one.fingerprint for report in reports for one in report.failures if one.fingerprint]
    if prints:
        yield from (
            "**Next**, with `run.json` of the reports:",
            f"- reproduce: `loadtest repro {prints[0]} --run run.json`",
            f"- accept: `loadtest baseline accept {prints[0]} --run run.json {ENTRY}`",
            "",
            "**Verdicts:**",  # two lists in a row would be one
            "",
        )


def report_pages(github: GitHub, run: int) -> tuple[tuple[str, int], ...]:
    """Return name and ID of each report page among the artifacts of the workflow run ``run``."""
    found = github.call("GET", f"/actions/runs/{run}/artifacts?per_page=100")
    return tuple(
        (one["name"], int(one["id"]))
        for one in found.get("artifacts", ())[:MOST_REPORTS]
        if PAGE.fullmatch(str(one.get("name"))) and not one.get("expired")
    )


def pull_request_of(github: GitHub, run: Mapping[str, Any]) -> int | None:
    """Return the number of the open pull request whose newest commit ``run`` tested.

    For a fork the event does not contain it, so it is looked up by owner and branch. The commit must match, so that a
    run for an outdated commit is ignored; so is a run of a fork that was deleted.
    """
    fork, branch = run.get("head_repository") or {}, run.get("head_branch")
    owner = (fork.get("owner") or {}).get("login")
    if not owner or not branch:
        return None
    head = quote(f"{owner}:{branch}", safe="")
    for one in github.call("GET", f"/pulls?state=open&per_page=100&head={head}"):
        if one["head"]["sha"] == run["head_sha"]:
            return int(one["number"])
    return None


def own_comment(github: GitHub, pull_request: int) -> int | None:
    """Return the ID of the existing comment on ``pull_request``, or None."""
    for one in github.pages(f"/issues/{pull_request}/comments"):
        if author(one) == BOT and (one.get("body") or "").startswith(MARKER):
            return int(one["id"])
    return None


def publish(directory: Path, environment: Mapping[str, str]) -> str:
    """Create or update the comment; return a one-line summary.

    Raises:
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    run = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())["workflow_run"]
    github = GitHub(environment)
    pull_request = pull_request_of(github, run)
    if pull_request is None:
        return "no open pull request has this commit as its newest: nothing to report"
    reports = read_reports(directory)
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    number = int(run["id"])
    run_url = f"{server}/{repository}/actions/runs/{number}"
    body = comment(reports, run_url, str(run["head_sha"]), report_pages(github, number))
    there = own_comment(github, pull_request)
    if there is not None:
        github.call("PATCH", f"/issues/comments/{there}", {"body": body})
        return f"updated the comment on pull request {pull_request}"
    passed = bool(reports) and all(report.verdict == "pass" for report in reports)
    if passed and environment.get("LOADTEST_COMMENT") == "failures":
        return f"pull request {pull_request} passed: no comment was requested"
    github.call("POST", f"/issues/{pull_request}/comments", {"body": body})
    return f"commented on pull request {pull_request}"


if __name__ == "__main__":
    sys.exit(run_on_reports(publish))
