"""Latency distributions that merge exactly across workers and runs.

Locust rounds response times (to 10 ms above 100 ms, to 100 ms above 1 s); an HDR histogram keeps two
significant digits over its whole range, and its encoded form is one that other tools read, too.
Source: https://hdrhistogram.github.io/HdrHistogram/
"""

from collections.abc import Iterable, Iterator
from itertools import compress

import msgspec
from hdrh.histogram import HdrHistogram

from loadtest.core.record import Count, Milliseconds

LONGEST_MS = 3_600_000
"""Durations above one hour are counted as one hour."""

_UNITS_PER_MS = 1000  # the histogram counts whole microseconds
_PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9)


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the durations of a group of requests, in milliseconds."""

    count: Count
    """How many durations were measured."""
    mean: Milliseconds
    min: Milliseconds
    max: Milliseconds
    percentiles: dict[str, Milliseconds]
    """``{"50": 12.5, "99.9": 80.0}``: a source may know more of them or fewer."""
    histogram: str | None = None
    """The whole distribution, HDR-encoded (base64 of the compressed V2 format, in microseconds); None if only
    the figures above are known, as from a CSV file."""

    def percentile(self, q: float) -> float | None:
        """Return the ``q``-th percentile (0 to 100) in ms, or None if this source does not know it."""
        if self.histogram is not None:
            return Histogram.decode(self.histogram).percentile(q)
        return self.percentiles.get(f"{q:g}")


class Histogram:
    """A growing distribution of durations."""

    def __init__(self) -> None:
        self._counts = HdrHistogram(1, LONGEST_MS * _UNITS_PER_MS, 2)
        self._summary: Latency | None = None

    def __len__(self) -> int:
        return int(self._counts.get_total_count())

    def add(self, duration_ms: float) -> None:
        """Count one duration in milliseconds; a negative one (a clock set back) counts as 0."""
        clipped = min(max(duration_ms, 0.0), float(LONGEST_MS))
        self._counts.record_value(int(clipped * _UNITS_PER_MS))

    def merge(self, other: "Histogram") -> None:
        """Add every duration of ``other``; the result is the same as if all had been counted here."""
        self._counts.add(other._counts)  # noqa: SLF001

    def percentile(self, q: float) -> float:
        """Return the ``q``-th percentile (0 to 100) in milliseconds; 0 of an empty distribution."""
        return self.percentiles(q)[0]

    def percentiles(self, *wanted: float) -> tuple[float, ...]:
        """Return several percentiles (0 to 100, rising) in milliseconds, in one pass; 0 if there is nothing."""
        found: list[float] = []
        reached = 0
        targets = [int(self._counts.get_target_count_at_percentile(q)) for q in wanted]
        for index, count in self._occupied():
            reached += count
            while len(found) < len(targets) and reached >= targets[len(found)]:
                value = self._counts.get_value_from_index(index)
                found.append(float(self._counts.get_highest_equivalent_value(value)) / _UNITS_PER_MS)
        return tuple(found) + (0.0,) * (len(wanted) - len(found))

    def recorded(self) -> Iterator[tuple[float, int]]:
        """Yield each duration in milliseconds that occurred, rising, and how often; equal to two digits."""
        for index, count in self._occupied():
            yield self._counts.get_value_from_index(index) / _UNITS_PER_MS, count

    def _occupied(self) -> list[tuple[int, int]]:
        # The library's own iterators step through every value of an hour in Python: milliseconds for each use.
        counts: list[int] = self._counts.counts[:]
        return [(index, counts[index]) for index in compress(range(len(counts)), counts)]

    def _middle(self, index: int) -> float:
        lowest = self._counts.get_value_from_index(index)
        return (float(lowest) + float(self._counts.get_highest_equivalent_value(lowest))) / 2

    def encode(self) -> str:
        """Return the distribution as text (base64 of HDR's compressed V2 format)."""
        encoded: bytes = self._counts.encode()
        return encoded.decode("ascii")

    @classmethod
    def decode(cls, text: str) -> "Histogram":
        """Return the distribution that :meth:`encode` wrote.

        Raises:
            ValueError: the text is not an encoded histogram.
        """
        return cls.of([text])

    @classmethod
    def of(cls, encoded: Iterable[str]) -> "Histogram":
        """Return one distribution of all that :meth:`encode` wrote, without one for each on the way.

        Raises:
            ValueError: one of them is not an encoded histogram.
        """
        total = cls()
        try:
            for text in encoded:
                total._counts.decode_and_add(text.encode("ascii"))
        except Exception as error:  # hdrh raises whatever zlib, ctypes and base64 raise
            raise ValueError(f"not an encoded histogram: {error}") from error
        return total

    @classmethod
    def merged(cls, parts: Iterable["Histogram"]) -> "Histogram":
        """Return one distribution of all ``parts``."""
        total = cls()
        for part in parts:
            total.merge(part)
        return total

    def summary(self) -> Latency | None:
        """Return the figures that reports show, or None if nothing was counted."""
        count = len(self)
        if not count:
            return None
        if self._summary is None or self._summary.count != count:
            total = sum(self._middle(index) * many for index, many in self._occupied())
            percentiles = self.percentiles(*_PERCENTILES)
            self._summary = Latency(
                count=count,
                mean=total / count / _UNITS_PER_MS,
                min=float(self._counts.get_min_value()) / _UNITS_PER_MS,
                max=float(self._counts.get_max_value()) / _UNITS_PER_MS,
                percentiles={f"{q:g}": ms for q, ms in zip(_PERCENTILES, percentiles, strict=True)},
                histogram=self.encode(),
            )
        return self._summary
