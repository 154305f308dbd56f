"""Read the verdicts of runs that other jobs uploaded, as untrusted data.

Only ``verdict.json`` is read, up to a limit; words must be in a list, numbers must be numbers, text is escaped and cut.
Uses the standard library only: scripts with write permissions run without installing anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from artifacts import folders, read_json

LARGEST_FILE = 5_000_000
"""Bytes of a verdict; real ones are far smaller."""
MOST_REPORTS = 32
MOST_FAILURES = 10
MOST_CHANGES = 5
"""Slower operations and breaking changes that are listed by name."""
MOST_PRINTS = 1_000
"""Fingerprints and checks of one verdict; it lists as many failures."""

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
    """A new failure, with escaped text."""

    operation: str
    problem: str
    status: int | None
    message: str
    count: int
    fingerprint: str
    """Empty if it has none."""


@dataclass(frozen=True)
class Memory:
    """Whether the gateway's memory grew."""

    trend: str
    """One of :data:`TRENDS`."""
    slope: float | None
    """Bytes per hour."""


@dataclass(frozen=True)
class Slower:
    """An operation that became slower than on the base; its name is escaped."""

    operation: str
    ratio: float


@dataclass(frozen=True)
class Against:
    """The comparison with a base, with escaped text."""

    name: str
    slower: tuple[Slower, ...]
    breaking: tuple[str, ...]
    fixed: int
    """Operations that failed on the base only."""
    also: int
    """Failures that the base has as well."""
    overall: float | None
    """Ratio of all operations together if the gateway as a whole became slower."""


@dataclass(frozen=True)
class Report:
    """The validated content of one verdict."""

    name: str
    verdict: str
    failing: int
    """Failures that fail the run."""
    new: int
    """New failures, without operations that are no longer offered."""
    expired: int
    known: int
    removed: int
    """Operations that are no longer offered."""
    called: int | None
    """Operations that were called; None if the verdict does not contain it."""
    correct: int
    """Operations that were correct at least once, as documented or not."""
    total: int | None
    requests: int
    failed: int
    p95: float | None
    failures: tuple[Failure, ...]
    causes: tuple[str, ...] = ()
    """Why it does not pass: fingerprints of new failures and names of checks, sorted."""
    memory: Memory | None = None
    against: Against | None = None


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
    """Return ``value`` for the inside of ``<code>`` in a Markdown table: every special character is an entity."""
    if not isinstance(value, str):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in value[: longest * 4]).split())
    cut = line if len(line) <= longest else line[: longest - 1] + "…"
    return "".join(c if _PLAIN.fullmatch(c) else f"&#{ord(c)};" for c in cut)


def read_object(path: Path, largest: int = LARGEST_FILE) -> dict[str, Any] | None:
    """Return the JSON object in the file ``path``, or None if it is none or larger than ``largest`` bytes."""
    found = read_json(path, largest)
    return found if isinstance(found, dict) else None


def read_report(directory: Path, name: str | None = None) -> Report | None:
    """Return the verdict in ``directory``, or None if there is no valid one.

    Its name is ``name``, by default that of the directory.
    """
    name = directory.name if name is None else name
    found = read_object(directory / "verdict.json") if NAME.fullmatch(name) else None
    word = found.get("verdict") if found is not None else None
    if found is None or not isinstance(word, str) or word not in SIGNS:
        return None
    counts, states = _object(found.get("counts")), _object(found.get("operations"))
    total = number(found["operations_total"]) if type(found.get("operations_total")) is int else None
    new = _list(found.get("new_failures"))
    removed = sum(one.get("problem") == "removed" for one in new)
    return Report(
        name=name,
        verdict=word,
        failing=number(found.get("failing", number(counts.get("new")) + number(counts.get("expired")))),
        new=max(number(counts.get("new")) - removed, 0),
        expired=number(counts.get("expired")),
        known=number(counts.get("known")) + number(counts.get("category")),
        removed=removed,
        called=max(total - number(states.get("missed")), 0) if states and total is not None else None,
        correct=number(found.get("operations_succeeded")) + number(states.get("drift")),
        total=total,
        requests=number(found.get("requests")),
        failed=number(found.get("failed_requests")),
        p95=milliseconds(_object(found.get("latency_ms")).get("p95")),
        failures=tuple(_failures(new)),
        causes=tuple(sorted({*_prints(new), *_checks(_list(found.get("findings")))})),
        memory=_memory(_list(found.get("growth"))),
        against=_against(found.get("against_base"), counts),
    )


def read_reports(directory: Path) -> tuple[Report, ...]:
    """Return the verdicts in the folders of ``directory``, sorted by name."""
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
            fingerprint=next(_prints([one]), ""),
        )


def _prints(listed: list[dict[str, Any]]) -> Iterator[str]:
    for one in listed:
        fingerprint = one.get("fingerprint")
        if isinstance(fingerprint, str) and _PRINT.fullmatch(fingerprint):
            yield fingerprint


