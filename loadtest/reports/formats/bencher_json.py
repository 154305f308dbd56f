"""``bencher.json``: figures in Bencher's metric format, for ``bencher run --adapter json --file``.

``latency`` is in nanoseconds and ``throughput`` in operations per second, as Bencher's own measures of that name
are; the others are made by Bencher when it first reads them.
Source: https://bencher.dev/docs/reference/bencher-metric-format/
"""

from __future__ import annotations

import re

import msgspec

from loadtest.judge.verdict import Verdict
from loadtest.reports.kpis import WHOLE, kpis, total_latency
from loadtest.results.run import Run

FILENAME = "bencher.json"

_NS = 1_000_000


def render(run: Run, verdict: Verdict) -> str:
    """Return the figures as JSON, by measure, for the whole run; empty for a run that is no evidence.

    The median is the value of ``latency``, the fastest request its lower bound and p95 the upper one.
    """
    measures: dict[str, dict[str, float]] = {}
    latency = total_latency(verdict)
    median, p95 = ((latency.reported(share) if latency else None) for share in (50, 95))
    if latency is not None and median is not None and p95 is not None:
        lowest = min(latency.min, median)
        measures["latency"] = {"value": median * _NS, "lower_value": lowest * _NS, "upper_value": p95 * _NS}
    if latency is not None and run.duration > 0:
        measures["throughput"] = {"value": round(run.requests / run.duration, 3)}
    for one in kpis(run, verdict):
        unit = "" if one.unit in one.name else f" {one.unit}"
        measures[_slug(one.name + unit)] = {"value": one.value}
    found = {WHOLE: measures} if measures else {}
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _slug(text: str) -> str:
    """Return ``text`` as the name of a measure: words and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("%", "percent")).strip("-")
