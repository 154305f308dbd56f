"""Evaluates criteria: the measured value of each, and the error budget of objectives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from loadtest.core.operations import base
from loadtest.core.units import clock
from loadtest.judge.criteria.criterion import OBJECTIVES, Budget, Criterion, CriterionOutcome, CriterionResult
from loadtest.judge.criteria.slo import above, budget_of, failed_by_minute, slow_by_minute
from loadtest.results.latency import Latency
from loadtest.results.measurements import Operation, merged_latency
from loadtest.results.run import MAX_PAUSED, Run

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda measured, limit: measured < limit,
    "<=": lambda measured, limit: measured <= limit,
    ">": lambda measured, limit: measured > limit,
    ">=": lambda measured, limit: measured >= limit,
}


_COUNTS = {"requests", "error-rate", "availability", "failure-rate", "operations"}
"""Metrics that do not depend on the speed of the load generator."""


@dataclass(frozen=True)
class CriteriaInput:
    """Input for criteria that is not in the run itself."""

    new_failures: dict[str, int]
    """Number of new and expired failures by operation."""
    succeeded: dict[str, str]
    """Successful operations of the contract: name to area."""
    latency: Latency | None = None
    """Of all requests, from :func:`total_latency`."""
    new_by_minute: dict[int, int] = field(default_factory=dict)
    """Number of new and expired failures by minute of the load."""


def judge_criteria(
    run: Run, criteria: Sequence[Criterion], counts: CriteriaInput
) -> tuple[CriterionResult, ...]:
    """Return the result of each of ``criteria``, in their order."""
    figures = _Figures(run, counts)
    return tuple(_judge(figures, criterion) for criterion in criteria)


class _Figures:
    """The values of one run; latency is merged once per scope."""

    def __init__(self, run: Run, counts: CriteriaInput) -> None:
        self._run = run
        self._counts = counts
        self._latencies = {"": counts.latency}

    def within(self, scope: str) -> tuple[Operation, ...]:
        """Return the operations in ``scope``, including JSON-RPC methods of a path."""
        operations = self._run.operations
        if not scope:
            return operations
        if scope.startswith("area "):
            return tuple(o for o in operations if o.area == scope.removeprefix("area "))
        exact = tuple(o for o in operations if o.name == scope)
        return exact or tuple(o for o in operations if base(o.name) == scope)

    def measure(self, criterion: Criterion) -> float | None:
        """Return the value of the metric of ``criterion``; None if unknown."""
        operations = self.within(criterion.scope)
        samples = sum(o.requests for o in operations)
        match criterion.metric:
            case "requests":
                return float(samples)
            case "rps":
                return samples / self._run.duration if self._run.duration > 0 else None
            case "error-rate":
                return self.unexcused(operations) / samples if samples else None
            case "availability":
                return 1 - self.unexcused(operations) / samples if samples else None
            case "failure-rate":
                return sum(o.failures for o in operations) / samples if samples else None
            case "operations":
                area = criterion.scope.removeprefix("area ")
                return float(sum(area in ("", its) for its in self._counts.succeeded.values()))
        latency = self._latency(criterion.scope)
        if latency is None:
            return None
        match criterion.metric:
            case "avg":
                return latency.mean
            case "max":
                return latency.max
            case "within":
                return 1 - slow / latency.count if (slow := self.slow(criterion)) is not None else None
        share = float(criterion.metric[1:])
        known = latency.percentiles.get(f"{share:g}")
        return latency.percentile(share) if known is None else known

    def unexcused(self, operations: Iterable[Operation]) -> int:
        """Return the number of new and expired failures of ``operations``."""
        return sum(self._counts.new_failures.get(o.name, 0) for o in operations)

    def slow(self, criterion: Criterion) -> int | None:
        """Return the number of requests slower than the threshold of ``criterion``; None if unknown."""
        if criterion.threshold is None:
            return None
        latency = self._latency(criterion.scope)
        if latency is None or latency.histogram is None:
            return None
        return above(latency.histogram, criterion.threshold)

    def budget(self, criterion: Criterion) -> Budget | None:
        """Return the error budget of an objective; None for other criteria."""
        operations = self.within(criterion.scope)
        minutes = () if criterion.scope else self._run.timeline.minutes
        requests = sum(o.requests for o in operations)
        if criterion.metric == "availability":
            failed = failed_by_minute(minutes, self._counts.new_by_minute)
            return budget_of(criterion.limit, requests, self.unexcused(operations), failed)
        slow = self.slow(criterion)
        if slow is None or criterion.threshold is None:
            return None
        return budget_of(criterion.limit, requests, slow, slow_by_minute(minutes, criterion.threshold))

    @property
    def paused(self) -> float:
        """Seconds for which the load generator was paused, if they are a considerable share of the load; else 0."""
        generator = self._run.generator
        paused = generator.paused if generator else 0.0
        return paused if paused > MAX_PAUSED * self._run.duration else 0.0

    def _latency(self, scope: str) -> Latency | None:
        if scope not in self._latencies:
            operations = self.within(scope)
            self._latencies[scope] = merged_latency(operations)
        return self._latencies[scope]


def _judge(figures: _Figures, criterion: Criterion) -> CriterionResult:
    samples = sum(operation.requests for operation in figures.within(criterion.scope))

    def inconclusive(text: str) -> CriterionResult:
        return CriterionResult(criterion, CriterionOutcome.INCONCLUSIVE, None, samples, text)

    if criterion.scope and not samples:
        return inconclusive(f"{criterion.scope} was not called")
    if samples < criterion.min_samples:
        return inconclusive(f"{samples} requests, at least {criterion.min_samples} needed")
    measured = figures.measure(criterion)
    if measured is None:
        return inconclusive(f"the run has no data for {criterion.metric}")
    met = _COMPARE[criterion.comparison](measured, criterion.limit)
    expected = f"{criterion.comparison} {_shown(criterion.limit, criterion)}"
    budget = figures.budget(criterion)
    name = criterion.metric if criterion.threshold is None else f"within {_duration(criterion.threshold)}"
    text = f"{name} is {_shown(measured, criterion)}, expected {expected}{_budget_text(budget)}"
    if not met and criterion.metric not in _COUNTS and (paused := figures.paused):
        return inconclusive(f"{text}, but the load generator was paused for {paused:.1f} s")
    return CriterionResult(
        criterion, CriterionOutcome.MET if met else CriterionOutcome.MISSED, measured, samples, text, budget
    )


def _budget_text(budget: Budget | None) -> str:
    """Return the share of the error budget that was spent, and the window with the highest burn rate."""
    if budget is None:
        return ""
    if budget.spent == float("inf"):
        return "; no error budget"
    spent = (
        f"; {budget.spent:.3g} times the error budget"
        if budget.spent > 1
        else (f"; {budget.spent:.0%} of the error budget")
    )
    if not budget.burns:
        return spent
    worst = max(budget.burns, key=lambda burn: burn.rate)
    pace = f"burn rate {worst.rate:.3g} over {_duration(worst.window * 1000)}"
    return f"{spent}, highest {pace} at {clock(worst.at)}"


def _duration(ms: float) -> str:
    """Return milliseconds in a readable unit."""
    if ms < 1000:
        return f"{ms:g} ms"
    return f"{ms / 1000:g} s" if ms < 60_000 else f"{ms / 60_000:g} min"


def _shown(value: float, criterion: Criterion) -> str:
    match criterion.unit:
        case "%":
            # 99.96 % is not 100 %.
            return f"{value * 100:.{5 if criterion.metric in OBJECTIVES else 3}g} %"
        case "ms":
            return f"{value:.4g} ms"
        case "s":
            return f"{value / 1000:.4g} s"
    return f"{value:.4g}" if criterion.metric == "rps" else f"{value:.0f}"
