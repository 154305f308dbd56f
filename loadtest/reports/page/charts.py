"""Building blocks of charts: axis ticks and SVG paths.

Charts are inline SVG. They scale with the width of the page, take their colours from its style sheet and need no
script, so that the content security policy of the page can forbid all external content.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

WIDTH = 1000
HEIGHT = 100
"""Size of the SVG view box; the page scales it."""

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


@dataclass(frozen=True)
class Tick:
    """A tick: its position in percent of the axis, and its label."""

    at: str
    label: str


def ceiling(value: float) -> float:
    """Return the smallest 1, 2, 2.5 or 5 times a power of ten that is at least ``value``; 1 if it is not positive."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999_999)


def percent(part: float, whole: float) -> str:
    """Return the position of ``part`` on an axis from 0 to ``whole``: ``12.5%``."""
    return f"{100 * part / whole if whole else 0:.4g}%"


def seconds_axis(duration: float, most: int = 8) -> Iterator[Tick]:
    """Yield up to about ``most`` ticks at round times on an axis of ``duration`` seconds."""
    days = math.ceil(duration / most / _SECONDS[-1]) * _SECONDS[-1]
    step = next((one for one in _SECONDS if duration / one <= most), days)
    for number in range(math.ceil(0.96 * duration / step)):
        at = number * step
        minutes, rest = divmod(at, 60)
        yield Tick(percent(at, duration), f"{minutes}:{rest:02}")


def line(points: Sequence[tuple[float, float | None]], width: float, height: float) -> Markup:
    """Return the path of a line; missing values leave gaps, and single values are dots."""
    path: list[str] = []
    drawing = False
    for at, value in points:
        if value is None:
            drawing = False
            continue
        path.append(f"{'L' if drawing else 'M'}{_x(at, width)} {_y(value, height)}")
        if not drawing:
            path.append("h0")
        drawing = True
    return Markup("".join(path))  # noqa: S704 - letters and numbers that were made here


def steps(points: Sequence[tuple[float, float | None]], width: float, height: float) -> Markup:
    """Return the path of a stepped area: each value lasts until the next one."""
    path: list[str] = []
    ends = [at for at, _ in points[1:]] + [width]
    for (at, value), end in zip(points, ends, strict=True):
        if value:
            left, right = _x(at, width), _x(end, width)
            path.append(f"M{left} {HEIGHT}V{_y(value, height)}H{right}V{HEIGHT}z")
    return Markup("".join(path))  # noqa: S704 - letters and numbers that were made here


def vertical_bars(places: Sequence[float], width: float) -> Markup:
    """Return the path of lines over the full height at ``places``."""
    return Markup("".join(f"M{_x(at, width)} 0V{HEIGHT}" for at in places))  # noqa: S704 - numbers that were made here


def squares(number: int, columns: int) -> Iterator[tuple[int, int]]:
    """Yield column and row of each of ``number`` squares in rows of ``columns``."""
    for position in range(number):
        yield position % columns, position // columns


class Logarithmic:
    """A logarithmic axis of durations from ``low`` to ``high`` ms."""

    BINS = 8
    """Bars per decade."""

    def __init__(self, low: float, high: float) -> None:
        self.first = math.floor(math.log10(max(low, 0.1)))
        self.last = max(math.ceil(math.log10(max(high, 0.1))), self.first + 1)
        self._bins = (self.last - self.first) * self.BINS
        self.edges = tuple(10 ** (self.first + number / self.BINS) for number in range(1, self._bins))
        """Between the bars, in ms."""
        self._sides = [round(WIDTH * number / self._bins) for number in range(self._bins + 1)]

    def share(self, duration: float) -> float:
        """Return the position of ``duration`` ms, from 0 to 1."""
        share = (math.log10(max(duration, 10.0**self.first)) - self.first) / (self.last - self.first)
        return min(max(share, 0.0), 1.0)

    def ticks(self) -> Iterator[Tick]:
        """Yield a tick for each decade except the last, whose label would be outside."""
        for power in range(self.first, self.last):
            label = f"{10**power:g} ms" if power < 3 else f"{10 ** (power - 3):g} s"
            yield Tick(percent(power - self.first, self.last - self.first), label)

    def rising(self) -> Iterator[Tick]:
        """Yield a tick for each decade except the lowest, for a vertical axis; positions are from the top."""
        for power in range(self.last, self.first, -1):
            yield Tick(percent(self.last - power, self.last - self.first), f"{10**power:,g}")

    def bars(self, counts: Sequence[int]) -> Markup:
        """Return the path of a histogram with these ``counts`` between :attr:`edges`; the tallest has full height."""
        tallest = max(counts, default=0) or 1
        path: list[str] = []
        for (left, right), count in zip(pairwise(self._sides), counts, strict=True):
            if count:
                height = max(round(HEIGHT * count / tallest), 2)
                path.append(f"M{left} {HEIGHT}v-{height}h{right - left - 2}v{height}z")
        return Markup("".join(path))  # noqa: S704 - letters and numbers that were made here


def _x(at: float, width: float) -> str:
    return f"{WIDTH * at / width if width else 0:.5g}"


def _y(value: float, height: float) -> str:
    return f"{HEIGHT - HEIGHT * min(max(value / height, 0.0), 1.0):.4g}"
