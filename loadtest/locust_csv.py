"""Reading the CSV files that any Locust writes (``--csv PREFIX``) as a run.

Columns are found by their header: Locust adds and reorders them between versions.
Source: https://docs.locust.io/en/stable/retrieving-stats.html
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtest.csv_rows import Row, read_rows
from loadtest.errors import UsageError
from loadtest.failures import Example, Failure, ProblemKind
from loadtest.fingerprint import fingerprint, normalise
from loadtest.histogram import Latency
from loadtest.locust_errors import understand
from loadtest.measured import Operation
from loadtest.operations import area_of
from loadtest.run import Run, RunState, Settings
from loadtest.timeline import Moment, Timeline

_AGGREGATED = "Aggregated"
_PERCENTILE = re.compile(r"^(\d{1,3}(?:\.\d+)?)%$")
_LONGEST_EVIDENCE = 4096


def read_csv_run(prefix: Path) -> Run:
    """Return the run that ``PREFIX_stats.csv`` and, where they exist, its sister files describe.

    ``prefix`` may also be the path of the ``_stats.csv`` file itself. Only that one is required.

    Raises:
        UsageError: a file is missing, empty, cut off, or lacks a column; the message names file and row.
    """
    if prefix.name.endswith("_stats.csv"):
        prefix = prefix.with_name(prefix.name.removesuffix("_stats.csv"))
    path = _sister(prefix, "stats")
    stats = _stats(path, read_rows(path, ("Name", "Request Count", "Failure Count")))
    failures = _failures(_optional(prefix, "failures", ("Name", "Error", "Occurrences")), stats)
    exceptions = _exceptions(_optional(prefix, "exceptions", ("Count", "Message")))
    timeline, first = _timeline(_optional(prefix, "stats_history", ("Timestamp", "Name")))
    started = dt.datetime.fromtimestamp(path.stat().st_mtime if first is None else first, dt.UTC)
    lasted = timeline.moments[-1].at if len(timeline.moments) > 1 else stats.duration
    return Run(
        state=RunState.COMPLETE,
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration=lasted,
        source="csv",
        settings=Settings(host="", profile="custom"),
        operations=tuple(stats.operations.values()),
        failures=(*failures, *exceptions),
        timeline=timeline,
        latency=stats.latency,
    )


def _sister(prefix: Path, kind: str) -> Path:
    return prefix.with_name(f"{prefix.name}_{kind}.csv")


def _optional(prefix: Path, kind: str, required: tuple[str, ...]) -> Iterator[Row]:
    path = _sister(prefix, kind)
    return read_rows(path, required) if path.exists() else iter(())


def _name(row: Row, kind: str) -> str:
    """Return ``METHOD name``; a locustfile that names its requests so itself says it once."""
    method, name = row.text(kind), row.text("Name")
    return name if not method or name.split(" ", 1)[0] == method else f"{method} {name}"


@dataclass(frozen=True)
class _Stats:
    """What ``_stats.csv`` says."""

    operations: dict[tuple[str, str], Operation]
    """By Locust's own method and name."""
    latency: Latency | None
    """Of all requests together."""
    duration: float
    """Seconds, from the rate that Locust computed."""


def _stats(path: Path, rows: Iterator[Row]) -> _Stats:
    operations: dict[tuple[str, str], Operation] = {}
    names: set[str] = set()
    for row in rows:
        requests, failures = int(row.number("Request Count")), int(row.number("Failure Count"))
        latency = _latency(row, requests)
        method = row.text("Type")
        if row.text("Name") == _AGGREGATED and not method:
            rate = row.number("Requests/s", 0.0)
            return _Stats(operations, latency, requests / rate if rate else 0.0)
        if not requests and not failures:
            continue
        name = _name(row, "Type")
        if (method, row.text("Name")) in operations:
            raise UsageError(f"{row.path}: row {row.line}: {name!r} stands twice, expected one row for each")
        while name in names:
            name += " (again)"
        names.add(name)
        requests = max(requests, failures)
        operations[method, row.text("Name")] = Operation(
            name=name,
            area=area_of(name),
            requests=requests,
            successes=requests - failures,
            failures=failures,
            received=int(row.number("Average Content Size", 0.0) * requests),
            latency=latency,
        )
    raise UsageError(
        f"{path}: no row {_AGGREGATED!r} at its end, with which Locust closes the file: cut off?"
    )


