"""Maintain one issue about the nightly soak: ``python3 scripts/github/soak_issue.py REPORTS_DIR``.

The issue is opened when a member of the soak does not pass, updated every night, commented on only when the failures
change, and closed with a comment when every member passes again. It is identified by a hidden line and its author. That
line also contains the failures: for each member the fingerprints of its new failures and the checks that it failed.

Only the job that runs this script has the permission to write issues. The reports come from other jobs and are
untrusted data (:mod:`verdicts`); so is the issue, which others can edit: only words of a fixed form are read from it.
Uses the standard library only.

Environment: MATRIX is the matrix of the soak, which shows the members without a report; GITHUB_TOKEN,
GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL, GITHUB_EVENT_NAME and GITHUB_RUN_ID as GitHub sets them.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from github_api import BOT, GitHub, author, run_on_reports
from verdicts import NAME, Report, heading, listed, read_report, row, text

TITLE = "The nightly soak does not pass"
OPENING = "<!-- contextforge-loadtest soak"
INTRODUCTION = (
    "The last nightly soak did not pass. This text is updated every night; a comment is added when the failures "
    "change, and the issue is closed when every member passes again."
)
LARGEST = 60_000
"""Characters of a text; GitHub accepts 65,536."""
MOST_CAUSES = 40
"""Causes of one member listed in the hidden line; the others are combined in one digest."""
MOST_MEMBERS = 50
_CAUSES = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,59})=([a-z0-9,-]{1,3000})")

Causes = dict[str, tuple[str, ...]]
"""The causes of each member that does not pass, by name."""


@dataclass(frozen=True)
class Night:
    """The results of the members of one workflow run."""

    members: tuple[str, ...]
    reports: tuple[Report, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Members without a report."""
        reported = {report.name for report in self.reports}
        return tuple(name for name in self.members if name not in reported)

    @property
    def causes(self) -> Causes:
        """The causes of each member that does not pass."""
        failing = {one.name: causes_of(one) for one in self.reports if one.verdict != "pass"}
        return failing | dict.fromkeys(self.missing, ("no-report",))


def causes_of(report: Report) -> tuple[str, ...]:
    """Return why ``report`` does not pass, as words without spaces; the verdict if it names no cause."""
    causes = report.causes or (report.verdict,)
    if len(causes) <= MOST_CAUSES:
        return causes
    rest = hashlib.sha256(" ".join(causes[MOST_CAUSES:]).encode()).hexdigest()[:12]
    return (*causes[:MOST_CAUSES], f"more-{rest}")


def read_night(directory: Path, matrix: str) -> Night:
    """Read the report of each member of ``matrix`` from its folder; a single member may be in ``directory`` itself."""
    found = (str(one["name"]) for one in json.loads(matrix)["include"])
    members = tuple(name for name in found if NAME.fullmatch(name))[:MOST_MEMBERS]
    reports = []
    for name in members:
        folder = directory / f"soak-{name}"
        alone = len(members) == 1 and not folder.is_dir()
        report = read_report(directory if alone else folder, name)
        if report is not None:
            reports.append(report)
    return Night(members, tuple(reports))


def marker(causes: Causes) -> str:
    """Return the hidden line that identifies the issue and contains the causes."""
    words = (f"{name}={','.join(why)}" for name, why in sorted(causes.items()))
    return " ".join((OPENING, *words, "-->"))


def remembered(body: str) -> Causes:
    """Return the causes in the first line of ``body``."""
    words = (_CAUSES.fullmatch(word) for word in body.partition("\n")[0].split())
    return {word[1]: tuple(word[2].split(",")) for word in words if word}