def _checks(listed: list[dict[str, Any]]) -> Iterator[str]:
    for one in listed:
        check = one.get("check")
        serious = one.get("severity") in ("failure", "inconclusive")
        if serious and isinstance(check, str) and _WORD.fullmatch(check):
            yield check


def _memory(listed: list[dict[str, Any]]) -> Memory | None:
    for one in listed:
        if one.get("metric") == "rss" and one.get("of") == "all processes" and one.get("trend") in TRENDS:
            return Memory(one["trend"], quantity(one.get("slope"), 1e15, -1e15))
    return None


def _against(found: Any, counts: dict[str, Any]) -> Against | None:
    if not isinstance(found, dict):
        return None
    breaking = found.get("breaking")
    overall = quantity(found.get("overall_ratio"), 1e6) if found.get("overall_slower") is True else None
    return Against(
        name=text(found.get("name"), 60),
        slower=tuple(
            Slower(text(one.get("operation"), 120), ratio)
            for one in _list(found.get("slower"))
            if (ratio := quantity(one.get("ratio"), 1e6)) is not None
        ),
        breaking=tuple(text(one, 200) for one in breaking[:MOST_PRINTS])
        if isinstance(breaking, list)
        else (),
        fixed=len(fixed) if isinstance(fixed := found.get("fixed"), list) else 0,
        also=number(counts.get("also on base")),
        overall=overall,
    )


def heading() -> list[str]:
    """Return the first two lines of a table of verdicts."""
    return ["| | reports | failures | known failures | operations | p95 |", "|---|---|---|---|---|---|"]


def row(report: Report) -> str:
    """Return the row of one verdict in a table."""
    p95 = f"{report.p95:.0f} ms" if report.p95 is not None else ""
    return (
        f"| {SIGNS[report.verdict]} {report.verdict} | <code>{text(report.name, 60)}</code> | {failures(report)} "
        f"| {report.known} | {operations(report)} | {p95} |"
    )


def item(report: Report) -> str:
    """Return one verdict as an item of a list, which a narrow screen wraps."""
    p95 = f" · p95 {report.p95:.0f} ms" if report.p95 is not None else ""
    return (
        f"- {SIGNS[report.verdict]} **{report.verdict}** <code>{text(report.name, 60)}</code>: {failures(report)}, "
        f"{plural(report.known, 'known failure')} · {operations(report)}{p95}"
    )


def failures(report: Report) -> str:
    """Return ``2 new failures, 1 expired known failure``, counted as in the headline of a verdict."""
    parts = [plural(report.new, "new failure")] if report.new or not report.removed else []
    parts += [plural(report.removed, "operation") + " no longer offered"] if report.removed else []
    parts += [plural(report.expired, "expired known failure")] if report.expired else []
    return ", ".join(parts)


def plural(count: int, noun: str) -> str:
    """Return ``1 failure``, ``2 failures``, ``no failures``."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def operations(report: Report) -> str:
    """Return ``485/485 called, 466 correct``, as in the headline of a verdict."""
    total = f"/{report.total}" if report.total is not None else ""
    if report.called is None:
        return f"{report.correct}{total} correct"
    return f"{report.called}{total} called, {report.correct} correct"


def compared(report: Report) -> Iterator[str]:
    """Yield the comparison with the base as items below that of the verdict."""
    against = report.against
    if against is None:
        return
    counts = [
        plural(len(against.slower), "slower operation"),
        plural(len(against.breaking), "breaking change"),
    ]
    counts += [f"{plural(against.also, 'failure')} also on base"] if against.also else []
    counts += [f"{against.fixed} fixed"] if against.fixed else []
    yield f"  - compared with <code>{against.name}</code>: {', '.join(counts)}"
    if against.overall is not None:
        yield f"  - all operations together: {percent(against.overall)}"
    yield from _some([f"<code>{one.operation}</code> {percent(one.ratio)}" for one in against.slower])
    yield from _some([f"breaking: <code>{one}</code>" for one in against.breaking])


def percent(ratio: float) -> str:
    """Return ``62 % slower``."""
    return f"{abs(ratio - 1) * 100:.0f} % {'slower' if ratio >= 1 else 'faster'}"


def _some(items: list[str]) -> Iterator[str]:
    yield from (f"  - {one}" for one in items[:MOST_CHANGES])
    if len(items) > MOST_CHANGES:
        yield f"  - and {len(items) - MOST_CHANGES} more (all in verdict.json of the reports)"


def listed(report: Report) -> Iterator[str]:
    """Yield the lines that list the new failures of one verdict."""
    if not report.failures:
        return
    yield from ("", f"New failures in <code>{text(report.name, 60)}</code>:", "")
    for one in report.failures:
        status = f" {one.status}" if one.status else ""
        times = "once" if one.count == 1 else f"{one.count} times"
        yield f"- <code>{one.operation}</code> {one.problem}{status}, {times}: <code>{one.message}</code>"
    if report.failing > len(report.failures):
        yield f"- and {report.failing - len(report.failures)} more (all in verdict.json of the reports)"
