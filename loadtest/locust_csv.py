"""Reading the CSV files that any Locust writes (``--csv PREFIX``) as a run.

Columns are found by their header: Locust adds, renames and reorders them between versions. Those of Locust 0.x
(``PREFIX_requests.csv`` and ``PREFIX_distribution.csv``) are read as well. What the files say more than once must
agree; where it does not, the run says so and cannot pass.
Source: https://docs.locust.io/en/stable/retrieving-stats.html
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtest.csv_rows import Row, read_rows
from loadtest.errors import UsageError
from loadtest.failures import Example, Failure, ProblemKind
from loadtest.fingerprint import fingerprint, normalise
from loadtest.histogram import Latency
from loadtest.locust_errors import understand
from loadtest.locust_tracebacks import task_of
from loadtest.measured import Operation
from loadtest.operations import area_of
from loadtest.run import Run, RunState, Settings
from loadtest.timeline import Moment, Timeline

_TOTALS = frozenset(("aggregated", "total"))
"""What Locust calls the row of all requests together; ``Total`` until 0.12."""
_NO_TYPES = frozenset(("", "none"))
_PERCENTILE = re.compile(
    r"p(\d{1,3}(?:\.\d+)?)|(\d{1,3}(?:\.\d+)?) ?(?:%|th)(?: ?(?:ile|percentile))?(?: ?\(ms\))?"
)
_LONGEST_EVIDENCE = 4096
_SUFFIXES = ("_stats.csv", "_requests.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv")
_UNITS = (1.0, 1e3, 1e6, 1e9)
"""How many units of a time stamp are a second: seconds, milliseconds, microseconds, nanoseconds."""
_LONGEST = 366 * 86_400.0
"""Seconds of a load; what is longer is a slip."""
_LATEST = 4e9
"""Seconds since 1970, in the year 2096; a larger time stamp has a smaller unit."""


def read_csv_run(prefix: Path, encoding: str | None = None) -> Run:
    """Return the run that ``PREFIX_stats.csv`` and, where they exist, its sister files describe.

    ``prefix`` may also be the path of one of these files. Only the statistics are required. ``encoding`` is that of
    files that are neither UTF-8 nor begin with a byte order mark.

    Raises:
        UsageError: a file is missing, empty, cut off, or lacks a column; the message names file and row.
    """
    files = _Files(_prefix(prefix), encoding)
    stats = _stats(files)
    failures = _failures(files.rows("failures", ("Name", "Error", "Occurrences")), stats)
    exceptions = _exceptions(files.rows("exceptions", ("Count", "Message")))
    timeline, first = _timeline(files.rows("stats_history", ("Timestamp", "Name")), stats)
    stats.compare_totals()
    stats.compare_failures(failures, files.path("failures"))
    return Run(
        state=RunState.COMPLETE,
        started="" if first is None else _iso(first),
        duration=timeline.moments[-1].at if len(timeline.moments) > 1 else stats.duration,
        source="csv",
        settings=Settings(host="", profile="custom"),
        operations=tuple(stats.operations.values()),
        failures=(*failures, *exceptions),
        timeline=timeline,
        latency=stats.latency,
        contradictions=tuple(stats.contradictions),
    )


def _prefix(path: Path) -> Path:
    suffix = next((one for one in _SUFFIXES if path.name.endswith(one)), "")
    name = path.name.removesuffix(suffix)
    if name in ("", ".."):
        raise UsageError(f"--csv: {str(path)!r}: expected the PREFIX of Locust's PREFIX_stats.csv")
    return path.with_name(name)


@dataclass(frozen=True)
class _Files:
    """The files of one prefix."""

    prefix: Path
    encoding: str | None

    def path(self, kind: str) -> Path:
        """Return where the file of a ``kind`` is."""
        return self.prefix.with_name(f"{self.prefix.name}_{kind}.csv")

    def rows(self, kind: str, required: tuple[str, ...]) -> Iterator[Row]:
        """Return the rows of an optional file."""
        path = self.path(kind)
        return read_rows(path, required, self.encoding) if path.exists() else iter(())

    def statistics(self) -> Path:
        """Return the file of statistics: ``_requests.csv`` is what Locust called it until 0.12."""
        path, old = self.path("stats"), self.path("requests")
        if path.exists() or not old.exists():
            return path
        return old


def _is_total(row: Row) -> bool:
    return row.text("Name").casefold() in _TOTALS and row.text("Type").casefold() in _NO_TYPES


def _type(row: Row) -> str:
    kind = row.text("Type")
    return "" if kind.casefold() in _NO_TYPES else kind


def _name(row: Row) -> str:
    """Return ``METHOD name``; a locustfile that names its requests so itself says it once."""
    method, name = _type(row), row.text("Name")
    return name if not method or name.split(" ", 1)[0] == method else f"{method} {name}"


class _Stats:
    """What ``_stats.csv`` says, and where it contradicts itself or its sisters."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.operations: dict[tuple[str, str], Operation] = {}
        """By Locust's own method and name."""
        self.latency: Latency | None = None
        """Of all requests together."""
        self.duration = 0.0
        """Seconds, from the rate that Locust computed."""
        self.contradictions: list[str] = []
        self._names: set[str] = set()
        self._totals: list[tuple[int, int]] = []
        self._requests = self._failures = 0

    def add_total(self, row: Row, percentiles: dict[str, dict[str, float]]) -> None:
        """Take the row of all requests together; two files that were joined have two."""
        requests, failures = row.count("Request Count"), row.count("Failure Count", 0)
        rate = row.number("Requests/s")
        first = not self._totals
        self._totals.append((requests, failures))
        name = row.text("Name")
        own = percentiles.get(name) or percentiles.get(f"None {name}")
        self.latency = _latency(row, requests, own) if first else None
        if rate and rate > 0 and requests / rate <= _LONGEST:
            self.duration = max(self.duration, requests / rate)

    def add(self, row: Row, percentiles: dict[str, dict[str, float]]) -> None:
        """Take the row of one operation; ``percentiles`` by name go with those of the row."""
        requests, failures = row.count("Request Count"), row.count("Failure Count", 0)
        if not requests and not failures:
            return
        key = (_type(row), row.raw("Name"))
        if key in self.operations:
            raise UsageError(
                f"{row.path}: row {row.line}: {_name(row)!r} stands twice, expected one row for each"
            )
        name = self._own(_name(row))
        self._requests += requests
        self._failures += failures
        requests = max(requests, failures)
        self.operations[key] = Operation(
            name=name,
            area=area_of(name),
            requests=requests,
            successes=requests - failures,
            failures=failures,
            received=int(max(row.number("Average Content Size") or 0.0, 0.0) * requests),
            latency=_latency(row, requests, percentiles.get(name)),
        )

    def _own(self, name: str) -> str:
        while name in self._names:
            name += " (again)"
        self._names.add(name)
        return name

    @property
    def complete(self) -> bool:
        """Whether the row of all requests together is there."""
        return bool(self._totals)

    def compare_totals(self) -> None:
        """Note where the rows of the operations are not what the row of all requests says."""
        rows = (self._requests, self._failures)
        summed = (sum(total[0] for total in self._totals), sum(total[1] for total in self._totals))
        if rows != summed and set(self._totals) != {rows}:
            self._contradict("the sum of the rows", rows, "'Aggregated'", summed)

    def compare_history(self, path: Path, requests: int, failures: int) -> None:
        """Note where the last row of the history counts more than the statistics: these were cut short."""
        if requests > self._requests or failures > self._failures:
            rows = (self._requests, self._failures)
            self._contradict(
                "the sum of the rows", rows, f"the last row of {path.name}", (requests, failures)
            )

    def _contradict(self, one: str, ours: tuple[int, int], other: str, theirs: tuple[int, int]) -> None:
        self.contradictions.append(
            f"{self.path.name}: {one} is {ours[0]} requests, {ours[1]} failed; "
            f"{other} says {theirs[0]} requests, {theirs[1]} failed"
        )

    def compare_failures(self, failures: Iterable[Failure], path: Path) -> None:
        """Count what the file of failures has on top of the statistics, and note that the two differ."""
        recorded: Counter[str] = Counter()
        for failure in failures:
            recorded[failure.operation] += failure.count
        for key, operation in self.operations.items():
            count = recorded.pop(operation.name, 0)
            if count > operation.failures:
                self.contradictions.append(
                    f"{operation.name}: {path.name} has {count} failures, {self.path.name} has {operation.failures}"
                )
                self.operations[key] = _with_failures(operation, count)
        for name, count in recorded.items():
            self.contradictions.append(
                f"{name}: {path.name} has {count} failures, {self.path.name} has no row of it"
            )
            self.operations["", name] = Operation(
                name=name, area=area_of(name), requests=count, successes=0, failures=count
            )


