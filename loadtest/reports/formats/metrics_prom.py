"""``metrics.prom``: figures of the run in the OpenMetrics text format, for Prometheus and its Pushgateway.

The Pushgateway and the node exporter read the older text format of Prometheus and reject a file with a type that it
does not have, such as ``stateset``. So only types that both formats have are used.
Formats: https://prometheus.io/docs/specs/om/open_metrics_spec/, https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from loadtest.judge.coverage import CoverageState
from loadtest.judge.failures import FailureStatus
from loadtest.judge.verdict import Result, Verdict
from loadtest.reports.text import one_line
from loadtest.results.latency import Latency
from loadtest.results.run import Run

FILENAME = "metrics.prom"

PREFIX = "contextforge_loadtest"
QUANTILES = (50, 95, 99)

Sample = tuple[str, str, float]
"""Suffix of the name, labels as text, value."""


def render(run: Run, verdict: Verdict) -> str:
    """Return the metrics; a run that is no evidence has only its verdict and its duration."""
    lines = [*_family("verdict", "gauge", "Result of the run: 1 for the one it has", "", _results(verdict))]
    lines += _family("duration_seconds", "gauge", "Duration of the load", "seconds", [("", "", run.duration)])
    started = _unix(run.started)
    if started is not None:
        lines += _family("start_time_seconds", "gauge", "Start of the load", "seconds", [("", "", started)])
    if verdict.tainted is None:
        lines += _evidence(run, verdict)
    return "\n".join((*lines, "# EOF", ""))


def _evidence(run: Run, verdict: Verdict) -> Iterator[str]:
    statuses = ((status.value, len(verdict.with_status(status))) for status in FailureStatus)
    yield from _family(
        "failures",
        "gauge",
        "Distinct failures",
        "",
        (("", _labels({"status": name}), count) for name, count in statuses),
    )
    states = ((state.label, verdict.coverage.count(state)) for state in CoverageState)
    yield from _family(
        "operations",
        "gauge",
        "Operations by coverage",
        "",
        (("", _labels({"state": name}), n) for name, n in states),
    )
    called = [
        (one, _labels({"operation": one_line(one.name), "area": one_line(one.area, 80)}))
        for one in run.operations
        if one.requests
    ]
    yield from _family(
        "requests", "counter", "Requests", "", (("_total", labels, one.requests) for one, labels in called)
    )
    yield from _family(
        "failed_requests",
        "counter",
        "Failed requests, known or not",
        "",
        (("_total", labels, one.failures) for one, labels in called),
    )
    yield from _family(
        "latency_seconds",
        "summary",
        "Response time",
        "seconds",
        (sample for one, labels in called if one.latency for sample in _latency(one.latency, labels)),
    )
    samples = [sample for sample in run.resources if sample.at >= 0]
    if samples:
        peak = max(sample.rss for sample in samples)
        yield from _family(
            "gateway_memory_peak_bytes", "gauge", "Most memory of the gateway", "bytes", [("", "", peak)]
        )


def _latency(latency: Latency, labels: str) -> Iterator[Sample]:
    for share in QUANTILES:
        value = latency.reported(share)
        if value is not None:
            yield "", f'{labels},quantile="{share / 100:g}"', value / 1000
    yield "_sum", labels, latency.mean * latency.count / 1000
    yield "_count", labels, latency.count


def _results(verdict: Verdict) -> Iterator[Sample]:
    for result in Result:
        yield "", _labels({"verdict": result.value}), float(verdict.result is result)


def _family(name: str, kind: str, help_text: str, unit: str, samples: Iterable[Sample]) -> Iterator[str]:
    """Yield the lines of a metric family; none without samples."""
    full = f"{PREFIX}_{name}"
    listed = [
        f"{full}{suffix}{{{labels}}} {_number(value)}" if labels else f"{full}{suffix} {_number(value)}"
        for suffix, labels, value in samples
    ]
    if not listed:
        return
    yield f"# TYPE {full} {kind}"
    if unit:
        yield f"# UNIT {full} {unit}"
    yield f"# HELP {full} {help_text}"
    yield from listed


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value == int(value) else f"{value:.6g}" if value < 1e6 else f"{value:.3f}"


def _unix(text: str) -> float | None:
    try:
        return dt.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
