"""Writes the outputs of the action from ``verdict.json``: ``python scripts/action_outputs.py reports``.

A run that got no further than its verdict still has outputs; one without a verdict is called inconclusive.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

WORD = re.compile(r"[a-z]{1,20}")


def number(verdict: dict[str, Any], section: str, key: str) -> int:
    """Return a count of the verdict; 0 where it has none."""
    group = verdict.get(section)
    value = group.get(key) if isinstance(group, dict) else None
    return value if type(value) is int else 0


def outputs(reports: Path) -> dict[str, str]:
    """Return the outputs for what stands in ``reports``: a word, counts and a path, nothing to forge."""
    try:
        verdict = json.loads((reports / "verdict.json").read_bytes())
    except (OSError, ValueError):
        verdict = {}
    if not isinstance(verdict, dict):
        verdict = {}
    word = verdict.get("verdict")
    return {
        "verdict": word if isinstance(word, str) and WORD.fullmatch(word) else "inconclusive",
        "new-failures": str(number(verdict, "counts", "new")),
        "known-failures": str(number(verdict, "counts", "known")),
        "operations-succeeded": str(number(verdict, "coverage", "succeeded")),
        "report-path": str(reports),
    }


def main() -> int:
    """Append to the file that ``$GITHUB_OUTPUT`` names, or print when there is none."""
    if len(sys.argv) != 2:
        print("usage: action_outputs.py REPORTS_DIR", file=sys.stderr)
        return 2
    reports = Path(sys.argv[1])
    if not str(reports).isprintable():
        print("REPORTS_DIR: has characters that cannot be printed, expected a plain path", file=sys.stderr)
        return 2
    lines = "".join(f"{name}={value}\n" for name, value in outputs(reports).items())
    target = os.environ.get("GITHUB_OUTPUT")
    if target is None:
        print(lines, end="")
        return 0
    with Path(target).open("a", encoding="utf-8") as file:
        file.write(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
