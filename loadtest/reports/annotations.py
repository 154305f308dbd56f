"""``annotations.txt``: workflow commands that put new failures and warnings beside the code on GitHub.

A step of the workflow prints this file. GitHub shows at most 10 of a kind for a step.
Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from loadtest.judge.criteria import Outcome
from loadtest.judge.failures import Standing
from loadtest.judge.observations import Severity
from loadtest.judge.verdict import Verdict
from loadtest.reports import removed
from loadtest.reports.evidence import times, title
from loadtest.reports.places import Place, Places
from loadtest.reports.text import one_line
from loadtest.run import Run

FILENAME = "annotations.txt"

MOST = 10
"""Annotations of one kind that GitHub shows for a step."""
_LONGEST = 1_000
_WORDS = {
    Standing.NEW: "new failure",
    Standing.EXPIRED: "known failure has expired",
    Standing.KNOWN: "known failure",
    Standing.CATEGORY: "known failure",
}


def render(run: Run, verdict: Verdict) -> str:
    """Return one workflow command a line: errors for what fails the run, warnings for what else is wrong."""
    lines = [*islice(_errors(run, verdict), MOST), *islice(_warnings(verdict), MOST)]
    return "".join(f"{line}\n" for line in lines)


def _errors(run: Run, verdict: Verdict) -> Iterator[str]:
    tainted = verdict.tainted
    if tainted is not None:
        yield _command("error", "load test inconclusive", f"{tainted.text}. {tainted.advice}")
        return
    for observation in verdict.observations:
        if observation.severity in (Severity.INCONCLUSIVE, Severity.FAILURE):
            yield _command("error", observation.check.value, f"{observation.text}. {observation.advice}")
    for result in verdict.criteria:
        if result.outcome is not Outcome.MET:
            yield _command("error", f"criterion {result.criterion.text}", result.text)
    places = Places(run)
    few = len(verdict.removed) <= removed.FEW // 2
    if not few:
        areas = ", ".join(f"{area} {len(members)}" for area, members in removed.by_area(verdict).items())
        text = f"By area: {areas}. Each stands by its name in summary.md, report.html and verdict.json."
        yield _command("error", removed.headline(verdict), text)
    for judged in verdict.failing if few else verdict.failed:
        failure = judged.failure
        word = _WORDS[judged.standing]
        text = f"{title(judged)} ({times(failure.count)}, fingerprint {failure.fingerprint})"
        if judged.reason and judged.known_as is None:
            text += f"; {judged.reason}"
        place = places.of(failure.operation, failure.scenario)
        yield _command("error", f"{word}: {failure.operation}", text, place)


def _warnings(verdict: Verdict) -> Iterator[str]:
    for observation in verdict.observations:
        if observation.severity is Severity.WARNING:
            yield _command("warning", observation.check.value, f"{observation.text}. {observation.advice}")


def _command(kind: str, title: str, message: str, place: Place | None = None) -> str:
    properties = {"title": one_line(title, 200)}
    if place is not None:
        properties = {"file": one_line(place.file), "line": str(place.line), **properties}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(one_line(message, _LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
