"""What a long run says of growth, in words and figures that the page and the summary share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loadtest.judge.criteria import CriterionResult
from loadtest.judge.growth import Growth, Stored
from loadtest.judge.observations import clock
from loadtest.judge.verdict import Verdict


@dataclass(frozen=True)
class Row:
    """One series and whether it grows, as text."""

    growth: Growth
    slope: str
    """``+12.5 MB/h``, or nothing if it could not be estimated."""
    interval: str
    """``-1.2 … +26 MB/h``."""
    matters: str
    """``above 5 MB/h``."""
    level: str
    limit: str
    """``8 GB in 31 h``, or the limit alone of what does not grow."""


def row(growth: Growth) -> Row:
    """Return the figures of ``growth``, each in a unit that suits it."""
    unit = growth.unit
    low, high = growth.interval or (None, None)
    limit = figure(growth.limit, unit)
    if growth.limit is not None and growth.hours_left is not None:
        limit += f" in {lasting(growth.hours_left)}"
    return Row(
        growth=growth,
        slope=f"{signed(growth.slope, unit)}/h" if growth.slope is not None else "",
        interval=f"{signed(low, unit)} … {signed(high, unit)}"
        if low is not None and high is not None
        else "",
        matters=figure(growth.minimum, unit),
        level=figure(growth.level, unit),
        limit=limit,
    )


def figure(value: float | None, unit: str) -> str:
    """Return ``value`` with its unit: ``12.5 MB``, ``210 ms``, ``0.5 %``, ``40``; nothing for None."""
    if value is None:
        return ""
    if unit == "share":
        return f"{100 * value:.3g} %"
    if unit == "ms":
        return f"{value:.3g} ms"
    if unit != "bytes":
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    for name in ("B", "kB", "MB"):
        if abs(value) < 1000:
            return f"{value:.3g} {name}"
        value /= 1000
    return f"{value:.3g} GB"


def signed(value: float | None, unit: str) -> str:
    """Return ``value`` as :func:`figure` does, with its sign."""
    if value is None:
        return ""
    return f"{'-' if value < 0 else '+'}{figure(abs(value), unit)}"


def lasting(hours: float) -> str:
    """Return a time in the unit that suits it: ``40 min``, ``31 h``, ``12 days``."""
    if hours < 2:
        return f"{60 * hours:.0f} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


@dataclass(frozen=True)
class Kept:
    """Something that the gateway stores and how it became larger, as text."""

    name: str
    rows: str
    size: str
    per_thousand: str
    """For each 1,000 requests."""
    week: str


def kept(stored: Stored) -> Kept:
    """Return the figures of ``stored``."""
    parts = (
        f"{figure(stored.rows_per_thousand, 'rows')} rows" if stored.rows_per_thousand is not None else "",
        figure(stored.bytes_per_thousand, "bytes"),
    )
    return Kept(
        name=stored.name,
        rows=signed(stored.rows, "rows"),
        size=signed(stored.bytes, "bytes"),
        per_thousand=", ".join(part for part in parts if part),
        week=figure(stored.week, "bytes"),
    )


@dataclass(frozen=True)
class Objective:
    """An objective with an error budget, as text."""

    result: CriterionResult
    spent: str
    burns: tuple[tuple[str, str, str], ...]
    """Window, rate and when, from the shortest window to the longest."""


def objectives(verdict: Verdict) -> Iterator[Objective]:
    """Yield every objective whose error budget is known."""
    for result in verdict.criteria:
        budget = result.budget
        if budget is not None:
            spent = f"{budget.spent:.0%}" if budget.allowed else "none to spend"
            yield Objective(
                result,
                f"{spent} ({budget.bad:,} of {budget.allowed:,.0f} requests)" if budget.allowed else spent,
                tuple(
                    (f"{burn.window / 60:g} min", f"{burn.rate:.3g}", clock(burn.at)) for burn in budget.burns
                ),
            )
