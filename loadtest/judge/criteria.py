"""Criteria: what a run must measure up to, in the words that users of k6 and Taurus know.

``p95 < 500ms``, ``GET /tools: p99.9 <= 1s``, ``area teams: error-rate < 1%``, ``rps > 20, min-samples 50``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from loadtest.errors import UsageError
from loadtest.files import read_toml
from loadtest.histogram import Histogram, Latency
from loadtest.operations import base
from loadtest.record import Record
from loadtest.run import Operation, Run

FEWEST_SAMPLES = 20
"""Requests below which an average or a rate says nothing, unless the criterion names another number."""

_EXPRESSION = re.compile(
    r"""^\s*(?:(?P<scope>\S.*?)\s*:\s*)?
        (?P<metric>p\d{1,2}(?:\.\d+)?|p100|avg|max|error-rate|failure-rate|rps|requests|operations)
        \s*(?P<comparison><=|>=|<|>)\s*
        (?P<value>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|%)?
        (?:\s*,\s*min-samples\s+(?P<samples>\d+))?\s*$""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda measured, limit: measured < limit,
    "<=": lambda measured, limit: measured <= limit,
    ">": lambda measured, limit: measured > limit,
    ">=": lambda measured, limit: measured >= limit,
}
_UNITS = {"avg": ("ms", "s"), "max": ("ms", "s"), "error-rate": ("%",), "failure-rate": ("%",)}
_FORMS = "p95 < 500ms, avg < 200ms, max < 2s, error-rate < 1%, rps > 20, requests > 100, operations >= 450"


class Outcome(StrEnum):
    """What came of a criterion."""

    MET = "met"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"
    """Too few samples, nothing called in its scope, or a figure that this source does not know."""


@dataclass(frozen=True)
class Criterion:
    """One condition on one figure of the run, of an area or of an operation."""

    text: str
    """As it was written, in one line."""
    metric: str
    comparison: str
    limit: float
    """Milliseconds, a share from 0 to 1, or a number, as the metric has it."""
    unit: str
    scope: str = ""
    """``METHOD /path``, ``area NAME``, or nothing for the whole run."""
    min_samples: int = FEWEST_SAMPLES


@dataclass(frozen=True)
class CriterionResult:
    """A criterion and what the run says to it."""

    criterion: Criterion
    outcome: Outcome
    measured: float | None
    """In the unit of :attr:`Criterion.limit`; None if it is not known."""
    samples: int
    text: str
    """``p95 is 210 ms, wanted < 500ms``."""


class _Table(Record, frozen=True, kw_only=True, rename="kebab"):
    expression: str
    operation: str | None = None
    area: str | None = None
    min_samples: int | None = None


class _File(Record, frozen=True, kw_only=True):
    criterion: tuple[_Table, ...] = ()


def parse(text: str, *, origin: str = "--criteria") -> Criterion:
    """Return the criterion that ``text`` writes; ``origin`` names the option or file in messages.

    Raises:
        UsageError: it is not of the known form, or the unit does not fit the metric.
    """
    found = _EXPRESSION.match(text)
    if not found:
        raise UsageError(f"{origin}: {text!r} is not a criterion, expected [SCOPE:] one of {_FORMS}")
    metric, unit, scope = found["metric"], found["unit"] or "", found["scope"] or ""
    units = ("ms", "s") if metric.startswith("p") else _UNITS.get(metric, ("",))
    if unit not in units:
        wanted = " or ".join(units) if units != ("",) else "no unit"
        raise UsageError(f"{origin}: {text!r}: {metric} has {wanted}, got {unit or 'none'}")
    if scope and not re.fullmatch(r"area \S+|[A-Z]+ /.*", scope):
        raise UsageError(f"{origin}: {text!r}: {scope!r} is no scope, expected 'METHOD /path' or 'area NAME'")
    if metric == "operations" and re.match(r"[A-Z]+ /", scope):
        raise UsageError(f"{origin}: {text!r}: operations are counted over the run or an area")
    samples = int(found["samples"]) if found["samples"] else _fewest(metric)
    factor = {"s": 1000.0, "%": 0.01}.get(unit, 1.0)
    return Criterion(
        text=" ".join(text.split()),
        metric=metric,
        comparison=found["comparison"],
        limit=float(found["value"]) * factor,
        unit=unit,
        scope=scope,
        min_samples=samples,
    )


def _fewest(metric: str) -> int:
    """Return how many samples make ``metric`` a statement: a p99 of 20 requests is their maximum."""
    if metric.startswith("p"):
        share = float(metric[1:]) / 100
        return FEWEST_SAMPLES if share >= 1 else max(FEWEST_SAMPLES, math.ceil(round(1 / (1 - share), 6)))
    return 1 if metric in ("requests", "operations") else FEWEST_SAMPLES


