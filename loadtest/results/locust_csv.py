"""Reading Locust's CSV files (``--csv PREFIX``) as a run.

Columns are identified by their header, because Locust adds, renames and reorders them between versions. The files of
Locust 0.x (``PREFIX_requests.csv`` and ``PREFIX_distribution.csv``) are supported. Contradictions between the files
are recorded in the run, which then cannot pass.
Source: https://docs.locust.io/en/stable/retrieving-stats.html
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime as dt
import io
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, islice
from pathlib import Path

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.files import LARGEST_MEASUREMENT, read_bytes
from loadtest.core.operations import area_of
from loadtest.results.failures import Example, Failure, ProblemKind, fingerprint, normalise
from loadtest.results.latency import Latency
from loadtest.results.locust_errors import parse_error
from loadtest.results.locust_tracebacks import task_of
from loadtest.results.measurements import Moment, Operation, Timeline
from loadtest.results.run import Run, RunState, Settings

LARGEST_COUNT = 10**15
"""Largest plausible count; a larger one is rejected."""
LARGEST_NUMBER = 1e15

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STYLE_ROWS = 1000
"""Number of rows examined to detect a decimal comma."""
_DELIMITERS = (",", ";", "\t", "|")
_UNKNOWN = frozenset(("", "-", "n/a", "na", "nan", "none", "null", "#n/a"))
_SPACES = re.compile(r"(?<=\d)[ '\u2019\u00a0\u2009\u202f](?=\d{3}(?:\D|$))")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?P<mark>[.,])\d{3}(?:(?P=mark)\d{3})*")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d*,(?:\d{1,2}|\d{4,})|0,\d{3}|\d{4,},\d{3}|\d{1,3}(?:\.\d{3})+,\d+)")
_DECIMAL_POINT = re.compile(
    r"[+-]?(?:\d*\.(?:\d{1,2}|\d{4,})|0\.\d{3}|\d{4,}\.\d{3}|\d{1,3}(?:,\d{3})+\.\d+)"
)

_ALIASES = {
    "method": "type",
    "# requests": "request count",
    "# reqs": "request count",
    "requests": "request count",
    "# failures": "failure count",
    "# fails": "failure count",
    "failures": "failure count",
    "requests failed/s": "failures/s",
    "# occurrences": "occurrences",
    "occurences": "occurrences",
}


class _Decimal(Enum):
    POINT = "."
    COMMA = ","


@dataclass(frozen=True)
class CsvRow:
    """One row, with its fields by column name."""

    path: Path
    line: int
    fields: dict[str, str]
    """By lower-case column name; names of older Locust versions are replaced by the current ones."""
    _decimal: _Decimal | None = field(default=None, repr=False)

    def raw(self, name: str) -> str:
        """Return the unmodified field, or an empty string if the column is missing."""
        return self.fields.get(name.casefold(), "")

    def text(self, name: str) -> str:
        """Return the field without surrounding whitespace."""
        return self.raw(name).strip()

    def known(self, name: str) -> bool:
        """Return whether the field has a value other than ``N/A``, ``NaN`` and the like."""
        return self.text(name).casefold() not in _UNKNOWN

    def count(self, name: str, default: int | None = None) -> int:
        """Return the field as an integer; if it has no value, ``default`` unless that is None.

        Raises:
            UsageError: it is not an integer, negative, or implausibly large.
        """
        if default is not None and not self.known(name):
            return default
        value = self.text(name)
        grouped = _GROUPED.fullmatch(value)
        # Counts have no fraction: in "1,234" and "1.234" the mark separates thousands.
        number = _float(re.sub("[.,]", "", value)) if grouped else self._number(value)
        if number is None or not 0 <= number <= LARGEST_COUNT or number != int(number):
            raise self._wrong(name, f"a whole number from 0 to {LARGEST_COUNT:g}")
        return int(number)

    def number(self, name: str, most: float = LARGEST_NUMBER) -> float | None:
        """Return the field as a number, or None if it has no value.

        Raises:
            UsageError: it is not a number, or implausibly large.
        """
        if not self.known(name):
            return None
        number = self._number(self.text(name))
        if number is None or not abs(number) <= most:
            raise self._wrong(name, f"a number of at most {most:g}")
        return number

    def _number(self, value: str) -> float | None:
        value = _SPACES.sub("", value)
        if _PLAIN.fullmatch(value) and not (self._decimal is _Decimal.COMMA and _GROUPED.fullmatch(value)):
            return _float(value)
        if _DECIMAL_POINT.fullmatch(value):
            return _float(value.replace(",", ""))
        if _DECIMAL_COMMA.fullmatch(value):
            return _float(value.replace(".", "").replace(",", "."))
        if found := _GROUPED.fullmatch(value):
            comma = found["mark"] == ","
            fraction = self._decimal is _Decimal.COMMA and comma and value.count(",") == 1
            return _float(value.replace(",", ".") if fraction else value.replace(found["mark"], ""))
        return None

    def _wrong(self, name: str, expected: str) -> UsageError:
        return UsageError(f"{self.path}: row {self.line}: {name}: {self.text(name)!r}: expected {expected}")


def read_rows(path: Path, required: Sequence[str], encoding: str | None = None) -> Iterator[CsvRow]:
    """Yield the rows of ``path`` after its header, which must contain the ``required`` columns.

    Blank rows and repeated headers are skipped. ``encoding`` applies to a file without a byte order mark that is not
    UTF-8.

    Raises:
        UsageError: the file cannot be read, is empty, truncated or not CSV, or a column is missing.
    """
    text = _decode(path, encoding)
    first, delimiter = _delimiter(text)
    rows = _parse(path, text[first:], delimiter)
    line, header = next(rows, (0, []))
    if not line:
        raise UsageError(f"{path}: is empty, expected the header of Locust's CSV")
    names = [_column(name) for name in header]
    missing = [name for name in required if name.casefold() not in names]
    if missing:
        found = ", ".join(header[:6])
        raise UsageError(
            f"{path}: row {line}: no column {missing[0]!r}, expected the header of Locust's CSV, found {found!r}"
        )
    first_rows = list(islice(rows, _STYLE_ROWS))
    decimal = _decimal(cells for _, cells in first_rows) or (_Decimal.COMMA if delimiter == ";" else None)
    for number, cells in chain(first_rows, rows):
        if cells == header:
            continue
        if len(cells) < len(header) or any(cells[len(header) :]):
            raise UsageError(f"{path}: row {number}: {len(cells)} fields, expected {len(header)}: cut off?")
        yield CsvRow(path, number, dict(zip(names, cells, strict=False)), decimal)


def _decode(path: Path, encoding: str | None) -> str:
    data = read_bytes(path, LARGEST_MEASUREMENT)
    usual = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be" if data[:1] == b"\0" else "utf-8"
    mark, name = next((one for one in _MARKS if data.startswith(one[0])), (b"", encoding or usual))
    try:
        text = data[len(mark) :].decode(name)
    except LookupError as error:
        raise UsageError(
            f"--encoding: {name!r} is not known, expected one such as cp1252 or gb18030"
        ) from error
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        row = data.count(b"\n", 0, len(mark) + start) + 1
        wanted = "expected UTF-8, or its encoding in --encoding (a western Windows writes cp1252)"
        raise UsageError(f"{path}: row {row}: is not {name} text (byte {start}): {wanted}") from error
    # Locust on Windows ends rows with CR CR LF. The CSV parser does not accept NUL characters.
    return text.replace("\r\r\n", "\r\n").replace("\0", "\ufffd")


def _delimiter(text: str) -> tuple[int, str]:
    """Return the offset of the header and the delimiter of ``text``.

    The delimiter is given by the first line ``sep=;`` of a spreadsheet; otherwise it is the most frequent one in the
    header.
    """
    if found := re.match(r'\s*"?sep=([,;|\t])"?[\r\n]+', text):
        return found.end(), found[1]
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    return 0, max(_DELIMITERS, key=header.count)


def _parse(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row that is not blank."""
    limit = csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise UsageError(f"{path}: row {reader.line_num}: is not CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _column(name: str) -> str:
    plain = " ".join(name.split()).casefold()
    return _ALIASES.get(plain, plain)


def _decimal(rows: Iterable[list[str]]) -> _Decimal | None:
    """Return the decimal separator of the numbers in ``rows``, or None if it cannot be determined."""
    styles = {
        style
        for cells in rows
        for cell in cells
        for style, pattern in ((_Decimal.COMMA, _DECIMAL_COMMA), (_Decimal.POINT, _DECIMAL_POINT))
        if style.value in cell and pattern.fullmatch(cell.strip())
    }
    return styles.pop() if len(styles) == 1 else None


def _float(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


_TOTALS = frozenset(("aggregated", "total"))
"""Name of the row of all requests; ``Total`` until Locust 0.12."""
_NO_TYPES = frozenset(("", "none"))
_PERCENTILE = re.compile(
    r"p(\d{1,3}(?:\.\d+)?)|(\d{1,3}(?:\.\d+)?) ?(?:%|th)(?: ?(?:ile|percentile))?(?: ?\(ms\))?"
)
_LONGEST_EVIDENCE = 4096
_SUFFIXES = ("_stats.csv", "_requests.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv")
_UNITS = (1.0, 1e3, 1e6, 1e9)
"""Possible timestamp units per second: seconds, milliseconds, microseconds, nanoseconds."""
_LONGEST = 366 * 86_400.0
"""Longest plausible duration of a load, in seconds."""
_LATEST = 4e9
"""Largest timestamp in seconds since 1970 (the year 2096); a larger one is in a smaller unit."""


def read_csv_run(prefix: Path, encoding: str | None = None) -> Run:
    """Return the run recorded in ``PREFIX_stats.csv`` and the other files with this prefix, where they exist.

    ``prefix`` may also be the path of one of these files. Only the statistics are required. ``encoding`` applies to
    files without a byte order mark that are not UTF-8.

    Raises:
        UsageError: a file is missing, empty or truncated, or lacks a column; the message names file and row.
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
        """Return the path of the file of this ``kind``."""
        return self.prefix.with_name(f"{self.prefix.name}_{kind}.csv")

    def rows(self, kind: str, required: tuple[str, ...]) -> Iterator[CsvRow]:
        """Return the rows of an optional file."""
        path = self.path(kind)
        return read_rows(path, required, self.encoding) if path.exists() else iter(())

    def statistics(self) -> Path:
        """Return the statistics file, named ``_requests.csv`` until Locust 0.12."""
        path, old = self.path("stats"), self.path("requests")
        if path.exists() or not old.exists():
            return path
        return old


def _is_total(row: CsvRow) -> bool:
    return row.text("Name").casefold() in _TOTALS and row.text("Type").casefold() in _NO_TYPES


def _type(row: CsvRow) -> str:
    kind = row.text("Type")
    return "" if kind.casefold() in _NO_TYPES else kind


def _name(row: CsvRow) -> str:
    """Return ``METHOD name``, without repeating the method if the name starts with it."""
    method, name = _type(row), row.text("Name")
    return name if not method or name.split(" ", 1)[0] == method else f"{method} {name}"


class _Stats:
    """Contents of ``_stats.csv``, and its contradictions, internal and with the other files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.operations: dict[tuple[str, str], Operation] = {}
        """By method and name as in the file."""
        self.latency: Latency | None = None
        """Of all requests."""
        self.duration = 0.0
        """Seconds, derived from the rate that Locust computed."""
        self.contradictions: list[str] = []
        self._names: set[str] = set()
        self._totals: list[tuple[int, int]] = []
        self._requests = self._failures = 0

    def add_total(self, row: CsvRow, percentiles: dict[str, dict[str, float]]) -> None:
        """Add the row of all requests; concatenated files have several."""
        requests, failures = row.count("Request Count"), row.count("Failure Count", 0)
        rate = row.number("Requests/s")
        first = not self._totals
        self._totals.append((requests, failures))
        name = row.text("Name")
        own = percentiles.get(name) or percentiles.get(f"None {name}")
        self.latency = _latency(row, requests, own) if first else None
        if rate and rate > 0 and requests / rate <= _LONGEST:
            self.duration = max(self.duration, requests / rate)

    def add(self, row: CsvRow, percentiles: dict[str, dict[str, float]]) -> None:
        """Add the row of one operation; ``percentiles`` contains additional ones by name."""
        requests, failures = row.count("Request Count"), row.count("Failure Count", 0)
        if not requests and not failures:
            return
        key = (_type(row), row.raw("Name"))
        if key in self.operations:
            raise UsageError(
                f"{row.path}: row {row.line}: {_name(row)!r} appears twice, expected one row for each"
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
        """Whether the file contains the row of all requests."""
        return bool(self._totals)

    def compare_totals(self) -> None:
        """Record a contradiction if the operations do not add up to the row of all requests."""
        rows = (self._requests, self._failures)
        summed = (sum(total[0] for total in self._totals), sum(total[1] for total in self._totals))
        if rows != summed and set(self._totals) != {rows}:
            self._contradict("the sum of the rows", rows, "'Aggregated'", summed)

    def compare_history(self, path: Path, requests: int, failures: int) -> None:
        """Record a contradiction if the history counts more than the statistics, which are then truncated."""
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
        """Add failures that are missing in the statistics, and record the contradictions."""
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


def _percentiles_of(row: CsvRow) -> dict[str, float]:
    """Return the percentiles in a row; negative values (after a clock change) become 0."""
    found: dict[str, float] = {}
    for column in row.fields:
        match = _PERCENTILE.fullmatch(column)
        if match and float(match[1] or match[2]) <= 100 and (value := row.number(column)) is not None:
            found[f"{float(match[1] or match[2]):g}"] = max(value, 0.0)
    median = row.number("Median Response Time")
    return found if median is None else {"50": max(median, 0.0)} | found


def _latency(row: CsvRow, requests: int, percentiles: dict[str, float] | None = None) -> Latency | None:
    """Return the latency of a row, or None if mean or maximum is missing."""
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


def _failures(rows: Iterator[CsvRow], stats: _Stats) -> tuple[Failure, ...]:
    """Return the failures grouped by fingerprint, plus one per operation for failures without a row."""
    found: dict[str, Failure] = {}
    counts: Counter[str] = Counter()
    recorded: Counter[str] = Counter()
    prints: dict[tuple[str, str], str] = {}
    for row in rows:
        operation = stats.operations.get((_type(row), row.raw("Name")))
        name, text = operation.name if operation else _name(row), row.text("Error")
        occurrences = row.count("Occurrences")
        recorded[name] += occurrences
        parsed = parse_error(text)
        key = (name, str(parsed))
        mark = prints.get(key)
        if mark is None:
            mark = fingerprint(name, parsed.problem, parsed.status, parsed.code, parsed.message)
            prints[key] = mark
            if mark not in found:
                found[mark] = Failure(
                    fingerprint=mark,
                    operation=name,
                    problem=parsed.problem,
                    message=normalise(parsed.message),
                    status=parsed.status,
                    code=parsed.code,
                    examples=(Example(at=0.0, status=parsed.status, answer=text[:_LONGEST_EVIDENCE]),),
                )
        counts[mark] += occurrences
    return (
        *(msgspec.structs.replace(failure, count=counts[mark]) for mark, failure in found.items()),
        *(
            _without_message(o, o.failures - recorded[o.name])
            for o in stats.operations.values()
            if o.failures > recorded[o.name]
        ),
    )


def _without_message(operation: Operation, count: int) -> Failure:
    message = "Locust counted failures here whose message is not in the CSV files"
    mark = fingerprint(operation.name, ProblemKind.OTHER, None, None, message)
    return Failure(
        fingerprint=mark, operation=operation.name, problem=ProblemKind.OTHER, message=message, count=count
    )


def _exceptions(rows: Iterator[CsvRow]) -> tuple[Failure, ...]:
    """Return the exceptions raised by tasks; Locust does not record the name of the task."""
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


def _timeline(rows: Iterator[CsvRow], stats: _Stats) -> tuple[Timeline, float | None]:
    """Return the timeline and the time of its first row in seconds since 1970, if any."""
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


def _either(row: CsvRow, name: str, older: str) -> str:
    return name if row.text(name) else older


def _time(row: CsvRow) -> float:
    """Return the timestamp of a row in seconds since 1970; the unit is detected."""
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


def _percentiles(row: CsvRow) -> tuple[float | None, float | None, float | None]:
    """Return p50, p95 and p99; in the first second, Locust writes zeros for values that are not available yet."""
    known = _percentiles_of(row)
    p50, p95, p99 = (known.get(one) for one in ("50", "95", "99"))
    return (p50, p95, p99) if p50 or p95 or p99 else (None, None, None)
