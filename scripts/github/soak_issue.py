"""Keeps one issue about the nightly soak: ``python3 scripts/github/soak_issue.py REPORTS_DIR``.

It is opened when a member of the soak does not pass, kept up to date in its place, commented on only when what
fails changes, and closed with a comment when every member passes again. It is found again by a hidden line and its
author. That line also holds what failed: for each member the fingerprints of its new failures and the checks that
it missed.

Only the job that calls this has the right to write issues. The reports come from other jobs and are read as data
by :mod:`verdicts`; of the issue itself, which others can edit, only words of that form are believed. Needs nothing
but Python.

Environment: MATRIX is the soak's matrix, so that a member that left no report is known; GITHUB_TOKEN,
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
    "The last nightly soak did not pass. This text is renewed every night; a comment is added when what fails changes, "
    "and the issue is closed when every member passes again."
)
LARGEST = 60_000
"""Characters of a text; GitHub takes 65,536."""
MOST_CAUSES = 40
"""Of one member that the hidden line holds one by one; the others are one digest."""
MOST_MEMBERS = 50
_CAUSES = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,59})=([a-z0-9,-]{1,3000})")

Causes = dict[str, tuple[str, ...]]
"""Why each member that does not pass does not, by its name."""


@dataclass(frozen=True)
class Night:
    """What the members of one run of the workflow came to."""

    members: tuple[str, ...]
    reports: tuple[Report, ...]

    @property
    def silent(self) -> tuple[str, ...]:
        """Members that left no report."""
        spoke = {report.name for report in self.reports}
        return tuple(name for name in self.members if name not in spoke)

    @property
    def causes(self) -> Causes:
        """Why each member that does not pass does not."""
        failing = {one.name: causes_of(one) for one in self.reports if one.verdict != "pass"}
        return failing | dict.fromkeys(self.silent, ("no-report",))


def causes_of(report: Report) -> tuple[str, ...]:
    """Return what keeps ``report`` from passing, in a few words without spaces; the verdict if nothing is named."""
    causes = report.causes or (report.verdict,)
    if len(causes) <= MOST_CAUSES:
        return causes
    rest = hashlib.sha256(" ".join(causes[MOST_CAUSES:]).encode()).hexdigest()[:12]
    return (*causes[:MOST_CAUSES], f"more-{rest}")


def read_night(directory: Path, matrix: str) -> Night:
    """Return what the members of ``matrix`` left in ``directory``: a folder each, or the directory of the only one."""
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
    """Return the hidden line that identifies the issue and what failed."""
    words = (f"{name}={','.join(why)}" for name, why in sorted(causes.items()))
    return " ".join((OPENING, *words, "-->"))


def remembered(body: str) -> Causes:
    """Return the causes that the first line of ``body`` holds."""
    words = (_CAUSES.fullmatch(word) for word in body.partition("\n")[0].split())
    return {word[1]: tuple(word[2].split(",")) for word in words if word}


def issue_text(night: Night, causes: Causes, run_url: str) -> str:
    """Return the issue, never longer than :data:`LARGEST`."""
    lines = [
        marker(causes),
        INTRODUCTION,
        "",
        *heading(),
        *(row(report) for report in night.reports),
        *(f"| :x: no report | <code>{text(name, 60)}</code> | | | | |" for name in night.silent),
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
        yield from ("", f"<code>{text(report.name, 60)}</code> misses {', '.join(checks)}.")
    yield from listed(report)


def change_text(before: Causes, now: Causes, run_url: str) -> str:
    """Return the comment on what fails now and did not, and the other way round."""
    lines = ["What fails has changed.", ""]
    for name in sorted(before.keys() | now.keys()):
        old, new = set(before.get(name, ())), set(now.get(name, ()))
        if not new:
            lines.append(f"- {name} passes again")
        elif old != new:
            parts = [("new", sorted(new - old)), ("gone", sorted(old - new))]
            lines.append(f"- {name}: " + "; ".join(f"{word}: {_some(of)}" for word, of in parts if of))
    return "\n".join([*lines, "", f"[The run with its reports]({run_url})."]) + "\n"


def _some(causes: Sequence[str]) -> str:
    shown = ", ".join(f"`{cause}`" for cause in causes[:10])
    return (
        shown
        if len(causes) <= 10
        else f"{shown} and {len(causes) - 10} more (all in verdict.json of the reports)"
    )


def our_issue(github: GitHub) -> tuple[int, str] | None:
    """Return number and text of our open issue, if there is one.

    Raises:
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    for one in github.pages(f"/issues?state=open&creator={quote(BOT, safe='')}"):
        body = one.get("body") or ""
        if author(one) == BOT and body.startswith(OPENING) and "pull_request" not in one:
            return int(one["number"]), body
    return None


def tell(directory: Path, environment: Mapping[str, str]) -> str:
    """Open, renew or close the issue; return one line on what was done.

    Raises:
        urllib.error.URLError: GitHub does not respond, or returns an error.
    """
    github = GitHub(environment)
    if github.call("GET", "")["fork"]:
        return "a fork: no issue is opened for its soak"
    server, repository = environment["GITHUB_SERVER_URL"], environment["GITHUB_REPOSITORY"]
    run_url = f"{server}/{repository}/actions/runs/{int(environment['GITHUB_RUN_ID'])}"
    night = read_night(directory, environment["MATRIX"])
    ours = our_issue(github)
    before = remembered(ours[1]) if ours else {}
    # Every member runs each night; one that was left out of a manual run keeps its state.
    whole = environment["GITHUB_EVENT_NAME"] == "schedule"
    absent = {} if whole else {name: why for name, why in before.items() if name not in night.members}
    causes = absent | night.causes
    if ours is None:
        if not causes:
            return "every member passed, and no issue is open"
        made = github.call("POST", "/issues", {"title": TITLE, "body": issue_text(night, causes, run_url)})
        return f"opened issue {int(made['number'])}"
    number = ours[0]
    if not causes:
        body = f"Every member passed: [the run with its reports]({run_url})."
        github.call("POST", f"/issues/{number}/comments", {"body": body})
        github.call("PATCH", f"/issues/{number}", {"state": "closed", "state_reason": "completed"})
        return f"closed issue {number}"
    github.call("PATCH", f"/issues/{number}", {"body": issue_text(night, causes, run_url)})
    if causes == before:
        return f"renewed issue {number}: the same failures"
    github.call("POST", f"/issues/{number}/comments", {"body": change_text(before, causes, run_url)})
    return f"renewed issue {number} and commented: what fails has changed"


if __name__ == "__main__":
    sys.exit(run_on_reports(tell))
