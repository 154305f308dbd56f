"""What a run says to its criteria: the figure of each, and the error budget of an objective."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from loadtest.core.operations import base
from loadtest.core.units import clock
from loadtest.judge.criteria.criterion import OBJECTIVES, Budget, Criterion, CriterionOutcome, CriterionResult
from loadtest.judge.criteria.slo import above, budget_of, failed_by_minute, slow_by_minute
from loadtest.results.latency import Latency
from loadtest.results.measurements import Operation, merged_latency
from loadtest.results.run import Run

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda measured, limit: measured < limit,
    "<=": lambda measured, limit: measured <= limit,
    ">": lambda measured, limit: measured > limit,
    ">=": lambda measured, limit: measured >= limit,
}


@dataclass(frozen=True)
class CriteriaInput:
    """What the judge knows and a criterion asks for."""

    new_failures: dict[str, int]
    """How many failures of each operation are not excused."""
    succeeded: dict[str, str]
    """Name and area of each operation of the contract that succeeded."""
    latency: Latency | None = None
    """Of all requests together, as :func:`total_latency` has it."""
    new_by_minute: dict[int, int] = field(default_factory=dict)
    """The failures that are not excused, by number of the minute."""


def judge_criteria(
    run: Run, criteria: Sequence[Criterion], counts: CriteriaInput
) -> tuple[CriterionResult, ...]:
    """Return what ``run`` says to each of ``criteria``, in their order."""
    figures = _Figures(run, counts)
    return tuple(_judge(figures, criterion) for criterion in criteria)


class _Figures:
    """The figures of one run, each scope's latency merged once."""

    def __init__(self, run: Run, counts: CriteriaInput) -> None:
        self._run = run
        self._counts = counts
        self._latencies = {"": counts.latency}

    def within(self, scope: str) -> tuple[Operation, ...]:
        """Return the operations that ``scope`` names, JSON-RPC methods under their path included."""
        operations = self._run.operations
        if not scope:
            return operations
        if scope.startswith("area "):
            return tuple(o for o in operations if o.area == scope.removeprefix("area "))
        exact = tuple(o for o in operations if o.name == scope)
        return exact or tuple(o for o in operations if base(o.name) == scope)

    def measure(self, criterion: Criterion) -> float | None:
        """Return the figure that ``criterion`` speaks of, or None if this run does not know it."""
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
        """Return how many requests to ``operations`` failed and are not excused."""
        return sum(self._counts.new_failures.get(o.name, 0) for o in operations)

    def slow(self, criterion: Criterion) -> int | None:
        """Return how many requests were slower than ``criterion`` allows, or None if this run does not know it."""
        if criterion.threshold is None:
            return None
        latency = self._latency(criterion.scope)
        if latency is None or latency.histogram is None:
            return None
        return above(latency.histogram, criterion.threshold)

    def budget(self, criterion: Criterion) -> Budget | None:
        """Return the error budget of an objective; None of any other criterion."""
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
        return inconclusive(f"{criterion.scope} was never called")
    if samples < criterion.min_samples:
        return inconclusive(f"only {samples} requests, {criterion.min_samples} are needed to say")
    measured = figures.measure(criterion)
    if measured is None:
        return inconclusive(f"{criterion.metric} is not in this record")
    met = _COMPARE[criterion.comparison](measured, criterion.limit)
    wanted = f"{criterion.comparison} {_shown(criterion.limit, criterion)}"
    budget = figures.budget(criterion)
    name = criterion.metric if criterion.threshold is None else f"within {_duration(criterion.threshold)}"
    text = f"{name} is {_shown(measured, criterion)}, wanted {wanted}{_told(budget)}"
    return CriterionResult(
        criterion, CriterionOutcome.MET if met else CriterionOutcome.MISSED, measured, samples, text, budget
    )


def _told(budget: Budget | None) -> str:
    """Return how much of an error budget was spent, and in which window fastest."""
    if budget is None:
        return ""
    if budget.spent == float("inf"):
        return "; there was no error budget"
    spent = (
        f"; {budget.spent:.3g} times the error budget"
        if budget.spent > 1
        else (f"; {budget.spent:.0%} of the error budget")
    )
    if not budget.burns:
        return spent
    worst = max(budget.burns, key=lambda burn: burn.rate)
    pace = f"{worst.rate:.3g} times as fast as it lasts, over {_duration(worst.window * 1000)}"
    return f"{spent}, fastest at {clock(worst.at)} ({pace})"


def _duration(ms: float) -> str:
    """Return milliseconds in the unit that suits them."""
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
