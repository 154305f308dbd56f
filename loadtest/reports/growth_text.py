"""Growth, storage and error budgets as text, for the page and the summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loadtest.core.units import amount, clock, span
from loadtest.judge.criteria.criterion import CriterionResult
from loadtest.judge.growth.model import Growth, StorageGrowth
from loadtest.judge.verdict import Verdict


@dataclass(frozen=True)
class GrowthText:
    """The trend of a series as text."""

    growth: Growth
    slope: str
    """``+12.5 MiB``; empty if it could not be estimated."""
    interval: str
    """``-1.2 MiB … +26 MiB``."""
    matters: str
    """``5 MiB``."""
    level: str
    limit: str
    """``8 GiB in 31 h``, or only the limit if the series does not grow."""


def growth_text(growth: Growth) -> GrowthText:
    """Return ``growth`` as text."""
    limit = _amount(growth.limit, growth)
    if limit and growth.hours_left is not None:
        limit += f" in {span(growth.hours_left)}"
    return GrowthText(
        growth=growth,
        slope=_change(growth.slope, growth),
        interval=" … ".join(_change(bound, growth) for bound in growth.interval or ()),
        matters=_amount(growth.minimum, growth),
        level=_amount(growth.level, growth),
        limit=limit,
    )


def _amount(value: float | None, growth: Growth) -> str:
    return "" if value is None else amount(value, _unit(growth)).strip()


def _change(value: float | None, growth: Growth) -> str:
    return "" if value is None else amount(value, _unit(growth), sign=True).strip()


def _unit(growth: Growth) -> str:
    """Return the unit to show; that of counts is in the name of the series."""
    return growth.unit if growth.unit in ("bytes", "share", "ms") else ""


@dataclass(frozen=True)
class StorageText:
    """The growth of a store as text."""

    name: str
    rows: str
    size: str
    per_thousand: str
    """Growth per 1,000 requests."""
    week: str


def storage_text(stored: StorageGrowth) -> StorageText:
    """Return ``stored`` as text."""
    per_thousand = [(stored.rows_per_thousand, "rows"), (stored.bytes_per_thousand, "bytes")]
    return StorageText(
        name=stored.name,
        rows="" if stored.rows is None else amount(stored.rows, "", sign=True).strip(),
        size="" if stored.bytes is None else amount(stored.bytes, "bytes", sign=True),
        per_thousand=", ".join(amount(value, unit) for value, unit in per_thousand if value is not None),
        week="" if stored.week is None else amount(stored.week, "bytes"),
    )


@dataclass(frozen=True)
class ObjectiveText:
    """An objective with an error budget, as text."""

    result: CriterionResult
    spent: str
    burns: tuple[tuple[str, str, str], ...]
    """Window, rate and time, from the shortest window to the longest."""


def objective_texts(verdict: Verdict) -> Iterator[ObjectiveText]:
    """Yield every objective whose error budget is known."""
    for result in verdict.criteria:
        budget = result.budget
        if budget is not None:
            spent = f"{budget.spent:.0%}" if budget.allowed else "none to spend"
            yield ObjectiveText(
                result,
                f"{spent} ({budget.bad:,} bad requests, {budget.allowed:,.0f} allowed)"
                if budget.allowed
                else spent,
                tuple(
                    (f"{burn.window / 60:g} min", f"{burn.rate:.3g}", clock(burn.at)) for burn in budget.burns
                ),
            )
