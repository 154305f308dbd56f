"""Earlier runs, such as those of a branch, each reduced to a few figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.results.latency import Latency
from loadtest.results.run import Run, RunState, total_latency


@dataclass(frozen=True)
class PastRun:
    """The figures of one run."""

    started: str
    """ISO 8601 in UTC."""
    version: str
    """Of the gateway; empty if it is not known."""
    verdict: str
    """``pass``, ``fail``, …; empty if it is not known."""
    state: RunState
    requests: int
    failed: int
    """Requests that failed."""
    failures: int
    """Distinct failures, known ones included."""
    called: int
    """Operations with a request: those of the contract, or all of them if it is not known."""
    correct: int
    """Of these, the ones that were correct at least once, as documented or not."""
    latency: Latency | None
    """Of all requests together."""
    current: bool = False
    """The run that is judged."""


def past_run(run: Run, verdict: str = "", *, current: bool = False) -> PastRun:
    """Return the figures of ``run``.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    called = [one for one in run.operations if one.requests]
    return PastRun(
        started=run.started,
        version=(run.gateway.version if run.gateway else None) or "",
        verdict=verdict,
        state=run.state,
        requests=run.requests,
        failed=sum(one.failures for one in called),
        failures=len(run.failures),
        called=run.operations_that(lambda one: one.requests),
        correct=run.operations_that(lambda one: one.successes or one.drift),
        latency=total_latency(run),
        current=current,
    )


def history(earlier: Iterable[PastRun], current: PastRun) -> tuple[PastRun, ...]:
    """Return ``earlier`` runs and the ``current`` one, oldest first; a copy of the current one does not count twice."""
    others = (one for one in earlier if one.started != current.started)
    return tuple(sorted((*others, current), key=lambda one: one.started))
