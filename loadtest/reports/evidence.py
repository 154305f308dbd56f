"""The evidence of failures as plain text: request, response, gateway log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadtest.core.units import clock
from loadtest.judge.categories import Category
from loadtest.judge.failures import FailureStatus, JudgedFailure
from loadtest.reports.text import block, one_line
from loadtest.results.failures import Example, Failure

MOST_FAILURES = 5
"""Failures described per operation; report.html shows more of them, run.json contains all."""
MOST_LOG_LINES = 40
_FEW = {0: "not called", 1: "once"}


def times(count: int) -> str:
    """Return ``once``, ``12 times``, or ``not called`` for a failure found without a call."""
    return _FEW.get(count) or f"{count} times"


def title(judged: JudgedFailure) -> str:
    """Return ``[status 500] Internal Server Error``: problem, status and code, and the message.

    If the failure is known with another status, that comes first: ``known as 500, now 409: [status 409] Conflict``.
    """
    failure = judged.failure
    status = "" if failure.status is None else f" {failure.status}"
    code = "" if failure.code is None else f" {failure.code}"
    detail = f": {judged.detail}" if judged.detail else ""
    change = f"{judged.change}: " if judged.change else ""
    return one_line(f"{change}[{failure.problem}{status}{code}] {failure.message}{detail}", 400)


def describe(judged: Sequence[JudgedFailure]) -> str:
    """Return the status, count and evidence of each of ``judged``."""
    described = [_described(one) for one in judged[:MOST_FAILURES]]
    if len(judged) > MOST_FAILURES:
        described.append(
            f"… and {len(judged) - MOST_FAILURES} more failures of this operation (all in run.json)"
        )
    return "\n\n".join(described)


def _described(judged: JudgedFailure) -> str:
    failure, category = judged.failure, judged.category
    text = (
        f"{title(judged)} ({times(failure.count)})\n"
        f"{judged.status}, fingerprint {one_line(failure.fingerprint, 40)}{_span(failure)}"
    )
    undecided = judged.status is FailureStatus.INCONCLUSIVE
    if undecided or judged.entry is not None or judged.known_as is not None:
        text += f"\n{one_line(judged.reason)}"
    if category is not None and not undecided:
        text += "".join(f"\n{line}" for line in _category(category))
    if failure.examples:
        text += "".join(f"\n{line}" for line in _example(failure.examples[0]))
    return text


def _category(category: Category) -> Iterator[str]:
    yield one_line(
        f"category: {category.title} [{category.name}], origin: {category.fault.value.replace('-', ' ')}"
    )
    yield one_line(f"{'known failure' if category.excuses else 'new failure'}: {category.because}", 500)
    yield one_line(f"what to do: {category.advice}", 500)


def _span(failure: Failure) -> str:
    first, last = failure.first, failure.last
    if first is None or last is None:
        return ""
    return f", from {clock(first)} to {clock(last)}"


def _example(example: Example) -> Iterator[str]:
    for name, text in example_parts(example):
        yield f"--- {name}"
        yield text


def example_parts(example: Example) -> Iterator[tuple[str, str]]:
    """Yield title and text of each part of ``example``: request, got, response, gateway log."""
    if example.curl:
        yield "request", block(example.curl, 4_000)
    if example.actual:
        yield "got", one_line(example.actual, 500)
    if example.answer:
        status = f" {example.status}" if example.status is not None else ""
        yield f"response{status}", block(example.answer, 4_000)
    if example.log:
        yield "gateway log", "\n".join(one_line(line, 500) for line in example.log[:MOST_LOG_LINES])
