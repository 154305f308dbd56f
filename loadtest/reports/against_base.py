"""The comparison with a base as rows: text for every format, and a plot of the pairs for the page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from loadtest.core.units import plural
from loadtest.judge.against_base import AgainstBase, settings_text, speed_text
from loadtest.pairs.assess import OperationSpeed, Speed
from loadtest.pairs.statistics import Ratio
from loadtest.results.run import Run

MOST_ROWS = 30
WIDTH, HEIGHT = 240, 40
"""Of a plot, in its own units."""
_LISTED = (Speed.SLOWER, Speed.UNCONFIRMED, Speed.FASTER, Speed.JUDGED)
RANGE = math.log(4)
"""Largest log ratio that a plot shows; larger ones are at its edge."""


@dataclass(frozen=True)
class PairRow:
    """One operation whose pairs were compared."""

    name: str
    result: str
    measure: str
    base: str
    head: str
    ratio: str
    pairs: int
    points: tuple[tuple[float, float], ...]
    """Of the plot: one for each pair, from faster (left) to slower."""
    interval: tuple[float, float]
    """Left and right end in the plot."""
    notable: bool


def rows(against: AgainstBase) -> tuple[PairRow, ...]:
    """Return the slower, unconfirmed, faster and judged operations; the pairs of others are few."""
    return tuple(
        _row(one, one.ratio)
        for one in against.assessment.operations
        if one.speed in _LISTED and one.ratio is not None
    )[:MOST_ROWS]


def _row(one: OperationSpeed, ratio: Ratio) -> PairRow:
    return PairRow(
        name=one.name,
        result=one.speed.value,
        measure=one.measure.value,
        base=_ms(one.base_ms),
        head=_ms(one.head_ms),
        ratio=f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})",
        pairs=ratio.pairs,
        points=tuple(
            (_place(log), round(4 + (HEIGHT - 8) * ((number * 7) % 11) / 10, 1))
            for number, log in enumerate(one.logs)
        ),
        interval=(_place(math.log(ratio.low)), _place(math.log(ratio.high))),
        notable=one.speed in (Speed.SLOWER, Speed.UNCONFIRMED),
    )


def _place(log: float) -> float:
    share = (max(-RANGE, min(RANGE, log)) + RANGE) / (2 * RANGE)
    return round(4 + (WIDTH - 8) * share, 1)


def _ms(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def facts(run: Run, against: AgainstBase) -> Iterator[str]:
    """Yield what was compared, in a sentence each."""
    found = against.assessment
    if settings := settings_text(run.gateway, against.base.gateway):
        yield f"Settings: {settings}."
    number = sum(len(one.head) for one in against.base.pairs)
    again = "with" if against.base.confirmed else "without"
    yield f"{plural(number, 'pair')} of calls, {again} a second boot of both gateways."
    if found.sigma:
        scatter = ", ".join(
            f"{100 * sigma:.0f} % ({measure.value})" for measure, sigma in found.sigma.items()
        )
        yield f"Scatter of a pair: {scatter}."
    if found.detectable:
        smallest = ", ".join(
            f"{100 * (ratio - 1):.0f} % ({of.value})" for of, ratio in found.detectable.items()
        )
        yield f"Smallest slowdown of a judged operation that is found with a probability of 95 %: {smallest}."
    if faster := found.with_speed(Speed.FASTER):
        yield f"{', '.join(speed_text(one) for one in faster)}."
    if found.overall is not None:
        of = found.overall_measure.value
        yield f"All {found.overall.operations} screened operations together: {found.overall.text}, by {of}."
    few = len(found.with_speed(Speed.TOO_FEW))
    if few:
        yield f"{plural(few, 'operation')} not judged: too few pairs."
    if against.base.incomplete:
        yield f"Incomplete: {against.base.incomplete}."
