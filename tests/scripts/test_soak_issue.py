"""The issue is opened once, updated in place, commented on when the failures change, and closed when all pass."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_github import BOT, FakeGitHub
from soak_issue import LARGEST, MOST_CAUSES, OPENING, issue_text, marker, read_night, remembered, update_issue

A, B = "0123456789ab", "ba9876543210"
MEMBERS = ("3.0.7-sqlite", "3.0.7-postgres")


def matrix(*members: str) -> str:
    return json.dumps(
        {"include": [{"name": name, "gateway": "3.0.7", "database": "sqlite"} for name in members]}
    )


@pytest.fixture
def environment(hub: FakeGitHub) -> dict[str, str]:
    return hub.environment | {"MATRIX": matrix(*MEMBERS)}


def report(directory: Path, member: str, *fingerprints: str, **changes: Any) -> None:
    folder = directory / f"soak-{member}"
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {
        "verdict": "fail" if fingerprints else "pass",
        "counts": {"new": len(fingerprints)},
        "operations_succeeded": 383,
        "operations_total": 468,
        "new_failures": [
            {
                "fingerprint": one,
                "operation": "GET /tools",
                "problem": "status",
                "status": 500,
                "message": "boom",
            }
            for one in fingerprints
        ],
    }
    (folder / "verdict.json").write_text(json.dumps(found | changes))


def everything_passes(directory: Path) -> None:
    for member in MEMBERS:
        report(directory, member)


def test_nothing_fails_and_nothing_is_open(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path
) -> None:
    everything_passes(tmp_path)
    assert update_issue(tmp_path, environment) == "every member passed, and no issue is open"
    assert hub.written == []


def test_the_lifecycle_of_the_issue(hub: FakeGitHub, environment: dict[str, str], tmp_path: Path) -> None:
    everything_passes(tmp_path)
    report(tmp_path, "3.0.7-sqlite", A)
    assert update_issue(tmp_path, environment) == "opened issue 40"
    (issue,) = hub.issues
    assert issue["title"] == "The nightly soak does not pass"
    assert remembered(issue["body"]) == {"3.0.7-sqlite": (A,)}
    assert "https://github.example/o/r/actions/runs/100" in issue["body"]
    assert "GET &#47;tools" in issue["body"]

    assert (
        update_issue(tmp_path, environment | {"GITHUB_RUN_ID": "101"})
        == "updated issue 40: the same failures"
    )
    assert "actions/runs/101" in hub.issues[0]["body"]
    assert hub.comments == []

    report(tmp_path, "3.0.7-sqlite", B)
    report(tmp_path, "3.0.7-postgres", A)
    assert "the failures have changed" in update_issue(tmp_path, environment)
    ((number, comment),) = hub.comments
    assert number == 40
    assert f"- 3.0.7-postgres: new: `{A}`" in comment
    assert f"- 3.0.7-sqlite: new: `{B}`; resolved: `{A}`" in comment

    report(tmp_path, "3.0.7-postgres")
    update_issue(tmp_path, environment)
    assert "- 3.0.7-postgres passes again" in hub.comments[1][1]
    assert "3.0.7-sqlite:" not in hub.comments[1][1]

    report(tmp_path, "3.0.7-sqlite")
    assert update_issue(tmp_path, environment) == "closed issue 40"
    assert (hub.issues[0]["state"], hub.issues[0]["state_reason"]) == ("closed", "completed")
    assert "Every member passed" in hub.comments[2][1]
    assert update_issue(tmp_path, environment) == "every member passed, and no issue is open"

    report(tmp_path, "3.0.7-sqlite", A)
    assert update_issue(tmp_path, environment) == "opened issue 41"


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"verdict": "inconclusive"}, "inconclusive"),
        (
            {
                "verdict": "inconclusive",
                "findings": [
                    {"check": "gateway-up", "severity": "inconclusive"},
                    {"check": "entities-cleaned-up", "severity": "warning"},
                ],
            },
            "gateway-up",
        ),
        ({"verdict": "interrupted"}, "interrupted"),
        ({"verdict": "fail", "findings": [{"check": "x" * 99, "severity": "failure"}]}, "fail"),
    ],
)
def test_any_verdict_but_pass_is_listed(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path, changes: dict[str, Any], cause: str
) -> None:
    everything_passes(tmp_path)
    report(tmp_path, "3.0.7-sqlite", **changes)
    assert update_issue(tmp_path, environment) == "opened issue 40"
    assert remembered(hub.issues[0]["body"]) == {"3.0.7-sqlite": (cause,)}


def test_a_member_without_a_report_is_listed(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path
) -> None:
    report(tmp_path, "3.0.7-sqlite")
    update_issue(tmp_path, environment)
    assert remembered(hub.issues[0]["body"]) == {"3.0.7-postgres": ("no-report",)}
    assert "| :x: no report | <code>3&#46;0&#46;7-postgres</code>" in hub.issues[0]["body"]


def test_a_single_member_may_be_in_the_directory_itself(tmp_path: Path) -> None:
    report(tmp_path, "x", A)
    night = read_night(tmp_path / "soak-x", matrix("3.0.7-sqlite"))
    assert [(one.name, one.verdict) for one in night.reports] == [("3.0.7-sqlite", "fail")]
    assert read_night(tmp_path / "soak-x", matrix(*MEMBERS)).reports == ()


def test_a_partial_run_keeps_the_state_of_other_members(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path
) -> None:
    for member in MEMBERS:
        report(tmp_path, member, A)
    update_issue(tmp_path, environment)
    part = environment | {"MATRIX": matrix("3.0.7-sqlite"), "GITHUB_EVENT_NAME": "workflow_dispatch"}
    report(tmp_path, "3.0.7-sqlite")
    assert "the failures have changed" in update_issue(tmp_path, part)
    assert hub.issues[0]["state"] == "open"
    assert remembered(hub.issues[0]["body"]) == {"3.0.7-postgres": (A,)}
    assert ":hourglass: not run this time" in hub.issues[0]["body"]
    # A member that is missing in a scheduled run is no longer part of the soak.
    assert update_issue(tmp_path, environment | {"MATRIX": matrix("3.0.7-sqlite")}) == "closed issue 40"


def test_other_issues_are_not_changed(hub: FakeGitHub, environment: dict[str, str], tmp_path: Path) -> None:
    body = marker({"3.0.7-sqlite": (A,)})
    foreign = {"number": 1, "user": {"login": "user"}, "state": "open", "body": body}
    other = {"number": 2, "user": BOT, "state": "open", "body": "another workflow's"}
    empty = {"number": 3, "user": BOT, "state": "open", "body": None}
    pull = {"number": 4, "user": BOT, "state": "open", "body": body, "pull_request": {}}
    ours = {"number": 5, "user": BOT, "state": "open", "body": body}
    hub.issues = [foreign, other, empty, pull] * 30 + [ours]
    everything_passes(tmp_path)
    assert update_issue(tmp_path, environment) == "closed issue 5"
    assert hub.written == ["POST /issues/5/comments", "PATCH /issues/5"]


def test_a_fork_opens_no_issue(hub: FakeGitHub, environment: dict[str, str], tmp_path: Path) -> None:
    hub.fork = True
    assert "a fork" in update_issue(tmp_path, environment)
    assert hub.written == []


def test_it_is_bounded_and_further_causes_are_part_of_the_digest(tmp_path: Path) -> None:
    members = [f"v{number}" for number in range(40)]
    prints = [f"{number:012x}" for number in range(500)]
    for member in members:
        report(tmp_path, member, *prints)
    night = read_night(tmp_path, matrix(*members))
    text = issue_text(night, night.causes, "https://github.example")
    assert len(text) <= LARGEST
    assert remembered(text) == night.causes
    assert len(night.causes["v0"]) == MOST_CAUSES + 1
    report(tmp_path, "v0", *prints[:-1])
    assert read_night(tmp_path, matrix(*members)).causes["v0"] != night.causes["v0"]


def test_only_words_of_the_fixed_form_are_read_from_the_issue() -> None:
    assert remembered(f"{OPENING} a=<script>,b @all x={A},@b c={B} -->\nd={A}") == {"c": (B,)}
    assert marker(remembered(f"{OPENING} --> <!-- c={B} -->")) == f"{OPENING} c={B} -->"
