"""``findings.sarif``: new failures with file and line, for GitHub code scanning and editors.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

import loadtest
from loadtest.judge.failures import JudgedFailure
from loadtest.judge.verdict import Verdict
from loadtest.reports.evidence import times, title
from loadtest.reports.source_lines import SourceLine, SourceLines
from loadtest.reports.text import one_line
from loadtest.results.failures import ProblemKind
from loadtest.results.run import Run

FILENAME = "findings.sarif"

MOST = 1_000
"""Results; GitHub shows 5,000 at most, and all failures are in run.json."""
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(run: Run, verdict: Verdict) -> str:
    """Return a result for each failure that fails the run and has a file and a line; none without evidence."""
    places = SourceLines(run)
    failing = () if verdict.tainted is not None else verdict.failing[:MOST]
    results = [
        _result(one, place)
        for one in failing
        if (place := places.handler(one.failure.operation) or _call(places, one)) is not None
    ]
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "contextforge-loadtest",
                        "version": loadtest.__version__,
                        "rules": [
                            {"id": kind.value, "shortDescription": {"text": kind.value.replace("-", " ")}}
                            for kind in ProblemKind
                        ],
                    }
                },
                "results": results,
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _call(places: SourceLines, judged: JudgedFailure) -> SourceLine | None:
    return places.of(judged.failure.operation, judged.failure.scenario)


def _result(judged: JudgedFailure, place: SourceLine) -> dict[str, Any]:
    failure = judged.failure
    text = f"{one_line(failure.operation)}: {title(judged)} ({times(failure.count)})"
    uri = quote(one_line(place.file), safe="/-_.~")
    return {
        "ruleId": failure.problem.value,
        "level": "error",
        "message": {"text": one_line(text, 1_000)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": {"startLine": max(place.line, 1)},
                }
            }
        ],
        "partialFingerprints": {"contextforgeLoadtest/v1": one_line(failure.fingerprint, 40)},
    }