def _with_failures(operation: Operation, failures: int) -> Operation:
    requests = max(operation.requests, failures)
    return msgspec.structs.replace(
        operation, requests=requests, failures=failures, successes=requests - failures
    )


def _stats(files: _Files) -> _Stats:
    stats = _Stats(files.statistics())
    percentiles = {row.text("Name"): _percentiles_of(row) for row in files.rows("distribution", ("Name",))}
    for row in read_rows(stats.path, ("Name", "Request Count", "Failure Count"), files.encoding):
        if _is_total(row):
            stats.add_total(row, percentiles)
        else:
            stats.add(row, percentiles)
    if not stats.complete:
        raise UsageError(
            f"{stats.path}: no row 'Aggregated' at its end, with which Locust closes the file: cut off?"
        )
    return stats


def _percentiles_of(row: Row) -> dict[str, float]:
    """Return the percentiles that a row knows; one that a clock made negative is 0."""
    found: dict[str, float] = {}
    for column in row.fields:
        match = _PERCENTILE.fullmatch(column)
        if match and float(match[1] or match[2]) <= 100 and (value := row.number(column)) is not None:
            found[f"{float(match[1] or match[2]):g}"] = max(value, 0.0)
    median = row.number("Median Response Time")
    return found if median is None else {"50": max(median, 0.0)} | found


