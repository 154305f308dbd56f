"""Comments on a pull request with the verdict of the load test: one comment, kept up to date.

The second half of the work for pull requests from forks: their own run has no right to comment, so a workflow on
the default branch does, and calls ``python3 scripts/github/publish_comment.py REPORTS_DIR``. Whatever stands in
REPORTS_DIR came out of the pull request's run and may say anything, so it is read by :mod:`verdicts`, and the page
is written here. Which pull request it is comes from GitHub. Needs nothing but Python.

Environment: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_EVENT_PATH as GitHub
sets them; LOADTEST_COMMENT is ``always``, or ``failures`` to begin a comment only when a run did not pass.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from github_api import BOT, GitHub, author, run_on_reports
from verdicts import Report, heading, listed, read_reports, row

MARKER = "<!-- contextforge-loadtest -->"
"""The first line of our comment, by which it is found again."""
LARGEST_COMMENT = 60_000
"""Characters; GitHub takes 65,536."""


def comment(reports: tuple[Report, ...], run_url: str, commit: str) -> str:
    """Return the comment, never longer than :data:`LARGEST_COMMENT`."""
    lines = [MARKER, "### Load test", ""]
    if reports:
        lines += [*heading(), *(row(report) for report in reports)]
    else:
        lines.append("The run left no verdict: see its log.")
    last = ["", f"For commit {commit[:12]}. [The run with its reports]({run_url})."]
    room = LARGEST_COMMENT - sum(len(line) + 1 for line in (*lines, *last)) - 100
    for report in reports:
        for line in listed(report):
            room -= len(line) + 1
            if room < 0:
                return "\n".join([*lines, "", "More is in the reports.", *last]) + "\n"
            lines.append(line)
    return "\n".join([*lines, *last]) + "\n"


def pull_request_of(github: GitHub, run: Mapping[str, Any]) -> int | None:
    """Return the number of the open pull request whose newest commit ``run`` tested.

    The event names none for a fork, so GitHub is asked by owner and branch, and the commit must agree: a
    run for a commit that was replaced since says nothing. Of a fork that was deleted since, nothing is known.
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
    """Return the id of our comment on ``pull_request``, if it is there."""
    for one in github.pages(f"/issues/{pull_request}/comments"):
        if author(one) == BOT and (one.get("body") or "").startswith(MARKER):
            return int(one["id"])
    return None


def publish(directory: Path, environment: Mapping[str, str]) -> str:
    """Write or renew the comment; return one line on what was done.

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
    body = comment(reports, f"{server}/{repository}/actions/runs/{int(run['id'])}", str(run["head_sha"]))
    there = own_comment(github, pull_request)
    if there is not None:
        github.call("PATCH", f"/issues/comments/{there}", {"body": body})
        return f"renewed the comment on pull request {pull_request}"
    passed = bool(reports) and all(report.verdict == "pass" for report in reports)
    if passed and environment.get("LOADTEST_COMMENT") == "failures":
        return f"pull request {pull_request} passed: no comment was requested"
    github.call("POST", f"/issues/{pull_request}/comments", {"body": body})
    return f"commented on pull request {pull_request}"


if __name__ == "__main__":
    sys.exit(run_on_reports(publish))
