"""Two runs side by side: what became slower or faster, which failures came and went, what coverage changed.

It shows and never judges: latencies on a shared machine differ from run to run, so a difference is told only
where both runs have samples enough, and it fails nothing. A criterion does that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from loadtest.results.failures import Failure
from loadtest.results.latency import Latency
from loadtest.results.measurements import Operation, merged_latency
from loadtest.results.run import Run, total_latency

MIN_SAMPLES = 20
"""Requests that an operation must have had in both runs before a difference of its latency is told."""
NOTABLE = 1.25
"""A p95 that is this many times higher or lower is told as slower or faster."""
NOTABLE_MS = 5.0
"""And it must differ by this much: 2 ms against 1 ms is the clock, not the gateway."""


class LatencyChange(StrEnum):
    """What can be said of an operation's latency."""

    SLOWER = "slower"
    FASTER = "faster"
    ALIKE = "alike"
    UNSURE = "too few samples"


@dataclass(frozen=True)
class OperationComparison:
    """One operation in both runs."""

    before: Operation
    now: Operation
    trend: LatencyChange
    ratio: float | None
    """The p95 now, divided by that of before; None if one of the two is not known or 0."""

    @property
    def name(self) -> str:
        """The operation."""
        return self.now.name


@dataclass(frozen=True)
class AreaComparison:
    """The requests of one area in both runs: a short run has samples enough of an area, seldom of an operation."""

    name: str
    before: Latency
    now: Latency
    trend: LatencyChange
    ratio: float | None
    """As of an operation."""


@dataclass(frozen=True)
class ComparedMetric:
    """One number of the whole run, before and now; None where a run does not know it."""

    name: str
    unit: str
    before: float | None
    now: float | None


@dataclass(frozen=True)
class Comparison:
    """A run against an earlier one."""

    baseline: Run
    figures: tuple[ComparedMetric, ...]
    operations: tuple[OperationComparison, ...]
    """Those called in both runs: slower ones first, the worst at the top."""
    areas: tuple[AreaComparison, ...]
    """Those measured in both runs, in the same order."""
    new_failures: tuple[Failure, ...]
    """Those that the baseline does not have, whether they are known failures or not."""
    gone_failures: tuple[Failure, ...]
    """Those of the baseline that are not here although their operation was called."""
    won: tuple[str, ...]
    """Operations that succeeded now and not in the baseline."""
    lost: tuple[str, ...]
    """Operations that succeeded in the baseline and not now."""
    unlike: tuple[str, ...]
    """Why the two may not be comparable, a sentence each."""

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
    differences = [_difference(before[name], one) for name, one in now.items() if name in before]
    order = list(LatencyChange)
    differences.sort(key=lambda one: (order.index(one.trend), -(one.ratio or 0.0), one.name))
    prints, earlier = ({one.fingerprint for one in here.failures} for here in (run, baseline))
    succeeded, did = ({one.name for one in here.operations if one.successes} for here in (run, baseline))
    return Comparison(
        baseline=baseline,
        figures=tuple(_figures(run, baseline)),
        operations=tuple(differences),
        areas=_areas(now.values(), before.values()),
        new_failures=tuple(one for one in run.failures if one.fingerprint not in earlier),
        gone_failures=tuple(
            one for one in baseline.failures if one.fingerprint not in prints and one.operation in now
        ),
        won=tuple(sorted(succeeded - did)),
        lost=tuple(sorted(did - succeeded)),
        unlike=tuple(_unlike(run, baseline)),
    )


def _difference(before: Operation, now: Operation) -> OperationComparison:
    return OperationComparison(before, now, *_trend(before.latency, now.latency))


def _areas(now: Iterable[Operation], before: Iterable[Operation]) -> tuple[AreaComparison, ...]:
    new, old = (_by_area(operations) for operations in (now, before))
    found = [
        AreaComparison(name, old[name], new[name], *_trend(old[name], new[name]))
        for name in new.keys() & old.keys()
    ]
    order = list(LatencyChange)
    return tuple(sorted(found, key=lambda one: (order.index(one.trend), -(one.ratio or 0.0), one.name)))


def _by_area(operations: Iterable[Operation]) -> dict[str, Latency]:
    areas: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        areas[operation.area].append(operation)
    merged = {name: merged_latency(members) for name, members in areas.items()}
    return {name: latency for name, latency in merged.items() if latency is not None}


def _trend(before: Latency | None, now: Latency | None) -> tuple[LatencyChange, float | None]:
    old, new = _percentile(before, 95), _percentile(now, 95)
    ratio = new / old if old and new else None
    if before is None or now is None or old is None or new is None:
        return LatencyChange.UNSURE, ratio
    if min(before.count, now.count) < MIN_SAMPLES:
        return LatencyChange.UNSURE, ratio
    if abs(new - old) < NOTABLE_MS or (ratio is not None and 1 / NOTABLE < ratio < NOTABLE):
        return LatencyChange.ALIKE, ratio
    return (LatencyChange.SLOWER if new > old else LatencyChange.FASTER), ratio


def _percentile(latency: Latency | None, share: float) -> float | None:
    return latency.percentiles.get(f"{share:g}") if latency else None


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


def _unlike(run: Run, baseline: Run) -> Iterator[str]:
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
            yield f"{name}: {'not known' if old is None else old} then, {'not known' if new is None else new} now"
    if baseline.state is not run.state:
        yield f"the baseline is {baseline.state.value}, this run {run.state.value}"
