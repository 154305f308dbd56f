"""``report.html``: the run as one page that opens from a downloaded artifact, with nothing fetched from anywhere.

Its Content-Security-Policy allows the one style sheet and the one script that it holds, by their hashes, and
nothing else: whatever a gateway answered stays text. It reads without the script, which only sorts, filters and
points. Source of the policy: https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from loadtest.core.units import clock
from loadtest.judge.checks.check import Severity
from loadtest.judge.comparison import MIN_SAMPLES, LatencyChange
from loadtest.judge.coverage import CoverageState
from loadtest.judge.verdict import Verdict
from loadtest.reports import against_base, cpu, removed
from loadtest.reports.kpis import closed_loop
from loadtest.reports.page import endurance as html_endurance
from loadtest.reports.page.coverage import COLUMNS, SIDE, coverage_map
from loadtest.reports.page.failures import anchors_of, known_failures, new_failures, undecided_failures
from loadtest.reports.page.history import history_view
from loadtest.reports.page.operations import operation_table
from loadtest.reports.page.timeline import LATENCY, chart
from loadtest.reports.terminal import next_step
from loadtest.reports.text import block, one_line, when
from loadtest.results.run import Run

FILENAME = "report.html"

_LONGEST = 8_000
"""Characters of one text."""
_LOADER = PackageLoader("loadtest.reports", "page")


def render(run: Run, verdict: Verdict) -> str:
    """Return the page.

    Raises:
        UsageError: a histogram of the run cannot be read.
    """
    environment = _environment()
    style, script = (_asset(environment, name) for name in ("style.css", "script.js"))
    word = verdict.result.value.upper()
    rest = verdict.headline.removeprefix(word).removeprefix(" · ").strip()
    failing, excused = new_failures(run, verdict), known_failures(run, verdict)
    undecided = undecided_failures(run, verdict)
    return environment.get_template("report.html").render(
        run=run,
        verdict=verdict,
        style=style,
        script=script,
        policy=_policy(style, script),
        word=word,
        headline=[one_line(part, 400) for part in rest.split(" · ")],
        advice=one_line(next_step(run, verdict), 2_000),
        failing=failing,
        removed=removed.by_area(verdict),
        undecided=undecided,
        excused=excused,
        table=operation_table(run, verdict, anchors_of(failing, undecided, excused)),
        map=coverage_map(verdict.coverage),
        closed_loop=closed_loop(run),
        cpu=cpu.cpu_line(run),
        chart=chart(run, verdict),
        comparison=verdict.comparison,
        history=history_view(verdict.history),
        against=verdict.against,
        facts=list(against_base.facts(run, verdict.against)) if verdict.against else [],
        pair_rows=against_base.rows(verdict.against) if verdict.against else (),
        plot=(against_base.WIDTH, against_base.HEIGHT),
        endurance=html_endurance.endurance_view(run, verdict),
        failed=sum(operation.failures for operation in run.operations),
        accepted=[(one, each) for one in run.operations for each in one.acceptances],
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=_LOADER,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        ms=_ms, clock=clock, when=when, amount=_amount, size=_size, times=_times, data=_data
    )
    environment.globals.update(
        State=CoverageState,
        Severity=Severity,
        Trend=LatencyChange,
        columns=COLUMNS,
        side=SIDE,
        LATENCY=LATENCY,
        least=MIN_SAMPLES,
    )
    return environment


def _asset(environment: Environment, name: str) -> Markup:
    """Return a file of the page as it stands: the hash is over these bytes."""
    return Markup(_LOADER.get_source(environment, name)[0])  # noqa: S704 - our own file


def _policy(style: str, script: str) -> str:
    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _visible(value: Any) -> Any:
    """Return what an expression puts on the page: foreign text without unseen characters, and of bounded length.

    Jinja escapes the result; this covers what escaping does not: lone surrogates, control characters, marks that
    turn the direction of text, and a line of a megabyte.
    """
    if value is None:
        return ""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return value if value.isprintable() and len(value) <= _LONGEST else block(value, _LONGEST)


def _ms(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def _amount(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"


def _size(value: float | None) -> str:
    """Return bytes in the unit that suits them."""
    if value is None:
        return ""
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def _data(text: str) -> Markup:
    """Return JSON for the text of an element; it is longer than a text from outside may be, and holds no such text."""
    return escape(text)


def _times(count: int) -> str:
    return {0: "not called", 1: "once"}.get(count, f"{count:,} times")
