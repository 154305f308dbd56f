"""``annotations.txt``: workflow commands that show new failures and warnings next to the code on GitHub.

A workflow step prints this file. GitHub shows at most 10 annotations of a kind per step.
Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from loadtest.judge.against_base import speed_text
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.criteria.criterion import CriterionOutcome
from loadtest.judge.failures import FailureStatus, JudgedFailure
from loadtest.judge.verdict import Verdict
from loadtest.reports import removed
from loadtest.reports.evidence import times, title
from loadtest.reports.source_lines import SourceLine, SourceLines
from loadtest.reports.text import one_line
from loadtest.results.run import Run

FILENAME = "annotations.txt"

MOST = 10
"""Annotations of one kind that GitHub shows per step."""
_LONGEST = 1_000
_WORDS = {
    FailureStatus.NEW: "new failure",
    FailureStatus.EXPIRED: "expired known failure",
    FailureStatus.INCONCLUSIVE: "inconclusive failure",
    FailureStatus.UNCONFIRMED: "unconfirmed failure",
    FailureStatus.ALSO_ON_BASE: "failure also on base",
    FailureStatus.KNOWN: "known failure",
    FailureStatus.CATEGORY: "known failure",
}


def render(run: Run, verdict: Verdict) -> str:
    """Return one workflow command a line: errors for what fails the run, failures first, then warnings and notices.

    Of more than GitHub shows, the last one says how many there are and where.
    """
    lines = [
        *_bounded("error", _errors(run, verdict)),
        *_bounded("warning", _warnings(run, verdict)),
        *_bounded("notice", _notices(run)),
    ]
    return "".join(f"{line}\n" for line in lines)


Command = Callable[[], str]
"""Renders one line; called only for lines that are shown."""


def _bounded(kind: str, commands: Sequence[Command]) -> Iterator[str]:
    left = len(commands) - MOST + 1 if len(commands) > MOST else 0
    for command in commands[: MOST - 1 if left else MOST]:
        yield command()
    if left:
        text = f"and {left} more (all checks in verdict.json, all failures in run.json)"
        yield _command(kind, "load test", text)


def _errors(run: Run, verdict: Verdict) -> Sequence[Command]:
    tainted = verdict.tainted
    if tainted is not None:
        return [partial(_command, "error", "load test inconclusive", f"{tainted.text}. {tainted.advice}")]
    commands: list[Command] = []
    few = len(verdict.removed) <= removed.FEW // 2
    if not few:
        areas = ", ".join(f"{area} {len(members)}" for area, members in removed.by_area(verdict).items())
        text = f"By area: {areas}. All by name in summary.md, report.html and junit.xml."
        commands.append(partial(_command, "error", removed.headline(verdict), text))
    places = SourceLines(run)
    commands += [partial(_failure, one, places) for one in (verdict.failing if few else verdict.failed)]
    commands += [
        partial(_command, "error", "slower than the base", speed_text(one), places.handler(one.name))
        for one in (verdict.against.assessment.slower if verdict.against else ())
    ]
    commands += [
        partial(_command, "error", one.check.value, f"{one.text}. {one.advice}", _place(one, places))
        for one in verdict.checks
        if one.severity in (Severity.INCONCLUSIVE, Severity.FAILURE)
    ]
    commands += [
        partial(_command, "error", f"criterion {one.criterion.text}", one.text)
        for one in verdict.criteria
        if one.outcome is not CriterionOutcome.MET
    ]
    return commands


def _failure(judged: JudgedFailure, places: SourceLines) -> str:
    failure = judged.failure
    text = f"{title(judged)} ({times(failure.count)}, fingerprint {failure.fingerprint})"
    if judged.reason and judged.known_as is None:
        text += f"; {judged.reason}"
    place = places.handler(failure.operation)
    if place is not None and failure.scenario:
        text += f"; called by {failure.scenario}"
    place = place or places.of(failure.operation, failure.scenario)
    return _command("error", f"{_WORDS[judged.status]}: {failure.operation}", text, place)


def _place(result: CheckResult, places: SourceLines) -> SourceLine | None:
    """Return the first handler of an operation without a scenario; None for other checks."""
    if result.check is not Check.SCENARIOS:
        return None
    found = (places.handler(item.partition(": ")[0]) for item in result.items)
    return next((place for place in found if place is not None), None)


def _warnings(run: Run, verdict: Verdict) -> Sequence[Command]:
    places = SourceLines(run)
    return [
        partial(_command, "warning", one.check.value, f"{one.text}. {one.advice}", _place(one, places))
        for one in verdict.checks
        if one.severity is Severity.WARNING
    ]


def _notices(run: Run) -> Sequence[Command]:
    gateway = run.gateway
    if gateway is None:
        return []
    changed = f"settings of the gateway were changed: {gateway.changes}"
    return [
        partial(_command, "notice", "gateway", note)
        for note in (*((changed,) if gateway.changed else ()), *gateway.notes)
    ]


def _command(kind: str, title: str, message: str, place: SourceLine | None = None) -> str:
    properties = {"title": one_line(title, 200)}
    if place is not None:
        properties = {"file": one_line(place.file), "line": str(place.line), **properties}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(one_line(message, _LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
