"""How fast a series grows: a slope that outliers and saw-teeth do not move, and how sure it is.

The slope is Theil and Sen's, the median of the slopes of all pairs of points; the interval is that of a bootstrap
by moving blocks, which keeps what neighbours have in common. A series may come in pieces, as when a spike of
load was cut out of it: only pairs within a piece count, so that a step between two of them is no slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Piece = NDArray[np.int64]

WINDOWS = 48
"""Windows that a series is cut into, at most."""

DRAWS = 400
"""Bootstrap samples."""

CONFIDENCE = 0.95

WIDER = 5.5
"""By how much intervals are widened, over the root of the number of points: found by simulation such that they
hold the truth in 95 % of the cases for 16 to 48 points whose neighbours correlate by up to a half."""


@dataclass(frozen=True)
class Points:
    """A series as few points: one for each window."""

    times: Array
    """Seconds."""
    values: Array
    piece: Piece
    """Number of the piece that each point belongs to."""

    def since(self, index: int) -> Points:
        """Return the points from number ``index`` on."""
        return Points(self.times[index:], self.values[index:], self.piece[index:])

    def until(self, index: int) -> Points:
        """Return the points before number ``index``."""
        return Points(self.times[:index], self.values[:index], self.piece[:index])

    def __len__(self) -> int:
        return len(self.times)

    @property
    def seconds(self) -> float:
        """Length of the pieces together."""
        return float(
            sum(np.ptp(self.times[self.piece == number]) for number in np.unique(self.piece))
            if len(self)
            else 0
        )


@dataclass(frozen=True)
class Slope:
    """A slope per second, and where it lies."""

    value: float
    low: float
    high: float


def windows(
    times: Array, values: Array, piece: Piece, take: Literal["lowest", "middle"], *, most: int = WINDOWS
) -> Points:
    """Return the lowest or the middle value of each window, at the time at which it was measured.

    Windows have one width over all pieces. The lowest stands for a window where what is taken is given back
    from time to time (garbage collection, pools that idle): only what is never given back raises it.
    """
    lengths = [np.ptp(times[piece == number]) for number in np.unique(piece)]
    width = max(float(sum(lengths)) / most, 1e-9)
    start = np.array([times[piece == number].min() for number in range(int(piece.max()) + 1)])
    number = np.floor((times - start[piece]) / width).astype(np.int64)
    points: list[tuple[float, float, int]] = []
    keys = piece * (int(number.max()) + 1) + number
    for key in np.unique(keys):
        inside = np.flatnonzero(keys == key)
        ordered = inside[np.argsort(values[inside], kind="stable")]
        chosen = ordered[0] if take == "lowest" else ordered[(len(ordered) - 1) // 2]
        points.append((float(times[chosen]), float(values[chosen]), int(piece[chosen])))
    columns = list(zip(*points, strict=True))
    return Points(np.array(columns[0]), np.array(columns[1]), np.array(columns[2], dtype=np.int64))


def theil_sen(points: Points) -> float:
    """Return the median slope of all pairs within a piece, per second; 0 if there is no pair."""
    one, other = _pairs(points)
    if not len(one):
        return 0.0
    steps = points.times[other] - points.times[one]
    return float(np.median((points.values[other] - points.values[one]) / steps))


def fit(points: Points, slope: float) -> Array:
    """Return the line of ``slope`` through the middle of each piece, at each point."""
    line = slope * points.times
    for number in np.unique(points.piece):
        inside = points.piece == number
        line[inside] += np.median(points.values[inside] - line[inside])
    return line


def interval(points: Points, generator: np.random.Generator, *, draws: int = DRAWS) -> Slope:
    """Return the slope and its interval by a bootstrap of blocks of the residuals.

    A block is a fifth of the series: long enough for a saw-tooth or a slow drift to stay whole in it. Of so few
    points the plain interval holds the truth in four of five cases only, so it is widened until it keeps its word.
    """
    value = theil_sen(points)
    one, other = _pairs(points)
    count = len(points)
    if not len(one):
        return Slope(value, -np.inf, np.inf)
    line = fit(points, value)
    residuals = points.values - line
    residuals -= residuals.mean()
    block = max(2, round(count / 5))
    starts = generator.integers(0, count - block + 1, size=(draws, -(-count // block)))
    chosen = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :count]
    drawn = residuals[chosen]
    steps = points.times[other] - points.times[one]
    slopes = value + np.median((drawn[:, other] - drawn[:, one]) / steps, axis=1)
    low, high = np.quantile(slopes, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    wider = 1 + WIDER / np.sqrt(count)
    return Slope(value, float(value - (value - low) * wider), float(value + (high - value) * wider))


def warm_up(points: Points) -> int:
    """Return the number of the first point after the warm-up, at most a third of them.

    The start is left out as far as that makes the rest a better line: the mean squared residual over the number of
    points left, the rule of the smallest standard error that simulations are truncated by, about a slope.
    """
    count = len(points)
    best, found = np.inf, 0
    for start in range(count // 3 + 1):
        rest = points.since(start)
        residuals = rest.values - fit(rest, theil_sen(rest))
        error = float(np.mean(residuals**2)) / len(rest) ** 2
        if error < best * (1 - 1e-9):
            best, found = error, start
    return found


def _pairs(points: Points) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    one, other = np.triu_indices(len(points), 1)
    apart = (points.piece[one] == points.piece[other]) & (points.times[other] > points.times[one])
    return one[apart], other[apart]
