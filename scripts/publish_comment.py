"""Tells a pull request what the load test said of it: one comment, kept up to date.

The second half of the work for pull requests from forks: their own run has no right to comment, so a workflow on
the default branch does, and calls ``python3 scripts/publish_comment.py REPORTS_DIR``. Whatever stands in
REPORTS_DIR came out of the pull request's run and may say anything. So only ``verdict.json`` is read, up to a
size; words are compared with a list, numbers must be numbers, text is escaped and cut, and the page is written
here. Which pull request it is comes from GitHub. Needs nothing but Python.

Environment: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_EVENT_PATH as GitHub
sets them; LOADTEST_COMMENT is ``always``, or ``failures`` to begin a comment only when a run did not pass.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

MARKER = "<!-- contextforge-loadtest -->"
"""The first line of our comment, by which it is found again."""
AUTHOR = "github-actions[bot]"
LARGEST_FILE = 5_000_000
"""Bytes of a verdict; ours are far smaller."""
LARGEST_COMMENT = 60_000
"""Characters; GitHub takes 65,536."""
MOST_REPORTS = 10
MOST_FAILURES = 10
MOST_PAGES = 20

SIGNS = {
    "pass": ":white_check_mark:",
    "fail": ":x:",
    "inconclusive": ":grey_question:",
    "interrupted": ":no_entry_sign:",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_WORD = re.compile(r"[a-z][a-z-]{0,29}")
_PLAIN = re.compile(r"[A-Za-z0-9 ,-]")


@dataclass(frozen=True)
class Failure:
    """A new failure; its text is still foreign."""

    operation: str
    problem: str
    status: int | None
    message: str
    count: int


@dataclass(frozen=True)
class Report:
    """What is believed of one verdict."""

    name: str
    verdict: str
    new: int
    known: int
    succeeded: int
    total: int | None
    p95: float | None
    failures: tuple[Failure, ...]


def number(value: Any, most: int = 10**9) -> int:
    """Return ``value`` if it is a whole number from 0 to ``most``, else 0."""
    return value if type(value) is int and 0 <= value <= most else 0


def milliseconds(value: Any) -> float | None:
    """Return ``value`` if it is a duration of up to an hour."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 3_600_000 else None


def text(value: Any, longest: int) -> str:
    """Return ``value`` for the inside of ``<code>`` in a Markdown table: every sign is an entity, so none is markup."""
    if not isinstance(value, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: longest * 4]).split())
    cut = line if len(line) <= longest else line[: longest - 1] + "…"
    return "".join(c if _PLAIN.fullmatch(c) else f"&#{ord(c)};" for c in cut)


def read_report(directory: Path) -> Report | None:
    """Return the verdict in ``directory``, or None if there is none that can be read."""
    path = directory / "verdict.json"
    if not _NAME.fullmatch(directory.name) or path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > LARGEST_FILE:
        return None
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("verdict") not in SIGNS:
        return None
    counts = found.get("counts")
    counts = counts if isinstance(counts, dict) else {}
    latency = found.get("latency_ms")
    listed = found.get("new_failures")
    return Report(
        name=directory.name,
        verdict=found["verdict"],
        new=number(counts.get("new")) + number(counts.get("expired")),
        known=number(counts.get("known")) + number(counts.get("category")),
        succeeded=number(found.get("operations_succeeded")),
        total=number(found["operations_total"]) if type(found.get("operations_total")) is int else None,
        p95=milliseconds(latency.get("p95") if isinstance(latency, dict) else None),
        failures=tuple(_failures(listed if isinstance(listed, list) else [])),
    )


def _failures(listed: list[Any]) -> Iterator[Failure]:
    for one in listed[:MOST_FAILURES]:
        if isinstance(one, dict):
            problem = one.get("problem")
            yield Failure(
                operation=text(one.get("operation"), 120),
                problem=problem if isinstance(problem, str) and _WORD.fullmatch(problem) else "other",
                status=number(one.get("status"), 999) or None,
                message=text(one.get("message"), 200),
                count=number(one.get("count")),
            )


def read_reports(directory: Path) -> tuple[Report, ...]:
    """Return the verdicts in the folders of ``directory``, in the order of their names."""
    folders = sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []
    found = (read_report(folder) for folder in folders[:MOST_REPORTS])
    return tuple(report for report in found if report is not None)


