"""Reading what runs concluded, as data that may say anything: what other jobs uploaded is not ours to believe.

Only ``verdict.json`` is read, up to a size; words are compared with a list, numbers must be numbers, text is
escaped and cut. Needs nothing but Python: the scripts that may write to GitHub run without installing anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from artifacts import folders, read_json

LARGEST_FILE = 5_000_000
"""Bytes of a verdict; ours are far smaller."""
MOST_REPORTS = 32
MOST_FAILURES = 10
MOST_PRINTS = 1_000
"""Fingerprints and checks of one verdict; as many failures as it lists."""

SIGNS = {
    "pass": ":white_check_mark:",
    "fail": ":x:",
    "inconclusive": ":grey_question:",
    "interrupted": ":no_entry_sign:",
}
TRENDS = ("stable", "growing", "not measurable")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_WORD = re.compile(r"[a-z][a-z-]{0,49}")
_PRINT = re.compile(r"[0-9a-f]{12}")
_PLAIN = re.compile(r"[A-Za-z0-9 ,-]")


@dataclass(frozen=True)
class Failure:
    """A new failure; its text is still foreign."""

    operation: str
    problem: str
    status: int | None
    message: str
    count: int


@dataclass(frozen=True)
class Memory:
    """Whether the gateway's memory grew."""

    trend: str
    """One of :data:`TRENDS`."""
    slope: float | None
    """Bytes per hour."""


@dataclass(frozen=True)
class Report:
    """What is believed of one verdict."""

    name: str
    verdict: str
    new: int
    known: int
    succeeded: int
    total: int | None
    requests: int
    failed: int
    p95: float | None
    failures: tuple[Failure, ...]
    causes: tuple[str, ...] = ()
    """What keeps it from passing: fingerprints of new failures, names of checks, sorted."""
    memory: Memory | None = None


def number(value: Any, most: int = 10**9) -> int:
    """Return ``value`` if it is a whole number from 0 to ``most``, else 0."""
    return value if type(value) is int and 0 <= value <= most else 0


def quantity(value: Any, most: float, least: float = 0.0) -> float | None:
    """Return ``value`` if it is a number from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None


def milliseconds(value: Any) -> float | None:
    """Return ``value`` if it is a duration of up to an hour."""
    return quantity(value, 3_600_000)


def text(value: Any, longest: int) -> str:
    """Return ``value`` for the inside of ``<code>`` in a Markdown table: every sign is an entity, so none is markup."""
    if not isinstance(value, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: longest * 4]).split())
    cut = line if len(line) <= longest else line[: longest - 1] + "…"
    return "".join(c if _PLAIN.fullmatch(c) else f"&#{ord(c)};" for c in cut)


def read_object(path: Path, largest: int = LARGEST_FILE) -> dict[str, Any] | None:
    """Return the JSON object in the file ``path``, or None if there is none of at most ``largest`` bytes."""
    found = read_json(path, largest)
    return found if isinstance(found, dict) else None


def read_report(directory: Path, name: str | None = None) -> Report | None:
    """Return the verdict in ``directory``, or None if there is none that can be read.

    It is called ``name``, or as the directory is.
    """
    name = directory.name if name is None else name
    found = read_object(directory / "verdict.json") if NAME.fullmatch(name) else None
    word = found.get("verdict") if found is not None else None
    if found is None or not isinstance(word, str) or word not in SIGNS:
        return None
    counts = _object(found.get("counts"))
    new = _list(found.get("new_failures"))
    return Report(
        name=name,
        verdict=word,
        new=number(found.get("failing", number(counts.get("new")) + number(counts.get("expired")))),
        known=number(found.get("excused", number(counts.get("known")) + number(counts.get("category")))),
        succeeded=number(found.get("operations_succeeded")),
        total=number(found["operations_total"]) if type(found.get("operations_total")) is int else None,
        requests=number(found.get("requests")),
        failed=number(found.get("failed_requests")),
        p95=milliseconds(_object(found.get("latency_ms")).get("p95")),
        failures=tuple(_failures(new)),
        causes=tuple(sorted({*_prints(new), *_checks(_list(found.get("findings")))})),
        memory=_memory(_list(found.get("growth"))),
    )


def read_reports(directory: Path) -> tuple[Report, ...]:
    """Return the verdicts in the folders of ``directory``, in the order of their names."""
    found = (read_report(folder) for folder in islice(folders(directory), MOST_REPORTS))
    return tuple(report for report in found if report is not None)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [one for one in value[:MOST_PRINTS] if isinstance(one, dict)] if isinstance(value, list) else []


def _failures(listed: list[dict[str, Any]]) -> Iterator[Failure]:
    for one in listed[:MOST_FAILURES]:
        problem = one.get("problem")
        yield Failure(
            operation=text(one.get("operation"), 120),
            problem=problem if isinstance(problem, str) and _WORD.fullmatch(problem) else "other",
            status=number(one.get("status"), 999) or None,
            message=text(one.get("message"), 200),
            count=number(one.get("count")),
        )


def _prints(listed: list[dict[str, Any]]) -> Iterator[str]:
    for one in listed:
        fingerprint = one.get("fingerprint")
        if isinstance(fingerprint, str) and _PRINT.fullmatch(fingerprint):
            yield fingerprint


def _checks(listed: list[dict[str, Any]]) -> Iterator[str]:
    for one in listed:
        check = one.get("check")
        grave = one.get("severity") in ("failure", "inconclusive")
        if grave and isinstance(check, str) and _WORD.fullmatch(check):
            yield check


def _memory(listed: list[dict[str, Any]]) -> Memory | None:
    for one in listed:
        if one.get("metric") == "rss" and one.get("of") == "all processes" and one.get("trend") in TRENDS:
            return Memory(one["trend"], quantity(one.get("slope"), 1e15, -1e15))
    return None


def heading() -> list[str]:
    """Return the first two lines of a table of verdicts."""
    return ["| | reports | new failures | known | operations succeeded | p95 |", "|---|---|---|---|---|---|"]


def row(report: Report) -> str:
    """Return the line of one verdict in a table."""
    total = f"/{report.total}" if report.total is not None else ""
    p95 = f"{report.p95:.0f} ms" if report.p95 is not None else ""
    return (
        f"| {SIGNS[report.verdict]} {report.verdict} | <code>{text(report.name, 60)}</code> | {report.new} "
        f"| {report.known} | {report.succeeded}{total} | {p95} |"
    )


def listed(report: Report) -> Iterator[str]:
    """Return the lines that name the new failures of one verdict; none if it has none."""
    if not report.failures:
        return
    yield from ("", f"New failures in <code>{text(report.name, 60)}</code>:", "")
    for one in report.failures:
        status = f" {one.status}" if one.status else ""
        times = "once" if one.count == 1 else f"{one.count} times"
        yield f"- <code>{one.operation}</code> {one.problem}{status}, {times}: <code>{one.message}</code>"
    if report.new > len(report.failures):
        yield f"- and {report.new - len(report.failures)} more (all in verdict.json of the reports)"
