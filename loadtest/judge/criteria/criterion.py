"""Criteria: thresholds that a run must meet, written as in k6 and Taurus.

``p95 < 500ms``, ``GET /tools: p99.9 <= 1s``, ``area teams: error-rate < 1%``, ``rps > 20, min-samples 50``.
Objectives have an error budget: ``availability >= 99.5%``, ``within 2s >= 99%``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from loadtest.core.errors import UsageError
from loadtest.core.files import read_toml
from loadtest.core.operations import area_name
from loadtest.core.record import Record

MIN_SAMPLES = 20
"""Fewest requests for an average or a rate, unless the criterion sets ``min-samples``."""

_EXPRESSION = re.compile(
    r"""^\s*(?:(?P<scope>\S.*?)\s*:\s*)?
        (?P<metric>p\d{1,2}(?:\.\d+)?|p100|avg|max|error-rate|failure-rate|availability|rps|requests|operations
          |within\s+(?P<threshold>\d+(?:\.\d+)?)\s*(?P<threshold_unit>ms|s))
        \s*(?P<comparison><=|>=|<|>)\s*
        (?P<value>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|%)?
        (?:\s*,\s*min-samples\s+(?P<samples>\d+))?\s*$""",
    re.VERBOSE,
)
_UNITS = {"avg": ("ms", "s"), "max": ("ms", "s")} | dict.fromkeys(
    ("error-rate", "failure-rate", "availability", "within"), ("%",)
)
_FACTORS = {"s": 1000.0, "%": 0.01}
_FORMS = (
    "p95 < 500ms, avg < 200ms, max < 2s, error-rate < 1%, availability >= 99.5%, within 2s >= 99%, rps > 20, "
    "requests > 100, operations >= 450"
)
OBJECTIVES = ("availability", "within")
"""Metrics that are a share of good requests; the rest of the requests is the error budget."""


class CriterionOutcome(StrEnum):
    """The result of a criterion."""

    MET = "met"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"
    """Too few samples, nothing called in its scope, or no data for its metric."""


@dataclass(frozen=True)
class Criterion:
    """One threshold for a metric of the run, an area or an operation."""

    text: str
    """As written, on one line."""
    metric: str
    comparison: str
    limit: float
    """Milliseconds, a share from 0 to 1, or a number, depending on the metric."""
    unit: str
    scope: str = ""
    """``METHOD /path``, ``area NAME``, or empty for the whole run."""
    min_samples: int = MIN_SAMPLES
    threshold: float | None = None
    """For ``within``: the longest good response time, in milliseconds."""


@dataclass(frozen=True)
class Burn:
    """The highest burn rate of an error budget in windows of one length."""

    window: float
    """Seconds."""
    rate: float
    """1 spends exactly the budget over the whole load; 10 spends it in a tenth of the time."""
    at: float
    """Start of the worst window, in seconds of load."""


@dataclass(frozen=True)
class Budget:
    """The error budget of an objective: the requests that may fail it."""

    bad: int
    """Requests that failed it."""
    allowed: float
    """Requests that may fail it."""
    burns: tuple[Burn, ...] = ()
    """From the shortest window to the longest; empty for an operation or an area, which have no data per minute."""

    @property
    def spent(self) -> float:
        """The share of the budget that was spent; above 1, it is exceeded."""
        if not self.bad:
            return 0.0
        return self.bad / self.allowed if self.allowed else float("inf")


@dataclass(frozen=True)
class CriterionResult:
    """A criterion and its result."""

    criterion: Criterion
    outcome: CriterionOutcome
    measured: float | None
    """In the unit of :attr:`Criterion.limit`; None if unknown."""
    samples: int
    text: str
    """``p95 is 210 ms, expected < 500 ms``."""
    budget: Budget | None = None
    """For an objective."""


class _Table(Record, frozen=True, kw_only=True, rename="kebab"):
    expression: str
    operation: str | None = None
    area: str | None = None
    min_samples: int | None = None


class _File(Record, frozen=True, kw_only=True):
    criterion: tuple[_Table, ...] = ()


def parse(text: str, *, origin: str = "--criteria", any_name: bool = False) -> Criterion:
    """Parse a criterion; ``origin`` names the option or file in messages.

    ``any_name`` allows any name as the scope, as used in other locustfiles: ``grpc create_order: p95 < 1s``.

    Raises:
        UsageError: the syntax is invalid, or the unit does not fit the metric.
    """
    found = _EXPRESSION.match(text)
    if not found:
        raise UsageError(f"{origin}: {text!r} is not a criterion, expected [SCOPE:] one of {_FORMS}")
    metric, unit, scope = found["metric"].split()[0], found["unit"] or "", found["scope"] or ""
    units = ("ms", "s") if metric.startswith("p") else _UNITS.get(metric, ("",))
    if unit not in units:
        wanted = " or ".join(units) if units != ("",) else "no unit"
        raise UsageError(f"{origin}: {text!r}: {metric} has {wanted}, got {unit or 'none'}")
    if scope.startswith("area "):
        scope = f"area {area_name(scope.removeprefix('area '))}"
    if scope and not any_name and not re.fullmatch(r"area \S+|[A-Z]+ /.*", scope):
        raise UsageError(f"{origin}: {text!r}: {scope!r} is no scope, expected 'METHOD /path' or 'area NAME'")
    if metric == "operations" and scope and not scope.startswith("area "):
        raise UsageError(f"{origin}: {text!r}: operations are counted over the run or an area")
    limit = float(found["value"]) * _FACTORS.get(unit, 1.0)
    if metric in OBJECTIVES and not (limit <= 1 and found["comparison"] in (">", ">=")):
        raise UsageError(f"{origin}: {text!r}: expected a share of at least so much, {metric} >= 99%")
    return Criterion(
        text=" ".join(text.split()),
        metric=metric,
        comparison=found["comparison"],
        limit=limit,
        unit=unit,
        scope=scope,
        min_samples=int(found["samples"]) if found["samples"] else _fewest(metric, limit),
        threshold=float(found["threshold"]) * _FACTORS.get(found["threshold_unit"], 1.0)
        if found["threshold"]
        else None,
    )


def _fewest(metric: str, limit: float) -> int:
    """Return the fewest samples for ``metric``: the p99 of 20 requests would be their maximum."""
    if metric in OBJECTIVES or metric.startswith("p"):
        share = limit if metric in OBJECTIVES else float(metric[1:]) / 100
        return MIN_SAMPLES if share >= 1 else max(MIN_SAMPLES, math.ceil(round(1 / (1 - share), 6)))
    return 1 if metric in ("requests", "operations") else MIN_SAMPLES


def read_criteria(path: Path, *, any_name: bool = False) -> tuple[Criterion, ...]:
    """Return the criteria of a TOML file of ``[[criterion]]`` tables.

    Each has an ``expression`` and, optionally, ``operation`` or ``area``, and ``min-samples``. ``any_name``
    is as for :func:`parse`.

    Raises:
        UsageError: unreadable or not of this form; the message names file and table.
    """
    criteria = []
    for number, table in enumerate(read_toml(path, _File).criterion, 1):
        origin = f"{path}: [[criterion]] number {number}"
        scopes = [table.operation, f"area {table.area}" if table.area else None]
        given = [scope for scope in scopes if scope]
        criterion = parse(table.expression, origin=origin, any_name=any_name)
        if len(given) + bool(criterion.scope) > 1:
            raise UsageError(
                f"{origin}: expected one scope, got operation, area or expression with their own"
            )
        if given:
            criterion = parse(f"{given[0]}: {table.expression}", origin=origin, any_name=any_name)
        if table.min_samples is not None:
            criterion = replace(criterion, min_samples=table.min_samples)
        criteria.append(criterion)
    return tuple(criteria)
