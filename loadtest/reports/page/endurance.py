"""Endurance section of the page: growth, storage, recovery from the spike, error budgets."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from loadtest.judge.growth.model import Endurance, Growth, Recovery
from loadtest.judge.verdict import Verdict
from loadtest.reports.growth_text import (
    GrowthText,
    ObjectiveText,
    StorageText,
    growth_text,
    objective_texts,
    storage_text,
)
from loadtest.reports.page.charts import line
from loadtest.results.measurements import Process
from loadtest.results.run import Run


@dataclass(frozen=True)
class GrowthRow:
    """A row of the table with a sparkline."""

    row: GrowthText
    path: Markup
    """The troughs from the end of the warm-up, scaled to their range."""
    drawn: str
    """Text alternative of the sparkline."""


@dataclass(frozen=True)
class EnduranceView:
    """Data of the section."""

    whole: tuple[GrowthRow, ...]
    parts: tuple[GrowthRow, ...]
    """Single processes."""
    recovery: Recovery | None
    stored: tuple[StorageText, ...]
    objectives: tuple[ObjectiveText, ...]
    processes: tuple[Process, ...]
    """Empty if all of them ran from beginning to end."""


def endurance_view(run: Run, verdict: Verdict) -> EnduranceView | None:
    """Return the data of the section, or None for a run that was too short and has no objective."""
    endurance: Endurance = verdict.endurance
    goals = tuple(objective_texts(verdict))
    if not endurance.judged and not goals:
        return None
    series = [_series(one) for one in endurance.growth]
    changed = any(one.ended is not None or one.began > 0 for one in run.processes)
    return EnduranceView(
        whole=tuple(one for one in series if one.row.growth.whole),
        parts=tuple(one for one in series if not one.row.growth.whole),
        recovery=endurance.recovery,
        stored=tuple(storage_text(one) for one in endurance.stored),
        objectives=goals,
        processes=run.processes if changed else (),
    )


def _series(growth: Growth) -> GrowthRow:
    troughs = growth.troughs
    if len(troughs) < 2:
        return GrowthRow(growth_text(growth), Markup(), "")
    values = [value for _, value in troughs]
    start, end = troughs[0][0], troughs[-1][0]
    lowest, spread = min(values), max(values) - min(values)
    # The scale spans at least 5 % of the highest value, so that noise does not fill the height.
    height = max(spread, 0.05 * abs(max(values)), 1e-9)
    floor = lowest - (height - spread) / 2
    path = line([(at - start, value - floor) for at, value in troughs], end - start, height)
    shown = growth_text(growth)
    return GrowthRow(shown, path, f"from {shown.level}, {shown.slope} per hour" if shown.slope else "")
