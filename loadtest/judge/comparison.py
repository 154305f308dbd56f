"""Comparison of a run with a baseline: latency, failures, coverage.

It is informational and never fails a run: two runs of the same code differ. Ratios are divided by their median, the
difference of the machines, and a change is shown only if it is outside what the other operations scatter. A comparison
with a base (docs/base.md) finds smaller changes; use criteria to fail a run on latency.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from loadtest.results.failures import Failure
from loadtest.results.latency import Latency
from loadtest.results.measurements import Operation, merged_latency
from loadtest.results.run import Run, total_latency

MIN_SAMPLES = 20
"""Requests that an operation needs in both runs before a change of its latency is shown."""
NOTABLE = 1.25
"""Ratio of the p95 latencies from which an operation counts as slower or faster."""
NOTABLE_MS = 5.0
"""Milliseconds by which p95 must differ as well: 2 ms instead of 1 ms is noise."""


OUTSIDE = 6.0
"""Standard deviations of the other ratios from which one is a change: of a thousand normal ones none is."""
FEWEST = 8
"""Ratios without which the noise is not known, and no change is shown."""
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Noise:
    """What the ratios of p95 have in common, and how they scatter around it."""

    middle: float
    """Median ratio."""
    sigma: float
    """Robust standard deviation of the logarithm of a ratio."""
    ratios: int

    @property
    def shown_from(self) -> float:
        """Ratio from which a change is shown, after division by the median."""
        return max(NOTABLE, math.exp(OUTSIDE * self.sigma))


class LatencyChange(StrEnum):
    """How the latency of an operation changed."""

    SLOWER = "slower"
    FASTER = "faster"
    UNCHANGED = "unchanged"
    UNSURE = "too few samples"
    """Of it, or of all to know the noise."""


@dataclass(frozen=True)
class OperationComparison:
    """One operation in both runs."""

    before: Operation
    now: Operation
    trend: LatencyChange
    ratio: float | None
    """The p95 of the run divided by that of the baseline, divided by the median of these ratios if it is known; None if
    one of them is unknown or 0."""

    @property
    def name(self) -> str:
        """The operation."""
        return self.now.name


@dataclass(frozen=True)
class AreaComparison:
    """The latency of one area in both runs. Short runs rarely have enough samples of a single operation."""

    name: str
    before: Latency
    now: Latency
    trend: LatencyChange
    ratio: float | None
    """As for an operation."""


@dataclass(frozen=True)
class ComparedMetric:
    """One number of the whole run, before and now; None if unknown."""

    name: str
    unit: str
    before: float | None
    now: float | None


@dataclass(frozen=True)
class Comparison:
    """A run compared with a baseline."""

    baseline: Run
    figures: tuple[ComparedMetric, ...]
    operations: tuple[OperationComparison, ...]
    """Operations called in both runs: slower ones first, the worst at the top."""
    areas: tuple[AreaComparison, ...]
    """Areas measured in both runs, in the same order."""
    new_failures: tuple[Failure, ...]
    """Failures that the baseline does not have, known or not."""
    resolved_failures: tuple[Failure, ...]
    """Failures of the baseline that did not occur although their operation was called."""
    gained: tuple[str, ...]
    """Operations that succeeded in the run but not in the baseline."""
    lost: tuple[str, ...]
    """Operations that succeeded in the baseline but not in the run."""
    noise: Noise | None
    """Of the operations; None if too few were measured."""
    differences: tuple[str, ...]
    """Why the runs may not be comparable, one line per difference."""

    def count(self, trend: LatencyChange) -> int:
        """Return how many operations have this ``trend``."""
        return sum(one.trend is trend for one in self.operations)


def compare(run: Run, baseline: Run) -> Comparison:
    """Return what changed from ``baseline`` to ``run``.

    Raises:
        UsageError: a histogram of one of the runs cannot be read.
    """
    now = {operation.name: operation for operation in run.operations if operation.requests}
    before = {operation.name: operation for operation in baseline.operations if operation.requests}
    both = [(before[name], one) for name, one in now.items() if name in before]
    noise = _noise((old.latency, new.latency) for old, new in both)
    compared = [OperationComparison(old, new, *_trend(old.latency, new.latency, noise)) for old, new in both]
    order = list(LatencyChange)
    compared.sort(key=lambda one: (order.index(one.trend), -(one.ratio or 0.0), one.name))
    prints, earlier = ({one.fingerprint for one in here.failures} for here in (run, baseline))
    succeeded, did = ({one.name for one in here.operations if one.successes} for here in (run, baseline))
    return Comparison(
        baseline=baseline,
        figures=tuple(_figures(run, baseline)),
        operations=tuple(compared),
        areas=_areas(now.values(), before.values()),
        new_failures=tuple(one for one in run.failures if one.fingerprint not in earlier),
        resolved_failures=tuple(
            one for one in baseline.failures if one.fingerprint not in prints and one.operation in now
        ),
        gained=tuple(sorted(succeeded - did)),
        lost=tuple(sorted(did - succeeded)),
        noise=noise,
        differences=tuple(_run_differences(run, baseline)),
    )


def _areas(now: Collection[Operation], before: Iterable[Operation]) -> tuple[AreaComparison, ...]:
    area_of = {operation.name: operation.area for operation in now}
    new, old = (_by_area(operations, area_of) for operations in (now, before))
    names = new.keys() & old.keys()
    noise = _noise((old[name], new[name]) for name in names)
    found = [
        AreaComparison(name, old[name], new[name], *_trend(old[name], new[name], noise)) for name in names
    ]
    order = list(LatencyChange)
    return tuple(sorted(found, key=lambda one: (order.index(one.trend), -(one.ratio or 0.0), one.name)))


def _by_area(operations: Iterable[Operation], area_of: Mapping[str, str]) -> dict[str, Latency]:
    areas: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        areas[area_of.get(operation.name, operation.area)].append(operation)
    merged = {name: merged_latency(members) for name, members in areas.items()}
    return {name: latency for name, latency in merged.items() if latency is not None}


def _noise(pairs: Iterable[tuple[Latency | None, Latency | None]]) -> Noise | None:
    """Return the noise of the ratios of ``pairs`` with enough samples; None for fewer than :data:`FEWEST`."""
    logs = []
    for before, now in pairs:
        old, new = _percentile(before, 95), _percentile(now, 95)
        if before and now and old and new and min(before.count, now.count) >= MIN_SAMPLES:
            logs.append(math.log(new / old))
    if len(logs) < FEWEST:
        return None
    middle = statistics.median(logs)
    sigma = _MAD_TO_SIGMA * statistics.median(abs(one - middle) for one in logs)
    return Noise(math.exp(middle), sigma, len(logs))


def _trend(
    before: Latency | None, now: Latency | None, noise: Noise | None
) -> tuple[LatencyChange, float | None]:
    old, new = _percentile(before, 95), _percentile(now, 95)
    middle = noise.middle if noise else 1.0
    ratio = new / old / middle if old and new else None
    if before is None or now is None or old is None or new is None or noise is None:
        return LatencyChange.UNSURE, ratio
    if min(before.count, now.count) < MIN_SAMPLES:
        return LatencyChange.UNSURE, ratio
    expected = old * middle
    if abs(new - expected) < NOTABLE_MS or (
        ratio is not None and 1 / noise.shown_from < ratio < noise.shown_from
    ):
        return LatencyChange.UNCHANGED, ratio
    return (LatencyChange.SLOWER if new > expected else LatencyChange.FASTER), ratio


def _percentile(latency: Latency | None, share: float) -> float | None:
    return latency.reported(share) if latency else None


def _figures(run: Run, baseline: Run) -> Iterator[ComparedMetric]:
    old, new = total_latency(baseline), total_latency(run)
    for share in (50, 95, 99):
        yield ComparedMetric(f"p{share}", "ms", _percentile(old, share), _percentile(new, share))
    yield ComparedMetric("requests", "", baseline.requests, run.requests)
    yield ComparedMetric("requests per second", "/s", _rate(baseline), _rate(run))
    yield ComparedMetric("failed requests", "%", _failed(baseline), _failed(run))
    peaks = [max((sample.rss for sample in here.resources), default=None) for here in (baseline, run)]
    yield ComparedMetric("gateway memory, peak", "B", peaks[0], peaks[1])


def _rate(run: Run) -> float | None:
    return run.requests / run.duration if run.duration > 0 else None


def _failed(run: Run) -> float | None:
    return 100 * sum(one.failures for one in run.operations) / run.requests if run.requests else None


def _run_differences(run: Run, baseline: Run) -> Iterator[str]:
    pairs = (
        ("gateway", *(here.gateway.version if here.gateway else None for here in (baseline, run))),
        ("profile", baseline.settings.profile, run.settings.profile),
        ("number of users", baseline.settings.users, run.settings.users),
        ("number of Locust processes", baseline.settings.processes, run.settings.processes),
        (
            "number of cores",
            *(here.environment.cpus if here.environment else None for here in (baseline, run)),
        ),
        ("database", *(str(here.gateway.deployment) if here.gateway else None for here in (baseline, run))),
        ("tags", " ".join(baseline.settings.tags) or None, " ".join(run.settings.tags) or None),
    )
    for name, old, new in pairs:
        if old != new:
            yield f"{name}: {'unknown' if old is None else old} before, {'unknown' if new is None else new} now"
    if baseline.state is not run.state:
        yield f"the baseline is {baseline.state.value}, this run {run.state.value}"
