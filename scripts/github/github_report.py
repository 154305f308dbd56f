"""Show the result of a run on GitHub: ``python scripts/github/github_report.py reports``.

Prints the annotations, appends the summary to the job summary, and sets the outputs of the step. Without a verdict, the
output is ``inconclusive``. With ``--page`` it only names the report page for its upload. Outside GitHub the outputs are
printed, and the summary is not.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artifacts import read_json, read_text

LARGEST = 1 << 20
"""Bytes of a summary; GitHub does not show a larger one."""
LARGEST_VERDICT = 100_000_000
"""Bytes of a verdict, which lists every failure."""
WORD = re.compile(r"[a-z]{1,20}")
ADDRESS = re.compile(r"https?://[^\s()<>\[\]]{1,500}")
SAFE = re.compile(r"[^A-Za-z0-9.-]+")
LARGEST_PAGE = 20_000_000
ANNOTATION = re.compile(r"::(error|warning) [^\r\n]*")


def annotations(reports: Path) -> list[str]:
    """Return the lines of ``annotations.txt`` that are annotations."""
    text = read_text(reports / "annotations.txt", LARGEST) or ""
    return [line for line in text.splitlines() if ANNOTATION.fullmatch(line)]


def summary(reports: Path, page: str = "") -> str:
    """Return the text for the job summary, with a link to ``page``, the address of the uploaded report page."""
    text = read_text(reports / "summary.md", LARGEST)
    if text is None:
        return f"`{reports.name}` contains no summary of the load test; see the log of the step.\n"
    if not ADDRESS.fullmatch(page):
        return text
    heading, _, rest = text.partition("\n")
    return f"{heading}\n\n**[Open the report]({page})**\n{rest}"


def name_page(reports: Path, environment: Mapping[str, str]) -> Path | None:
    """Copy the report page to a file with a name that is unique in the workflow run; return it, or None without a page.

    GitHub names an artifact that is a single file after the file.
    """
    text = read_text(reports / "report.html", LARGEST_PAGE)
    if text is None:
        return None
    words = (environment.get("GITHUB_JOB", ""), environment.get("JOB_INDEX", ""))
    name = "-".join(("load-test-report", *(SAFE.sub("-", word)[:30] for word in words if word)))
    target = Path(environment.get("RUNNER_TEMP") or reports) / f"{name}.html"
    target.write_text(text, encoding="utf-8")
    return target


def outputs(reports: Path, page: str = "") -> dict[str, str]:
    """Return the outputs for ``reports``: a word, counts, a path and the address ``page``; none can inject another."""
    verdict = read_json(reports / "verdict.json", LARGEST_VERDICT)
    if not isinstance(verdict, dict):
        verdict = {}
    word = verdict.get("verdict")
    return {
        "verdict": word if isinstance(word, str) and WORD.fullmatch(word) else "inconclusive",
        "new-failures": str(_count(verdict.get("failing", verdict.get("new_failures")))),
        "known-failures": str(_count(verdict.get("excused", verdict.get("known_failures")))),
        **_against(verdict.get("against_base")),
        "operations-succeeded": str(_count(verdict.get("operations_succeeded"))),
        "report-path": str(reports),
        "report-url": page if ADDRESS.fullmatch(page) else "",
    }


def _against(found: Any) -> dict[str, str]:
    """Return the outputs of the comparison with a base; empty ones without a base."""
    counted = {"slower-operations": "slower", "breaking-changes": "breaking", "fixed-operations": "fixed"}
    against = found if isinstance(found, dict) else {}
    return {name: str(_count(against[key])) if key in against else "" for name, key in counted.items()}


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
    arguments = sys.argv[1:]
    page_only = "--page" in arguments
    arguments = [one for one in arguments if one != "--page"]
    if len(arguments) != 1:
        print("usage: github_report.py [--page] REPORTS_DIR", file=sys.stderr)
        return 2
    reports = Path(arguments[0])
    if not str(reports).isprintable():
        print("REPORTS_DIR: contains non-printable characters, expected a plain path", file=sys.stderr)
        return 2
    if page_only:
        page = name_page(reports, os.environ)
        lines = f"page={page}\n" if page else ""
        if not _append("GITHUB_OUTPUT", lines):
            print(lines, end="")
        return 0
    for line in annotations(reports):
        print(line)
    page_url = os.environ.get("REPORT_URL", "")
    _append("GITHUB_STEP_SUMMARY", summary(reports, page_url))
    lines = "".join(f"{name}={value}\n" for name, value in outputs(reports, page_url).items())
    if not _append("GITHUB_OUTPUT", lines):
        print(lines, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
