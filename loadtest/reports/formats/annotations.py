"""``annotations.txt``: workflow commands that show new failures and warnings next to the code on GitHub.

A workflow step prints this file. GitHub shows at most 10 annotations of a kind per step.
Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar

from loadtest.judge.against_base import speed_text
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.criteria.criterion import CriterionOutcome, CriterionResult
from loadtest.judge.failures import FailureStatus, JudgedFailure
from loadtest.judge.verdict import Verdict
from loadtest.pairs.assess import OperationSpeed
from loadtest.reports import removed
from loadtest.reports.evidence import times, title
from loadtest.reports.source_lines import SourceLine, SourceLines
from loadtest.reports.text import one_line
from loadtest.results.run import Run

FILENAME = "annotations.txt"

T = TypeVar("T")

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
        *_bounded("warning", [_warnings(run, verdict)]),
        *_bounded("notice", [_notices(run)]),
    ]
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class _Commands(Generic[T]):
    """Annotations of the same form."""

    of: Sequence[T]
    render: Callable[[T], str]
    """Returns the line of one; called only for those that are shown."""


def _bounded(kind: str, commands: Sequence[_Commands[Any]]) -> Iterator[str]:
    number = sum(len(each.of) for each in commands)
    left = number - MOST + 1 if number > MOST else 0
    lines = (each.render(one) for each in commands for one in each.of)
    yield from islice(lines, MOST - 1 if left else MOST)
    if left:
        text = f"and {left} more (all checks in verdict.json, all failures in run.json)"
        yield _command(kind, "load test", text)


def _errors(run: Run, verdict: Verdict) -> Sequence[_Commands[Any]]:
    if verdict.tainted is not None:
        return [_Commands([verdict.tainted], _inconclusive)]
    few = len(verdict.removed) <= removed.FEW // 2
    places = SourceLines(run)
    return [
        _Commands([] if few else [verdict], _removed),
        _Commands(verdict.failing if few else verdict.failed, partial(_failure, places)),
        _Commands(verdict.against.assessment.slower if verdict.against else (), partial(_slower, places)),
        _Commands(
            [one for one in verdict.checks if one.severity in (Severity.INCONCLUSIVE, Severity.FAILURE)],
            partial(_check, "error", places),
        ),
        _Commands([one for one in verdict.criteria if one.outcome is not CriterionOutcome.MET], _criterion),
    ]


def _inconclusive(tainted: CheckResult) -> str:
    return _command("error", "load test inconclusive", f"{tainted.text}. {tainted.advice}")


def _removed(verdict: Verdict) -> str:
    areas = ", ".join(f"{area} {len(members)}" for area, members in removed.by_area(verdict).items())
    text = f"By area: {areas}. All by name in summary.md, report.html and junit.xml."
    return _command("error", removed.headline(verdict), text)


def _slower(places: SourceLines, one: OperationSpeed) -> str:
    return _command("error", "slower than the base", speed_text(one), places.handler(one.name))


def _check(kind: str, places: SourceLines, one: CheckResult) -> str:
    return _command(kind, one.check.value, f"{one.text}. {one.advice}", _place(one, places))


def _criterion(result: CriterionResult) -> str:
    return _command("error", f"criterion {result.criterion.text}", result.text)


def _failure(places: SourceLines, judged: JudgedFailure) -> str:
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


def _warnings(run: Run, verdict: Verdict) -> _Commands[CheckResult]:
    warnings = [one for one in verdict.checks if one.severity is Severity.WARNING]
    return _Commands(warnings, partial(_check, "warning", SourceLines(run)))


def _notices(run: Run) -> _Commands[str]:
    gateway = run.gateway
    changed = (
        [f"settings of the gateway were changed: {gateway.changes}"] if gateway and gateway.changed else []
    )
    return _Commands([*changed, *(gateway.notes if gateway else ())], partial(_command, "notice", "gateway"))


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
