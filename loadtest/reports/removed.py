"""Operations that are no longer offered, as reports show them: by area, as there may be hundreds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from loadtest.core.units import plural
from loadtest.judge.failures import JudgedFailure
from loadtest.judge.verdict import Verdict

FEW = 10
"""Operations that are shown one by one; more are shown by area."""


def headline(verdict: Verdict) -> str:
    """Return how many are no longer offered, in a line; nothing if all are."""
    return f"{plural(len(verdict.removed), 'operation')} no longer offered" if verdict.removed else ""


def by_area(verdict: Verdict) -> Mapping[str, tuple[JudgedFailure, ...]]:
    """Return all that are no longer offered by their area, the largest area first."""
    area_of = {one.name: one.area for one in verdict.coverage.operations}
    areas: dict[str, list[JudgedFailure]] = defaultdict(list)
    for judged in verdict.removed:
        areas[area_of[judged.failure.operation]].append(judged)
    ordered = sorted(areas.items(), key=lambda item: (-len(item[1]), item[0]))
    return {area: tuple(members) for area, members in ordered}
