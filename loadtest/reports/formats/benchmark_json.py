"""``benchmark.json``: figures for github-action-benchmark, as its tool ``customSmallerIsBetter`` reads them.

Source: https://github.com/benchmark-action/github-action-benchmark
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from loadtest.core.record import Record
from loadtest.judge.verdict import Verdict
from loadtest.reports.kpis import WHOLE, area_latencies, kpis, total_latency
from loadtest.results.latency import Latency
from loadtest.results.run import Run

FILENAME = "benchmark.json"

_SHARES = (50, 95, 99)


class BenchmarkEntry(Record, frozen=True, kw_only=True):
    """One line of its charts."""

    name: str
    unit: str
    value: float
    extra: str = ""


def render(run: Run, verdict: Verdict) -> str:
    """Return the figures as a JSON list; it is empty for a run that is no evidence."""
    total = total_latency(verdict)
    entries = list(_entries(WHOLE, total)) if total is not None else []
    for area, latency in area_latencies(verdict):
        entries += _entries(area, latency)
    entries += [BenchmarkEntry(name=one.name, unit=one.unit, value=one.value) for one in kpis(run, verdict)]
    return msgspec.json.format(msgspec.json.encode(entries), indent=2).decode() + "\n"


def _entries(name: str, latency: Latency) -> Iterator[BenchmarkEntry]:
    for share in _SHARES:
        if (value := latency.reported(share)) is not None:
            extra = f"{latency.count} requests"
            yield BenchmarkEntry(name=f"{name}, p{share}", unit="ms", value=value, extra=extra)
