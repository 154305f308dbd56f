"""Key figures of a run that are tracked across runs, used by two report formats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from loadtest.core.units import amount, clock, plural
from loadtest.judge.comparison import MIN_SAMPLES
from loadtest.judge.verdict import Verdict
from loadtest.reports.cpu import gateways_cpu
from loadtest.reports.text import one_line
from loadtest.results.latency import Latency
from loadtest.results.measurements import merged
from loadtest.results.run import Run

WHOLE = "all requests"
"""Name of measurements of the whole run."""


@dataclass(frozen=True)
class Kpi:
    """A number for the whole run; smaller is better."""

    name: str
    unit: str
    value: float


def total_latency(verdict: Verdict) -> Latency | None:
    """Return the latency of all requests; None if the run is not valid evidence, as after a crash of the gateway."""
    return None if verdict.tainted is not None else verdict.latency


def area_latencies(verdict: Verdict) -> Iterator[tuple[str, Latency]]:
    """Yield the latency of each area that had at least :data:`MIN_SAMPLES` requests.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    if verdict.tainted is not None:
        return
    areas: dict[str, list[Latency]] = defaultdict(list)
    for name, measured in verdict.area_latency.items():
        areas[one_line(name, 80)].append(measured)
    for area, parts in sorted(areas.items()):
        latency = merged(parts)
        if latency is not None and latency.count >= MIN_SAMPLES:
            yield area, latency


def closed_loop(run: Run) -> str:
    """Return what the latencies of a first sweep include, and those of the mix; empty for a soak and for pairs."""
    timeline, users = run.timeline, plural(run.settings.users, "user")
    if not run.settings.users or run.base is not None or timeline.planned:
        return ""
    waits = (
        "each waits for a response before its next request, so that latencies include the time behind requests of the "
        "load itself"
    )
    compare = "A slowdown shows in a comparison with a base."
    if timeline.mix is None:
        return f"Closed loop of {users}: {waits}. {compare}"
    return (
        f"The first sweep was a closed loop of {users}: {waits}. The mix, from {clock(timeline.mix.start)} on, was an "
        f"open loop of {timeline.mix.rate:.2g} scenarios/s{_mix_latency(timeline.latency)}. {compare}"
    )


def _mix_latency(latency: Latency | None) -> str:
    """Return `` (230 requests: p50 40 ms, p95 120 ms)``, without percentiles for which there are too few requests."""
    if latency is None:
        return ""
    known = ((q, latency.reported(q)) for q in (50, 95, 99))
    figures = ", ".join(f"p{q} {amount(value, 'ms')}" for q, value in known if value is not None)
    return f" ({plural(latency.count, 'request')}{': ' * bool(figures)}{figures})"


def kpis(run: Run, verdict: Verdict) -> Iterator[Kpi]:
    """Yield the other key figures that are available for this run."""
    if verdict.tainted is not None or not run.requests:
        return
    failed = sum(operation.failures for operation in run.operations)
    yield Kpi("failed requests", "%", round(100 * failed / run.requests, 3))
    coverage = verdict.coverage
    if coverage.known:
        yield Kpi("operations without a success", "operations", coverage.total - coverage.succeeded)
    if (cpu := gateways_cpu(run)) is not None:
        yield Kpi("gateway CPU for a request", "ms", round(1000 * cpu / run.requests, 3))
    inside = [sample.rss for sample in run.resources if sample.at >= 0]
    if len(inside) > 1:
        yield Kpi("gateway memory, peak", "MB", round(max(inside) / 1e6, 1))
    for one in verdict.endurance.growth:
        if one.whole and one.metric == "rss" and one.slope is not None:
            # Not negative: releasing memory is no better than using a constant amount.
            yield Kpi("gateway memory, growth", "MB/h", round(max(one.slope, 0.0) / 1e6, 1))
    for phase in run.phases:
        if phase.name == "boot":
            yield Kpi("gateway boot", "s", round(phase.seconds, 2))
