"""Show the result of a run on GitHub: ``python scripts/github/github_report.py reports``.

Prints the annotations, appends the summary to the job summary, and sets the outputs of the step. Without a verdict, the
output is ``inconclusive``. Outside GitHub the outputs are printed, and the summary is not.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from artifacts import read_json, read_text

LARGEST = 1 << 20
"""Bytes of a summary; GitHub does not show a larger one."""
LARGEST_VERDICT = 100_000_000
"""Bytes of a verdict, which lists every failure."""
WORD = re.compile(r"[a-z]{1,20}")
ANNOTATION = re.compile(r"::(error|warning) [^\r\n]*")


def annotations(reports: Path) -> list[str]:
    """Return the lines of ``annotations.txt`` that are annotations."""
    text = read_text(reports / "annotations.txt", LARGEST) or ""
    return [line for line in text.splitlines() if ANNOTATION.fullmatch(line)]


def summary(reports: Path) -> str:
    """Return the text for the job summary."""
    text = read_text(reports / "summary.md", LARGEST)
    if text is None:
        return f"`{reports.name}` contains no summary of the load test; see the log of the step.\n"
    return text


def outputs(reports: Path) -> dict[str, str]:
    """Return the outputs for ``reports``: a word, counts and a path, so that none can inject another output."""
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
    """Show the reports in the directory given on the command line."""
    if len(sys.argv) != 2:
        print("usage: github_report.py REPORTS_DIR", file=sys.stderr)
        return 2
    reports = Path(sys.argv[1])
    if not str(reports).isprintable():
        print("REPORTS_DIR: contains non-printable characters, expected a plain path", file=sys.stderr)
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