def read_criteria(path: Path) -> tuple[Criterion, ...]:
    """Return the criteria of a TOML file of ``[[criterion]]`` tables.

    Each has an ``expression`` and, beside it, ``operation`` or ``area`` and ``min-samples`` if wanted.

    Raises:
        UsageError: unreadable or not of this form; the message names file and table.
    """
    criteria = []
    for number, table in enumerate(read_toml(path, _File).criterion, 1):
        origin = f"{path}: [[criterion]] number {number}"
        scopes = [table.operation, f"area {table.area}" if table.area else None]
        given = [scope for scope in scopes if scope]
        criterion = parse(table.expression, origin=origin)
        if len(given) + bool(criterion.scope) > 1:
            raise UsageError(
                f"{origin}: expected one scope, got operation, area or expression with their own"
            )
        if given:
            criterion = parse(f"{given[0]}: {table.expression}", origin=origin)
        if table.min_samples is not None:
            criterion = replace(criterion, min_samples=table.min_samples)
        criteria.append(criterion)
    return tuple(criteria)


@dataclass(frozen=True)
class Counts:
    """What the judge knows and a criterion asks for."""

    new_failures: dict[str, int]
    """How many failures of each operation are not excused."""
    succeeded: dict[str, str]
    """Name and area of each operation of the contract that succeeded."""
    latency: Latency | None = None
    """Of all requests together, as :func:`total_latency` has it."""


def judge_criteria(run: Run, criteria: Sequence[Criterion], counts: Counts) -> tuple[CriterionResult, ...]:
    """Return what ``run`` says to each of ``criteria``, in their order."""
    figures = _Figures(run, counts)
    return tuple(_judge(figures, criterion) for criterion in criteria)


def total_latency(run: Run) -> Latency | None:
    """Return the latency of all requests together, or None if this run does not know it.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    merged = merged_latency(run.operations)
    return run.latency if merged is None or (not merged.percentiles and run.latency) else merged


def merged_latency(operations: Iterable[Operation]) -> Latency | None:
    """Return the latency of ``operations`` together; without percentiles if a histogram is missing.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    parts = [o.latency for o in operations if o.latency is not None and o.latency.count]
    if len(parts) <= 1:
        return parts[0] if parts else None
    encoded = [part.histogram for part in parts if part.histogram is not None]
    if len(encoded) == len(parts):
        try:
            return Histogram.of(encoded).summary()
        except ValueError as error:
            raise UsageError(f"run: operations: latency.histogram: {error}") from error
    count = sum(part.count for part in parts)
    return Latency(
        count=count,
        mean=sum(part.mean * part.count for part in parts) / count,
        min=min(part.min for part in parts),
        max=max(part.max for part in parts),
        percentiles={},
    )


class _Figures:
    """The figures of one run, each scope's latency merged once."""

    def __init__(self, run: Run, counts: Counts) -> None:
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
                new = sum(self._counts.new_failures.get(o.name, 0) for o in operations)
                return new / samples if samples else None
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
        share = float(criterion.metric[1:])
        known = latency.percentiles.get(f"{share:g}")
        return latency.percentile(share) if known is None else known

    def _latency(self, scope: str) -> Latency | None:
        if scope not in self._latencies:
            operations = self.within(scope)
            self._latencies[scope] = merged_latency(operations)
        return self._latencies[scope]


def _judge(figures: _Figures, criterion: Criterion) -> CriterionResult:
    samples = sum(operation.requests for operation in figures.within(criterion.scope))

    def inconclusive(text: str) -> CriterionResult:
        return CriterionResult(criterion, Outcome.INCONCLUSIVE, None, samples, text)

    if criterion.scope and not samples:
        return inconclusive(f"{criterion.scope} was never called")
    if samples < criterion.min_samples:
        return inconclusive(f"only {samples} requests, {criterion.min_samples} are needed to say")
    measured = figures.measure(criterion)
    if measured is None:
        return inconclusive(f"{criterion.metric} is not in this record")
    met = _COMPARE[criterion.comparison](measured, criterion.limit)
    wanted = f"{criterion.comparison} {_shown(criterion.limit, criterion)}"
    text = f"{criterion.metric} is {_shown(measured, criterion)}, wanted {wanted}"
    return CriterionResult(criterion, Outcome.MET if met else Outcome.MISSED, measured, samples, text)


def _shown(value: float, criterion: Criterion) -> str:
    match criterion.unit:
        case "%":
            return f"{value * 100:.3g} %"
        case "ms":
            return f"{value:.4g} ms"
        case "s":
            return f"{value / 1000:.4g} s"
    return f"{value:.4g}" if criterion.metric == "rps" else f"{value:.0f}"
