"""Latency distributions that can be merged across workers and runs without loss.

Locust rounds response times (to 10 ms above 100 ms, to 100 ms above 1 s). An HDR histogram keeps two significant
digits over its whole range, and other tools can read its encoded form.
Source: https://hdrhistogram.github.io/HdrHistogram/
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from ctypes import addressof
from functools import lru_cache
from itertools import accumulate, compress, pairwise
from operator import mul

import msgspec
from hdrh.codec import HdrHistogramEncoder
from hdrh.histogram import HdrHistogram
from pyhdrh import add_array

from loadtest.core.record import Count, Milliseconds

LONGEST_MS = 3_600_000
"""Durations above one hour are counted as one hour."""

_UNITS_PER_MS = 1000  # the histogram counts whole microseconds
_SIGNIFICANT_DIGITS = 2
_LAYOUT = (1, LONGEST_MS * _UNITS_PER_MS, _SIGNIFICANT_DIGITS)
_EMPTY = HdrHistogram(*_LAYOUT)
_BUCKET_BITS = 8  # leading bits that distinguish the buckets of a histogram with two significant digits
_MEDIAN, _MAXIMUM = 50.0, 100.0
_PERCENTILES = (_MEDIAN, 75.0, 90.0, 95.0, 99.0, 99.9)


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Latency of a group of requests, in milliseconds."""

    count: Count
    """Number of measured durations."""
    mean: Milliseconds
    min: Milliseconds
    max: Milliseconds
    percentiles: dict[str, Milliseconds]
    """``{"50": 12.5, "99.9": 80.0}``; which percentiles are available depends on the source."""
    histogram: str | None = None
    """The full distribution, HDR-encoded (base64 of the compressed V2 format, in microseconds); None if it is not
    available, as in a CSV file."""

    def percentile(self, q: float) -> float | None:
        """Return the ``q``-th percentile (0 to 100) in ms, or None if it is not available."""
        if self.histogram is not None:
            return Histogram.decode(self.histogram).percentile(q)
        return self.percentiles.get(_key(q))

    def reported(self, q: float) -> float | None:
        """Return the ``q``-th percentile in ms for a report, or None if it is not available or not reliable.

        Above the median a percentile needs one duration beyond it: 20 durations for the 95th, 100 for the 99th.
        """
        return self.percentiles.get(_key(q)) if self.count >= fewest_durations(q) else None


@lru_cache(maxsize=64)
def _key(q: float) -> str:
    """Return the key of a percentile: ``99.9``."""
    return f"{q:g}"


@lru_cache(maxsize=64)
def fewest_durations(q: float) -> int:
    """Return the number of durations that the ``q``-th percentile needs to be reported."""
    return 1 if q <= _MEDIAN or q >= _MAXIMUM else math.ceil(round(100 / (100 - q), 6))


def bucket_of(duration_ms: float) -> int:
    """Return the bucket of a duration in a :class:`Histogram`: its lowest duration, in microseconds."""
    units = int(min(max(duration_ms, 0.0), float(LONGEST_MS)) * _UNITS_PER_MS)
    shift = max(units.bit_length() - _BUCKET_BITS, 0)
    return units >> shift << shift


@lru_cache(maxsize=4096)
def _bounds(index: int) -> tuple[int, int]:
    """Return the shortest and the longest duration, in microseconds, that a histogram counts at ``index``."""
    lowest: int = _EMPTY.get_value_from_index(index)
    return lowest, _EMPTY.get_highest_equivalent_value(lowest)


@lru_cache(maxsize=4096)
def _middle(index: int) -> float:
    """Return the duration, in microseconds, that stands for those which a histogram counts at ``index``."""
    return sum(_bounds(index)) / 2


@lru_cache(maxsize=16)
def _indices(edges: tuple[float, ...]) -> tuple[int, ...]:
    """Return the first index at which durations from each of ``edges`` (ms) on are counted."""
    every = range(_EMPTY.counts_len)
    return tuple(
        bisect_left(every, edge, key=lambda index: _bounds(index)[0] / _UNITS_PER_MS) for edge in edges
    )


