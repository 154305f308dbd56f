"""The coverage of two runs side by side: of two gateways, or of one before and after a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.judge.coverage import Coverage, Covered, State


@dataclass(frozen=True)
class Change:
    """An operation that both gateways offer, and that fared otherwise."""

    name: str
    left: Covered
    right: Covered


@dataclass(frozen=True)
class Beside:
    """Two coverages side by side."""

    areas: tuple[tuple[str, Mapping[State, int] | None, Mapping[State, int] | None], ...]
    """Every area, with how many operations of it have which state; None where a run does not know the area."""
    changes: tuple[Change, ...]
    only_left: tuple[str, ...]
    """Operations that only the first gateway offers, without the excluded ones."""
    only_right: tuple[str, ...]


def beside(left: Coverage, right: Coverage) -> Beside:
    """Return the coverages ``left`` and ``right`` side by side."""
    here, there = _offered(left), _offered(right)
    left_areas, right_areas = left.areas(), right.areas()
    return Beside(
        areas=tuple(
            (name, left_areas.get(name), right_areas.get(name))
            for name in sorted(left_areas.keys() | right_areas.keys())
        ),
        changes=tuple(
            Change(name, here[name], there[name])
            for name in sorted(here.keys() & there.keys())
            if here[name].state is not there[name].state
        ),
        only_left=_only(here, there),
        only_right=_only(there, here),
    )


def _offered(coverage: Coverage) -> dict[str, Covered]:
    absent = (State.NOT_OFFERED, State.UNDOCUMENTED)
    return {o.name: o for o in coverage.operations if o.within is None and o.state not in absent}


def _only(here: Mapping[str, Covered], there: Mapping[str, Covered]) -> tuple[str, ...]:
    return tuple(sorted(name for name, one in here.items() if one.counted and name not in there))