def comment(reports: tuple[Report, ...], run_url: str, commit: str) -> str:
    """Return the comment, never longer than :data:`LARGEST_COMMENT`."""
    lines = [MARKER, "### Load test", ""]
    if reports:
        lines += [
            "| | reports | new failures | known | operations succeeded | p95 |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(report) for report in reports]
    else:
        lines.append("The run left no verdict: see its log.")
    last = ["", f"For commit {commit[:12]}. [The run with its reports]({run_url})."]
    room = LARGEST_COMMENT - sum(len(line) + 1 for line in (*lines, *last)) - 100
    for report in reports:
        for line in _listed(report):
            room -= len(line) + 1
            if room < 0:
                return "\n".join([*lines, "", "More stands in the reports.", *last]) + "\n"
            lines.append(line)
    return "\n".join([*lines, *last]) + "\n"


def _row(report: Report) -> str:
    total = f"/{report.total}" if report.total is not None else ""
    p95 = f"{report.p95:.0f} ms" if report.p95 is not None else ""
    return (
        f"| {SIGNS[report.verdict]} {report.verdict} | <code>{text(report.name, 60)}</code> | {report.new} "
        f"| {report.known} | {report.succeeded}{total} | {p95} |"
    )


def _listed(report: Report) -> Iterator[str]:
    if not report.failures:
        return
    yield from ("", f"New failures in <code>{text(report.name, 60)}</code>:", "")
    for one in report.failures:
        status = f" {one.status}" if one.status else ""
        times = "once" if one.count == 1 else f"{one.count} times"
        yield f"- <code>{one.operation}</code> {one.problem}{status}, {times}: <code>{one.message}</code>"
    if report.new > len(report.failures):
        yield f"- and {report.new - len(report.failures)} more"


class GitHub:
    """The few calls of GitHub's API that are needed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._root = environment["GITHUB_API_URL"].rstrip("/") + f"/repos/{environment['GITHUB_REPOSITORY']}"
        self._token = environment["GITHUB_TOKEN"]

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to one call.

        Raises:
            urllib.error.URLError: no answer, or one that says no.
        """
        request = urllib.request.Request(  # noqa: S310 - the address is GitHub's own
            self._root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def pull_request(self, run: Mapping[str, Any]) -> int | None:
        """Return the number of the open pull request whose newest commit ``run`` tested.

        The event names none for a fork, so GitHub is asked by owner and branch, and the commit must agree: a
        run for a commit that was replaced since says nothing.
        """
        owner, branch = run["head_repository"]["owner"]["login"], run["head_branch"]
        head = quote(f"{owner}:{branch}", safe="")
        for one in self.call("GET", f"/pulls?state=open&per_page=100&head={head}"):
            if one["head"]["sha"] == run["head_sha"]:
                return int(one["number"])
        return None

    def own_comment(self, pull_request: int) -> int | None:
        """Return the id of our comment on ``pull_request``, if it is there."""
        for page in range(1, MOST_PAGES + 1):
            found = self.call("GET", f"/issues/{pull_request}/comments?per_page=100&page={page}")
            for one in found:
                if one["user"]["login"] == AUTHOR and one["body"].startswith(MARKER):
                    return int(one["id"])
            if len(found) < 100:
                break
        return None


def publish(directory: Path, environment: Mapping[str, str]) -> str:
    """Write or renew the comment; return one line on what was done.

    Raises:
        urllib.error.URLError: GitHub does not answer, or says no.
    """
    run = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())["workflow_run"]
    github = GitHub(environment)
    pull_request = github.pull_request(run)
    if pull_request is None:
        return "no open pull request has this commit as its newest: nothing to tell"
    reports = read_reports(directory)
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    body = comment(reports, f"{server}/{repository}/actions/runs/{int(run['id'])}", str(run["head_sha"]))
    there = github.own_comment(pull_request)
    if there is not None:
        github.call("PATCH", f"/issues/comments/{there}", {"body": body})
        return f"renewed the comment on pull request {pull_request}"
    passed = bool(reports) and all(report.verdict == "pass" for report in reports)
    if passed and environment.get("LOADTEST_COMMENT") == "failures":
        return f"pull request {pull_request} passed: no comment was asked for"
    github.call("POST", f"/issues/{pull_request}/comments", {"body": body})
    return f"commented on pull request {pull_request}"


def main() -> int:
    """Comment on the pull request of the run that the event tells of."""
    if len(sys.argv) != 2:
        print("usage: publish_comment.py REPORTS_DIR", file=sys.stderr)
        return 2
    try:
        print(publish(Path(sys.argv[1]), os.environ))
    except urllib.error.URLError as error:
        print(f"GitHub: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