class Histogram:
    """A distribution of durations that can be added to."""

    def __init__(self) -> None:
        self._folded = HdrHistogram(*_LAYOUT)
        self._added: dict[int, int] = {}
        """Counts by bucket that are not in ``_folded`` yet: the library takes 5 µs to count a duration."""
        self._summary: Latency | None = None

    def __len__(self) -> int:
        return int(self._counts.get_total_count())

    def add(self, duration_ms: float) -> None:
        """Add a duration in milliseconds; a negative one (after a clock change) counts as 0."""
        self.add_to(bucket_of(duration_ms))

    def add_to(self, bucket: int) -> None:
        """Add a duration by its :func:`bucket_of`, which several distributions can share."""
        self._added[bucket] = self._added.get(bucket, 0) + 1

    @property
    def _counts(self) -> HdrHistogram:
        for bucket, count in self._added.items():
            self._folded.record_value(bucket, count)
        self._added.clear()
        return self._folded

    def merge(self, other: "Histogram") -> None:
        """Add every duration of ``other``, without loss."""
        self._counts.add(other._counts)  # noqa: SLF001

    def percentile(self, q: float) -> float:
        """Return the ``q``-th percentile (0 to 100) in milliseconds; 0 for an empty distribution."""
        return self.percentiles(q)[0]

    def percentiles(self, *wanted: float) -> tuple[float, ...]:
        """Return several percentiles (0 to 100, ascending) in milliseconds; 0 for an empty distribution."""
        return self._percentiles(wanted, *self._occupied())

    def _percentiles(
        self, wanted: Iterable[float], indices: Sequence[int], counts: Sequence[int]
    ) -> tuple[float, ...]:
        reached = list(accumulate(counts))
        places = (bisect_left(reached, self._counts.get_target_count_at_percentile(q)) for q in wanted)
        return tuple(
            _bounds(indices[place])[1] / _UNITS_PER_MS if place < len(indices) else 0.0 for place in places
        )

    def recorded(self) -> Iterator[tuple[float, int]]:
        """Yield the recorded durations in milliseconds, ascending, to two significant digits, with their counts."""
        for index, count in zip(*self._occupied(), strict=True):
            yield _bounds(index)[0] / _UNITS_PER_MS, count

    def counts_between(self, edges: tuple[float, ...]) -> list[int]:
        """Return the number of durations below the first of ``edges`` (ms, ascending), between each two, and above."""
        first, counts = self._used()
        places = (max(index - first, 0) for index in _indices(edges))
        return [sum(counts[left:right]) for left, right in pairwise((0, *places, len(counts)))]

    def _occupied(self) -> tuple[list[int], list[int]]:
        """Return the indices at which durations are counted, ascending, and their counts."""
        first, counts = self._used()
        return list(compress(range(first, first + len(counts)), counts)), list(filter(None, counts))

    def _used(self) -> tuple[int, list[int]]:
        """Return the index of the shortest duration, and the counts from there to the longest one."""
        # The library's iterators visit every bucket in Python, which takes milliseconds per call.
        folded = self._counts
        first, last = (
            folded.get_counts_array_index(one) for one in (folded.get_min_value(), folded.max_value)
        )
        return first, folded.counts[first : last + 1]

    def encode(self) -> str:
        """Return the distribution as text (base64 of the compressed V2 format of HDR)."""
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
        """Return the merged distribution of several encoded ones.

        Raises:
            ValueError: one of them is not an encoded histogram.
        """
        total = cls()
        try:
            for text in encoded:
                total._add_encoded(text.encode("ascii"))
        except Exception as error:  # hdrh passes on exceptions of zlib, ctypes and base64
            raise ValueError(f"not an encoded histogram: {error}") from error
        return total

    def _add_encoded(self, text: bytes) -> None:
        own = self._counts
        other = HdrHistogramEncoder.decode(text)
        header = other.payload
        layout = (header.lowest_trackable_value, header.highest_trackable_value, header.significant_figures)
        if layout != _LAYOUT:
            own.decode_and_add(text)
            return
        # Without the histogram that the library makes for each text, which takes half of the time.
        added = other.init_counts(own.counts_len)
        if added["total"]:
            first, last = added["min_nonzero_index"], added["max_nonzero_index"]
            start = first * own.word_size
            add_array(
                addressof(own.counts) + start,
                addressof(other.get_counts()) + start,
                last - first + 1,
                own.word_size,
            )
            own.min_value = min(own.min_value, _bounds(added["min_nonzero_index"])[0])
            own.max_value = max(own.max_value, _bounds(added["max_nonzero_index"])[1])
            own.total_count += added["total"]

    @classmethod
    def merged(cls, parts: Iterable["Histogram"]) -> "Histogram":
        """Return one distribution of all ``parts``."""
        total = cls()
        for part in parts:
            total.merge(part)
        return total

    def summary(self) -> Latency | None:
        """Return the summary for reports, or None if the distribution is empty."""
        count = len(self)
        if not count:
            return None
        if self._summary is None or self._summary.count != count:
            indices, counts = self._occupied()
            total = sum(map(mul, map(_middle, indices), counts))
            percentiles = self._percentiles(_PERCENTILES, indices, counts)
            self._summary = Latency(
                count=count,
                mean=total / count / _UNITS_PER_MS,
                min=float(self._counts.get_min_value()) / _UNITS_PER_MS,
                max=float(self._counts.get_max_value()) / _UNITS_PER_MS,
                percentiles={_key(q): ms for q, ms in zip(_PERCENTILES, percentiles, strict=True)},
                histogram=self.encode(),
            )
        return self._summary
