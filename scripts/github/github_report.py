"""Shows on GitHub what a run came to: ``python scripts/github/github_report.py reports``.

Prints the annotations, appends the summary to the job's page and hands the outputs to the workflow. A run that
got no further than its verdict still has outputs; one without a verdict is called inconclusive. Away from GitHub
the summary goes nowhere and the outputs are printed.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from artifacts import read_json, read_text

LARGEST = 1 << 20
"""Bytes of what is shown; GitHub shows no larger summary."""
LARGEST_VERDICT = 100_000_000
"""Bytes of a verdict, which names every failure."""
WORD = re.compile(r"[a-z]{1,20}")
ANNOTATION = re.compile(r"::(error|warning) [^\r\n]*")


def annotations(reports: Path) -> list[str]:
    """Return the lines of ``annotations.txt`` that are annotations."""
    text = read_text(reports / "annotations.txt", LARGEST) or ""
    return [line for line in text.splitlines() if ANNOTATION.fullmatch(line)]


def summary(reports: Path) -> str:
    """Return the page for the job's summary."""
    text = read_text(reports / "summary.md", LARGEST)
    if text is None:
        return f"The load test left no summary in `{reports.name}`: see the log of the step.\n"
    return text


def outputs(reports: Path) -> dict[str, str]:
    """Return the outputs for ``reports``: a word, counts and a path, which cannot inject others."""
    verdict = read_json(reports / "verdict.json", LARGEST_VERDICT)
    if not isinstance(verdict, dict):
        verdict = {}
    word = verdict.get("verdict")
    return {
        "verdict": word if isinstance(word, str) and WORD.fullmatch(word) else "inconclusive",
        "new-failures": str(_count(verdict.get("failing", verdict.get("new_failures")))),
        "known-failures": str(_count(verdict.get("excused", verdict.get("known_failures")))),
        "operations-succeeded": str(_count(verdict.get("operations_succeeded"))),
        "report-path": str(reports),
    }


def _count(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    return value if type(value) is int and value >= 0 else 0


def _append(variable: str, text: str) -> bool:
    target = os.environ.get(variable)
    if not target:
        return False
    with Path(target).open("a", encoding="utf-8") as file:
        file.write(text)
    return True


def main() -> int:
    """Show the reports in the directory on the command line."""
    if len(sys.argv) != 2:
        print("usage: github_report.py REPORTS_DIR", file=sys.stderr)
        return 2
    reports = Path(sys.argv[1])
    if not str(reports).isprintable():
        print("REPORTS_DIR: has characters that cannot be printed, expected a plain path", file=sys.stderr)
        return 2
    for line in annotations(reports):
        print(line)
    _append("GITHUB_STEP_SUMMARY", summary(reports))
    lines = "".join(f"{name}={value}\n" for name, value in outputs(reports).items())
    if not _append("GITHUB_OUTPUT", lines):
        print(lines, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
