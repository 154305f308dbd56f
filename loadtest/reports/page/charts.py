"""What charts are made of: scales with round numbers, and the paths of SVG.

The drawings are plain SVG in the page. They stretch with its width, take their colours from its style sheet and
need no script, so that the page can forbid everything that it does not hold itself.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

WIDTH = 1000
HEIGHT = 100
"""The inner size of every drawing; the page stretches it."""

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


@dataclass(frozen=True)
class Tick:
    """A round number and its place, in percent of the axis."""

    at: str
    label: str


def ceiling(value: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that is not below ``value``; 1 for nothing."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999_999)


def percent(part: float, whole: float) -> str:
    """Return the place of ``part`` on an axis that ends at ``whole``: ``12.5%``."""
    return f"{100 * part / whole if whole else 0:.4g}%"


def seconds_axis(duration: float, most: int = 8) -> Iterator[Tick]:
    """Yield at most about ``most`` round times on an axis of ``duration`` seconds; none where no label fits."""
    days = math.ceil(duration / most / _SECONDS[-1]) * _SECONDS[-1]
    step = next((one for one in _SECONDS if duration / one <= most), days)
    for number in range(math.ceil(0.96 * duration / step)):
        at = number * step
        minutes, rest = divmod(at, 60)
        yield Tick(percent(at, duration), f"{minutes}:{rest:02}")


def line(points: Sequence[tuple[float, float | None]], width: float, height: float) -> Markup:
    """Return the path of a line; a value that is not known leaves a gap, one alone is a dot."""
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
    """Return the path of an area in steps: each value holds until the next one begins."""
    path: list[str] = []
    ends = [at for at, _ in points[1:]] + [width]
    for (at, value), end in zip(points, ends, strict=True):
        if value:
            left, right = _x(at, width), _x(end, width)
            path.append(f"M{left} {HEIGHT}V{_y(value, height)}H{right}V{HEIGHT}z")
    return Markup("".join(path))  # noqa: S704 - letters and numbers that were made here


def squares(number: int, columns: int) -> Iterator[tuple[int, int]]:
    """Yield column and row of ``number`` squares that fill rows of ``columns``."""
    for position in range(number):
        yield position % columns, position // columns


class Logarithmic:
    """An axis of durations from ``low`` to ``high`` ms on which every decade is as wide as the next."""

    BINS = 8
    """Bars in each decade."""

    def __init__(self, low: float, high: float) -> None:
        self.first = math.floor(math.log10(max(low, 0.1)))
        self.last = max(math.ceil(math.log10(max(high, 0.1))), self.first + 1)
        self._bins = (self.last - self.first) * self.BINS
        self._edges = [10 ** (self.first + number / self.BINS) for number in range(1, self._bins)]

    def share(self, duration: float) -> float:
        """Return the place of ``duration`` ms, from 0 to 1."""
        share = (math.log10(max(duration, 10.0**self.first)) - self.first) / (self.last - self.first)
        return min(max(share, 0.0), 1.0)

    def ticks(self) -> Iterator[Tick]:
        """Yield each decade but the last: its label would stand outside."""
        for power in range(self.first, self.last):
            label = f"{10**power:g} ms" if power < 3 else f"{10 ** (power - 3):g} s"
            yield Tick(percent(power - self.first, self.last - self.first), label)

    def rising(self) -> Iterator[Tick]:
        """Yield each decade but the lowest, for an axis that goes up: its place counts from the top."""
        for power in range(self.last, self.first, -1):
            yield Tick(percent(self.last - power, self.last - self.first), f"{10**power:,g}")

    def bars(self, recorded: Iterator[tuple[float, int]]) -> Markup:
        """Return the path of a bar for each group of ``recorded`` durations; the tallest fills the height."""
        counts = [0] * self._bins
        for duration, count in recorded:
            counts[bisect_right(self._edges, duration)] += count
        tallest = max(counts, default=0) or 1
        path: list[str] = []
        edges = [round(WIDTH * number / self._bins) for number in range(self._bins + 1)]
        for (left, right), count in zip(pairwise(edges), counts, strict=True):
            if count:
                height = max(round(HEIGHT * count / tallest), 2)
                path.append(f"M{left} {HEIGHT}v-{height}h{right - left - 2}v{height}z")
        return Markup("".join(path))  # noqa: S704 - letters and numbers that were made here


def _x(at: float, width: float) -> str:
    return f"{WIDTH * at / width if width else 0:.5g}"


def _y(value: float, height: float) -> str:
    return f"{HEIGHT - HEIGHT * min(max(value / height, 0.0), 1.0):.4g}"