def issue_text(night: Night, causes: Causes, run_url: str) -> str:
    """Return the text of the issue, never longer than :data:`LARGEST`."""
    lines = [
        marker(causes),
        INTRODUCTION,
        "",
        *heading(),
        *(row(report) for report in night.reports),
        *(f"| :x: no report | <code>{text(name, 60)}</code> | | | | |" for name in night.missing),
    ]
    lines += [
        f"| :hourglass: not run this time | <code>{text(name, 60)}</code> | | | | |"
        for name in sorted(causes.keys() - set(night.members))
    ]
    last = ["", f"[The run with its reports]({run_url})."]
    details = [line for report in night.reports if report.verdict != "pass" for line in _details(report)]
    room = LARGEST - sum(len(line) + 1 for line in (*lines, *last)) - 100
    for line in details:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*lines, "", "More is in the reports.", *last]) + "\n"
        lines.append(line)
    return "\n".join([*lines, *last]) + "\n"


def _details(report: Report) -> Iterator[str]:
    checks = [cause for cause in report.causes if not re.fullmatch(r"[0-9a-f]{12}", cause)]
    if checks:
        yield from ("", f"<code>{text(report.name, 60)}</code> fails {', '.join(checks)}.")
    yield from listed(report)


def change_text(before: Causes, now: Causes, run_url: str) -> str:
    """Return the comment about new and resolved causes."""
    lines = ["The failures have changed.", ""]
    for name in sorted(before.keys() | now.keys()):
        old, new = set(before.get(name, ())), set(now.get(name, ()))
        if not new:
            lines.append(f"- {name} passes again")
        elif old != new:
            parts = [("new", sorted(new - old)), ("resolved", sorted(old - new))]
            lines.append(f"- {name}: " + "; ".join(f"{word}: {_some(of)}" for word, of in parts if of))
    return "\n".join([*lines, "", f"[The run with its reports]({run_url})."]) + "\n"


def _some(causes: Sequence[str]) -> str:
    shown = ", ".join(f"`{cause}`" for cause in causes[:10])
    return (
        shown
        if len(causes) <= 10
        else f"{shown} and {len(causes) - 10} more (all in verdict.json of the reports)"
    )


def open_issue(github: GitHub) -> tuple[int, str] | None:
    """Return number and text of the open issue, if there is one.

    Raises:
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    for one in github.pages(f"/issues?state=open&creator={quote(BOT, safe='')}"):
        body = one.get("body") or ""
        if author(one) == BOT and body.startswith(OPENING) and "pull_request" not in one:
            return int(one["number"]), body
    return None


def update_issue(directory: Path, environment: Mapping[str, str]) -> str:
    """Open, update or close the issue; return a one-line summary.

    Raises:
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    github = GitHub(environment)
    if github.call("GET", "")["fork"]:
        return "a fork: no issue is opened for its soak"
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    run_url = f"{server}/{repository}/actions/runs/{int(environment['GITHUB_RUN_ID'])}"
    night = read_night(directory, environment["MATRIX"])
    issue = open_issue(github)
    before = remembered(issue[1]) if issue else {}
    # Every member runs each night; a member that is not part of a manual run keeps its state.
    whole = environment["GITHUB_EVENT_NAME"] == "schedule"
    absent = {} if whole else {name: why for name, why in before.items() if name not in night.members}
    causes = absent | night.causes
    if issue is None:
        if not causes:
            return "every member passed, and no issue is open"
        made = github.call("POST", "/issues", {"title": TITLE, "body": issue_text(night, causes, run_url)})
        return f"opened issue {int(made['number'])}"
    number = issue[0]
    if not causes:
        body = f"Every member passed: [the run with its reports]({run_url})."
        github.call("POST", f"/issues/{number}/comments", {"body": body})
        github.call("PATCH", f"/issues/{number}", {"state": "closed", "state_reason": "completed"})
        return f"closed issue {number}"
    github.call("PATCH", f"/issues/{number}", {"body": issue_text(night, causes, run_url)})
    if causes == before:
        return f"updated issue {number}: the same failures"
    github.call("POST", f"/issues/{number}/comments", {"body": change_text(before, causes, run_url)})
    return f"updated issue {number} and commented: the failures have changed"


if __name__ == "__main__":
    sys.exit(run_on_reports(update_issue))