def _latency(row: Row, requests: int, percentiles: dict[str, float] | None = None) -> Latency | None:
    """Return the latency of a row; None where it does not know both mean and maximum."""
    mean, longest = row.number("Average Response Time"), row.number("Max Response Time")
    if not requests or mean is None or longest is None:
        return None
    return Latency(
        count=requests,
        mean=max(mean, 0.0),
        min=max(row.number("Min Response Time") or 0.0, 0.0),
        max=max(longest, 0.0),
        percentiles=(percentiles or {}) | _percentiles_of(row),
    )


def _failures(rows: Iterator[Row], stats: _Stats) -> tuple[Failure, ...]:
    """Return the failures, rows of one fault together, and one for what no row speaks of."""
    found: dict[str, Failure] = {}
    counts: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    prints: dict[tuple[str, str], str] = {}
    for row in rows:
        operation = stats.operations.get((_type(row), row.raw("Name")))
        name, text = operation.name if operation else _name(row), row.text("Error")
        occurrences = row.count("Occurrences")
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
        name = task_of(traceback)
        mark = fingerprint(name, ProblemKind.SCENARIO, None, None, text)
        count = row.count("Count") + (found[mark].count if mark in found else 0)
        found[mark] = Failure(
            fingerprint=mark,
            operation=name,
            problem=ProblemKind.SCENARIO,
            message=normalise(text),
            count=count,
            examples=(Example(at=0.0, answer=traceback[:_LONGEST_EVIDENCE]),),
        )
    return tuple(found.values())


def _timeline(rows: Iterator[Row], stats: _Stats) -> tuple[Timeline, float | None]:
    """Return the timeline and the time of its first row in seconds since 1970, if there is one."""
    found = sorted(((_time(row), row) for row in rows if _is_total(row)), key=lambda one: one[0])
    moments: list[Moment] = []
    requests = failures = 0
    for at, row in found:
        total = row.count(_either(row, "Total Request Count", "Request Count"), 0)
        failed = row.count(_either(row, "Total Failure Count", "Failure Count"), 0)
        if at - found[0][0] > _LONGEST:
            raise UsageError(f"{row.path}: row {row.line}: Timestamp: is more than a year after the first")
        p50, p95, p99 = _percentiles(row)
        moments.append(
            Moment(
                at=at - found[0][0],
                requests=max(total - requests, 0),
                failures=max(failed - failures, 0),
                users=row.count("User Count", 0),
                p50=p50,
                p95=p95,
                p99=p99,
            )
        )
        requests, failures = total, failed
    if found:
        stats.compare_history(found[0][1].path, requests, failures)
    return Timeline(moments=tuple(moments)), found[0][0] if found else None


def _either(row: Row, name: str, older: str) -> str:
    return name if row.text(name) else older


def _time(row: Row) -> float:
    """Return the time stamp of a row in seconds since 1970, whatever its unit."""
    text = row.text("Timestamp")
    seconds: float | None = None
    if re.search("[-:]", text):
        with contextlib.suppress(ValueError, OverflowError):
            moment = dt.datetime.fromisoformat(text)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    else:
        number = row.number("Timestamp", most=_LATEST * _UNITS[-1])
        seconds = None if number is None else next(number / u for u in _UNITS if number / u <= _LATEST)
    if seconds is None or seconds < 0:
        raise UsageError(
            f"{row.path}: row {row.line}: Timestamp: {text!r}: expected seconds or milliseconds since 1970"
        )
    return seconds


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _percentiles(row: Row) -> tuple[float | None, float | None, float | None]:
    """Return p50, p95 and p99; in its first second Locust writes zeros for what it does not know yet."""
    known = _percentiles_of(row)
    p50, p95, p99 = (known.get(one) for one in ("50", "95", "99"))
    return (p50, p95, p99) if p50 or p95 or p99 else (None, None, None)
