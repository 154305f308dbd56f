"""Storage growth of the gateway, per request and per week."""

from __future__ import annotations

from loadtest.core.units import amount, number
from loadtest.judge.growth.model import StorageGrowth
from loadtest.results.measurements import Store
from loadtest.results.run import Run

WEEK = 7 * 24 * 3600


def storage_growth(run: Run) -> tuple[StorageGrowth, ...]:
    """Return the stores that grew during the load, by bytes, then by rows, in descending order."""
    found = [one for store in run.stores if (one := _gain(store, run)) is not None]
    return tuple(sorted(found, key=lambda one: (-(one.bytes or 0), -(one.rows or 0), one.name)))


def _gain(store: Store, run: Run) -> StorageGrowth | None:
    inside = [reading for reading in store.readings if 0 <= reading.at <= run.duration]
    if len(inside) < 2 or not run.requests:
        return None
    seconds = inside[-1].at - inside[0].at
    # Assumes evenly distributed requests, because readings need not start and end with the load.
    thousands = run.requests * seconds / run.duration / 1000
    rows = _difference([reading.rows for reading in inside])
    size = _difference([reading.bytes for reading in inside])
    if not thousands or max(rows or 0, size or 0) <= 0:
        return None
    parts = []
    if rows is not None:
        parts.append(f"{number(rows / thousands)} rows per 1,000 requests")
    if size is not None:
        parts.append(f"{amount(size / thousands, 'bytes')} per 1,000 requests")
        parts.append(f"{amount(size / seconds * WEEK, 'bytes')} per week at this rate")
    elif rows is not None:
        parts.append(f"{rows / seconds * WEEK:,.0f} rows per week at this rate")
    return StorageGrowth(
        name=store.name,
        rows=rows,
        bytes=size,
        rows_per_thousand=None if rows is None else rows / thousands,
        bytes_per_thousand=None if size is None else size / thousands,
        week=None if size is None else round(size / seconds * WEEK),
        text=f"{store.name} grows by {', '.join(parts)}",
    )


def _difference(figures: list[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return known[-1] - known[0] if known else None