def _latency(row: Row, requests: int) -> Latency | None:
    if not requests:
        return None
    percentiles = {
        f"{float(found[1]):g}": row.number(column, 0.0)
        for column in row.fields
        if (found := _PERCENTILE.match(column)) and row.text(column) not in ("", "N/A")
    }
    return Latency(
        count=requests,
        mean=row.number("Average Response Time", 0.0),
        min=row.number("Min Response Time", 0.0),
        max=row.number("Max Response Time", 0.0),
        percentiles=percentiles,
    )


def _failures(rows: Iterator[Row], stats: _Stats) -> tuple[Failure, ...]:
    """Return the failures, rows of one fault together, and one for what no row speaks of."""
    found: dict[str, Failure] = {}
    counts: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    prints: dict[tuple[str, str], str] = {}
    for row in rows:
        operation = stats.operations.get((row.text("Method"), row.text("Name")))
        name, text = operation.name if operation else _name(row, "Method"), row.text("Error")
        occurrences = int(row.number("Occurrences"))
        recorded[name] += occurrences
        understood = understand(text)
        key = (name, str(understood))
        mark = prints.get(key)
        if mark is None:
            mark = fingerprint(
                name, understood.problem, understood.status, understood.code, understood.message
            )
            prints[key] = mark
            if mark not in found:
                found[mark] = Failure(
                    fingerprint=mark,
                    operation=name,
                    problem=understood.problem,
                    message=normalise(understood.message),
                    status=understood.status,
                    code=understood.code,
                    examples=(Example(at=0.0, status=understood.status, answer=text[:_LONGEST_EVIDENCE]),),
                )
        counts[mark] += occurrences
    return (
        *(msgspec.structs.replace(failure, count=counts[mark]) for mark, failure in found.items()),
        *(
            _unspoken(o, o.failures - recorded[o.name])
            for o in stats.operations.values()
            if o.failures > recorded[o.name]
        ),
    )


def _unspoken(operation: Operation, count: int) -> Failure:
    message = "Locust counted failures here whose message is not in the CSV files"
    mark = fingerprint(operation.name, ProblemKind.OTHER, None, None, message)
    return Failure(
        fingerprint=mark, operation=operation.name, problem=ProblemKind.OTHER, message=message, count=count
    )


def _exceptions(rows: Iterator[Row]) -> tuple[Failure, ...]:
    """Return what the tasks themselves raised; Locust does not say in which task."""
    found: dict[str, Failure] = {}
    for row in rows:
        text, traceback = row.text("Message"), row.text("Traceback")
        where = re.findall(r'File "[^"]*?([^"/\\]+)", line \d+, in (\w+)', traceback)
        name = f"TASK {where[-1][0]}:{where[-1][1]}" if where else "TASK"
        mark = fingerprint(name, ProblemKind.SCENARIO, None, None, text)
        count = int(row.number("Count")) + (found[mark].count if mark in found else 0)
        found[mark] = Failure(
            fingerprint=mark,
            operation=name,
            problem=ProblemKind.SCENARIO,
            message=normalise(text),
            count=count,
            examples=(Example(at=0.0, answer=traceback[:_LONGEST_EVIDENCE]),),
        )
    return tuple(found.values())


def _timeline(rows: Iterator[Row]) -> tuple[Timeline, float | None]:
    """Return the timeline and the time of its first row in seconds since 1970, if there is one."""
    moments: list[Moment] = []
    first: float | None = None
    requests = failures = 0
    for row in rows:
        if row.text("Name") != _AGGREGATED:
            continue
        at = row.number("Timestamp")
        first = at if first is None else first
        total, failed = (
            int(row.number("Total Request Count", 0.0)),
            int(row.number("Total Failure Count", 0.0)),
        )
        p50, p95, p99 = _percentiles(row)
        moments.append(
            Moment(
                at=max(at - first, 0.0),
                requests=max(total - requests, 0),
                failures=max(failed - failures, 0),
                users=int(row.number("User Count", 0.0)),
                p50=p50,
                p95=p95,
                p99=p99,
            )
        )
        requests, failures = total, failed
    return Timeline(moments=tuple(moments)), first


def _percentiles(row: Row) -> tuple[float | None, float | None, float | None]:
    """Return p50, p95 and p99; in its first second Locust writes zeros for what it does not know yet."""
    p50, p95, p99 = (_known(row, column) for column in ("50%", "95%", "99%"))
    return (p50, p95, p99) if p50 or p95 or p99 else (None, None, None)


def _known(row: Row, column: str) -> float | None:
    return None if row.text(column) in ("", "N/A") else row.number(column)
