"""Failures section of the page: each failure with its category and evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import escape

from loadtest.core.units import clock
from loadtest.judge.failures import JudgedFailure
from loadtest.judge.verdict import Verdict
from loadtest.reports.evidence import MOST_LOG_LINES, title
from loadtest.reports.page.operations import anchor_of
from loadtest.reports.source_lines import SourceLines
from loadtest.reports.text import block, one_line
from loadtest.results.failures import Example
from loadtest.results.run import Run

MOST = 200
"""Maximum number of failures in each list."""
MOST_EVIDENCE = 500_000
"""Maximum size of evidence per list in bytes; further failures are shown without evidence."""
_LONGEST = 4_000


@dataclass(frozen=True)
class LogLine:
    """A line of the gateway's log."""

    text: str
    bad: bool


@dataclass(frozen=True)
class Evidence:
    """Evidence of a failed call."""

    at: str
    correlation_id: str
    curl: str
    status: str
    actual: str
    answer: str
    log: tuple[LogLine, ...]

    @property
    def size(self) -> int:
        """Size on the page in bytes, after escaping."""
        texts = (self.curl, self.actual, self.answer, *(line.text for line in self.log))
        return sum(len(escape(text).encode()) for text in texts)


@dataclass(frozen=True)
class FailureView:
    """A failure as shown on the page."""

    judged: JudgedFailure
    fingerprint: str
    operation: str
    title: str
    share: str
    """Share of the requests of its operation; empty if unknown."""
    seen: str
    """Times of the first and the last occurrence."""
    place: str
    """Scenario, file and line of the call."""
    operation_anchor: str
    """Fragment of the address of the row of its operation; empty if it was not called."""
    evidence: tuple[Evidence, ...]
    withheld: bool
    """Whether the evidence is omitted because of its size."""


@dataclass(frozen=True)
class FailureList:
    """Failures in display order."""

    shown: tuple[FailureView, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Number of failures that are not on the page."""
        return self.total - len(self.shown)


def anchors_of(*lists: FailureList) -> dict[str, list[tuple[str, str]]]:
    """Return anchor and title of the failures in ``lists``, by operation."""
    found: dict[str, list[tuple[str, str]]] = {}
    for view in (view for one in lists for view in one.shown):
        found.setdefault(view.judged.failure.operation, []).append(
            (f"f-{view.fingerprint}", one_line(view.title, 60))
        )
    return found


def new_failures(run: Run, verdict: Verdict) -> FailureList:
    """Return the failures that fail the run, or would fail it if it were complete."""
    return _listed(run, verdict.failed, True)


def known_failures(run: Run, verdict: Verdict) -> FailureList:
    """Return the failures excused by a known-failure entry or a category."""
    return _listed(run, verdict.excused, False)


def undecided_failures(run: Run, verdict: Verdict) -> FailureList:
    """Return the failures that may be due to a pause of the load generator."""
    return _listed(run, verdict.undecided, True)


def _listed(run: Run, judged: Sequence[JudgedFailure], all_examples: bool) -> FailureList:
    requests = {operation.name: operation.requests for operation in run.operations}
    places = SourceLines(run)
    room = MOST_EVIDENCE
    views = []
    for one in judged[:MOST]:
        failure = one.failure
        examples = failure.examples[: 3 if all_examples else 1]
        evidence = tuple(_evidence(example) for example in examples)
        size = sum(example.size for example in evidence)
        fits = size <= room
        room -= size if fits else 0
        views.append(
            FailureView(
                judged=one,
                fingerprint=one_line(failure.fingerprint, 40),
                operation=one_line(failure.operation),
                title=title(one),
                share=_share(failure.count, requests.get(failure.operation, 0)),
                seen=_seen(failure.first, failure.last),
                place=_place(places, one),
                operation_anchor=anchor_of(failure.operation) if requests.get(failure.operation) else "",
                evidence=evidence if fits else (),
                withheld=not fits,
            )
        )
    return FailureList(tuple(views), len(judged))


def _share(count: int, requests: int) -> str:
    return f"{100 * count / requests:.3g} %" if requests else ""


def _seen(first: float | None, last: float | None) -> str:
    if first is None or last is None:
        return ""
    return f"at {clock(first)}" if clock(first) == clock(last) else f"{clock(first)} to {clock(last)}"


def _place(places: SourceLines, judged: JudgedFailure) -> str:
    failure = judged.failure
    place = places.of(failure.operation, failure.scenario)
    words = (failure.scenario or "", f"{place.file}:{place.line}" if place else "")
    return " · ".join(one_line(word) for word in words if word)


def _evidence(example: Example) -> Evidence:
    return Evidence(
        at=clock(example.at),
        correlation_id=one_line(example.correlation_id or "", 80),
        curl=block(example.curl, _LONGEST),
        status="" if example.status is None else str(example.status),
        actual=one_line(example.actual, 500),
        answer=block(example.answer, _LONGEST),
        log=tuple(_log(example.log)),
    )


def _log(lines: Sequence[str]) -> Iterator[LogLine]:
    """Yield the lines, with errors and tracebacks marked."""
    inside = False
    for text in lines[:MOST_LOG_LINES]:
        if text.startswith("Traceback "):
            inside = True
        elif inside and not text.startswith(" "):
            inside = False
            yield LogLine(one_line(text, 500), True)
            continue
        yield LogLine(_kept(text), inside or " ERROR " in text or text.startswith("ERROR"))
    if len(lines) > MOST_LOG_LINES:
        yield LogLine(f"… {len(lines) - MOST_LOG_LINES} more lines (all in run.json)", False)


def _kept(text: str) -> str:
    """Return ``text`` as one line that keeps its indentation, for readable tracebacks."""
    rest = text.lstrip(" ")
    return " " * min(len(text) - len(rest), 24) + one_line(rest, 500)
