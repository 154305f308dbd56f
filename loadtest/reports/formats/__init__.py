"""The report formats: one module each, with the name of its file and a pure ``render(run, verdict)``."""

from typing import Protocol

from loadtest.judge.verdict import Verdict
from loadtest.reports.formats import (
    annotations,
    bencher_json,
    benchmark_json,
    html,
    junit,
    metrics_prom,
    sarif,
    summary,
    verdict_json,
)
from loadtest.results.run import Run


class Format(Protocol):
    """What every format module offers."""

    FILENAME: str

    def render(self, run: Run, verdict: Verdict) -> str:
        """Return the content of the file."""


FORMATS: tuple[Format, ...] = (
    annotations,
    bencher_json,
    benchmark_json,
    html,
    junit,
    metrics_prom,
    sarif,
    summary,
    verdict_json,
)
"""Every format; a new one is added here."""
