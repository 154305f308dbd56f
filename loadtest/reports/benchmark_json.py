"""``benchmark.json``: figures for github-action-benchmark, as its tool ``customSmallerIsBetter`` reads them.

Source: https://github.com/benchmark-action/github-action-benchmark
"""

from __future__ import annotations

import msgspec

from loadtest.judge.verdict import Verdict
from loadtest.record import Record
from loadtest.reports.trend import figures, latencies
from loadtest.run import Run

FILENAME = "benchmark.json"

_SHARES = ("50", "95", "99")


class Entry(Record, frozen=True, kw_only=True):
    """One line of its charts."""

    name: str
    unit: str
    value: float
    extra: str = ""


def render(run: Run, verdict: Verdict) -> str:
    """Return the figures as a JSON list; it is empty for a run that is no evidence."""
    entries = [
        Entry(
            name=f"{name}, p{share}",
            unit="ms",
            value=latency.percentiles[share],
            extra=f"{latency.count} requests",
        )
        for name, latency in latencies(run, verdict)
        for share in _SHARES
        if share in latency.percentiles
    ]
    entries += [Entry(name=one.name, unit=one.unit, value=one.value) for one in figures(run, verdict)]
    return msgspec.json.format(msgspec.json.encode(entries), indent=2).decode() + "\n"
