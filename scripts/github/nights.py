"""Add a night to the history of a soak and show the trend: ``nights.py REPORTS_DIR LAST_NIGHT_DIR``.

Reads ``history.json`` of the last night and ``verdict.json`` of this one, writes ``history.json`` next to the latter,
and appends a table of the last nights to the job summary. The history is passed on from artifact to artifact, so it
is bounded and treated as untrusted data. Uses the standard library only.
"""

import datetime as dt
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from artifacts import read_json
from verdicts import SIGNS, TRENDS, Report, milliseconds, number, quantity, read_report

MOST_NIGHTS = 30
"""Nights in the history; artifacts are kept for as many days."""
SHOWN = 7
LARGEST_HISTORY = 1_000_000
MIB = 1 << 20
_DATE = re.compile(r"20\d\d-[01]\d-[0-3]\d")


@dataclass(frozen=True)
class Night:
    """The figures of one night."""

    run: int
    """The number of the workflow run."""
    date: str
    """``2026-03-01``, in UTC."""
    verdict: str
    new: int
    correct: int | None
    """Operations that were correct; None if the history does not contain it."""
    total: int | None
    error_rate: float | None
    """Share of the requests that failed, known failures included."""
    p95: float | None
    """Milliseconds."""
    memory: str | None
    """``stable``, ``growing``, ``not measurable``; None if the run was too short."""
    memory_slope: float | None
    """Bytes per hour."""


def night_of(report: Report, run: int, date: str) -> Night:
    """Return the figures of ``report``."""
    return Night(
        run=run,
        date=date,
        verdict=report.verdict,
        new=report.failing,
        correct=report.correct,
        total=report.total,
        error_rate=report.failed / report.requests if report.requests else None,
        p95=report.p95,
        memory=report.memory.trend if report.memory else None,
        memory_slope=report.memory.slope if report.memory else None,
    )


def read_history(path: Path) -> tuple[Night, ...]:
    """Return the nights in the file ``path``, oldest first; invalid entries are omitted."""
    found = read_json(path, LARGEST_HISTORY)
    nights = (_night(one) for one in found[-MOST_NIGHTS:]) if isinstance(found, list) else ()
    return tuple(night for night in nights if night is not None)


def _night(found: Any) -> Night | None:
    if not isinstance(found, dict):
        return None
    date, verdict, memory = found.get("date"), found.get("verdict"), found.get("memory")
    if not isinstance(date, str) or not _DATE.fullmatch(date):
        return None
    if not isinstance(verdict, str) or verdict not in (*SIGNS, NOTHING):
        return None
    return Night(
        run=number(found.get("run"), 10**15),
        date=date,
        verdict=verdict,
        new=number(found.get("new")),
        correct=number(found["correct"]) if type(found.get("correct")) is int else None,
        total=number(found["total"]) if type(found.get("total")) is int else None,
        error_rate=quantity(found.get("error_rate"), 1.0),
        p95=milliseconds(found.get("p95")),
        memory=memory if isinstance(memory, str) and memory in TRENDS else None,
        memory_slope=quantity(found.get("memory_slope"), 1e15, -1e15),
    )


NOTHING = "no verdict"
"""The verdict of a night without a report."""


def trend(nights: Sequence[Night], address: str) -> str:
    """Return the table of the last nights, newest first; ``address`` is the URL of the repository."""
    title = f"The last {min(SHOWN, len(nights))} nights" if len(nights) > 1 else "The first night"
    pairs = list(zip([None, *nights], nights, strict=False))[-SHOWN:]
    lines = [
        f"### {title}",
        "",
        "| night | verdict | new or expired failures | p95 | failed requests | memory | correct operations |",
        "|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(_cells(night, before, address))} |" for before, night in reversed(pairs)),
    ]
    return "\n".join(lines) + "\n"


def _cells(night: Night, before: Night | None, address: str) -> Iterator[str]:
    yield f"[{night.date}]({address}/actions/runs/{night.run})"
    yield f"{SIGNS.get(night.verdict, ':grey_question:')} {night.verdict}"
    yield str(night.new)
    yield _figure(night.p95, before.p95 if before else None, " ms", 0)
    yield _figure(_percent(night), _percent(before), " %", 2)
    yield _memory(night)
    yield _correct(night, before)


def _percent(night: Night | None) -> float | None:
    return None if night is None or night.error_rate is None else 100 * night.error_rate


def _correct(night: Night, before: Night | None) -> str:
    if night.correct is None:
        return ""
    total = f"/{night.total}" if night.total is not None else ""
    moved = night.correct - before.correct if before and before.correct is not None else 0
    return f"{night.correct}{total}" + (f" ({moved:+d})" if moved else "")


def _figure(now: float | None, before: float | None, unit: str, digits: int) -> str:
    """Return a figure with its change from the night before."""
    if now is None:
        return ""
    text = f"{now:.{digits}f}{unit}"
    if before is None or f"{now:.{digits}f}" == f"{before:.{digits}f}":
        return text
    return f"{text} ({now - before:+.{digits}f})"


def _memory(night: Night) -> str:
    if night.memory is None:
        return ""
    slope = "" if night.memory_slope is None else f" ({night.memory_slope / MIB:+.1f} MiB/h)"
    return f"{night.memory}{slope}"


def add_night(reports: Path, last_night: Path, environment: Mapping[str, str]) -> str:
    """Write the history including this night and return the table."""
    report = read_report(reports, "reports")
    run = int(environment.get("GITHUB_RUN_ID") or 0)
    date = dt.datetime.now(dt.UTC).date().isoformat()
    if report is None:
        night = Night(run, date, NOTHING, 0, None, None, None, None, None, None)
    else:
        night = night_of(report, run, date)
    before = [one for one in read_history(last_night / "history.json") if not run or one.run != run]
    nights = [*before, night][-MOST_NIGHTS:]
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "history.json").write_text(json.dumps([asdict(one) for one in nights], indent=1) + "\n")
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    return trend(nights, f"{server}/{repository}")


def main() -> int:
    """Add the night in the directories given on the command line."""
    if len(sys.argv) != 3:
        print("usage: nights.py REPORTS_DIR LAST_NIGHT_DIR", file=sys.stderr)
        return 2
    table = add_night(Path(sys.argv[1]), Path(sys.argv[2]), os.environ)
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if target:
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(f"\n{table}")
    else:
        print(table, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
