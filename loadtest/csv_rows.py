"""The rows of a CSV file with their fields by name, however a program or a spreadsheet wrote it.

Byte order marks, ``;`` and tabs between fields, decimal commas, thousands separators, blank rows, rows that end
CR CR LF and headers of older Locust versions are understood. What is ambiguous is refused in one line that names
file, row and column.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, islice
from pathlib import Path

from loadtest.errors import UsageError
from loadtest.files import LARGEST_MEASUREMENT, read_bytes

LARGEST_COUNT = 10**15
"""No load makes more requests; a larger number is a slip."""
LARGEST_NUMBER = 1e15

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STYLE_ROWS = 1000
"""Rows that show whether numbers have a decimal comma."""
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
class Row:
    """One row, its fields by the names of the header."""

    path: Path
    line: int
    fields: dict[str, str]
    """By names in lower case; those of older Locust versions are in today's words."""
    _decimal: _Decimal | None = field(default=None, repr=False)

    def raw(self, name: str) -> str:
        """Return a field as it stands, or nothing where the file has no such column."""
        return self.fields.get(name.casefold(), "")

    def text(self, name: str) -> str:
        """Return a field without spaces around it."""
        return self.raw(name).strip()

    def known(self, name: str) -> bool:
        """Say whether a field holds something else than nothing, ``N/A`` or ``NaN``."""
        return self.text(name).casefold() not in _UNKNOWN

    def count(self, name: str, default: int | None = None) -> int:
        """Return a field as a whole number; what is not known is ``default`` if there is one.

        Raises:
            UsageError: it is none, below 0, or larger than any load.
        """
        if default is not None and not self.known(name):
            return default
        value = self.text(name)
        grouped = _GROUPED.fullmatch(value)
        # A count has no fraction: "1,234" and "1.234" are thousands.
        number = _float(re.sub("[.,]", "", value)) if grouped else self._number(value)
        if number is None or not 0 <= number <= LARGEST_COUNT or number != int(number):
            raise self._wrong(name, f"a whole number from 0 to {LARGEST_COUNT:g}")
        return int(number)

    def number(self, name: str, most: float = LARGEST_NUMBER) -> float | None:
        """Return a field as a number, or None if it is not known.

        Raises:
            UsageError: it is none, or too large for anything that is measured.
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


def read_rows(path: Path, required: Sequence[str], encoding: str | None = None) -> Iterator[Row]:
    """Yield the rows of ``path`` behind its header, which must name the ``required`` columns.

    Blank rows and repeated headers are left out. ``encoding`` is that of a file that is neither UTF-8 nor begins
    with a byte order mark.

    Raises:
        UsageError: the file cannot be read, is empty, cut off or no CSV, or lacks a column.
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
        yield Row(path, number, dict(zip(names, cells, strict=False)), decimal)


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
    # Locust on Windows ends rows with CR CR LF; a NUL would end the row for the parser.
    return text.replace("\r\r\n", "\r\n").replace("\0", "\ufffd")


def _delimiter(text: str) -> tuple[int, str]:
    """Return where the header begins and the delimiter of ``text``.

    A spreadsheet's first line ``sep=;`` says it; otherwise it is the one that the header holds most often.
    """
    if found := re.match(r'\s*"?sep=([,;|\t])"?[\r\n]+', text):
        return found.end(), found[1]
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    return 0, max(_DELIMITERS, key=header.count)


def _parse(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with its number."""
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
    """Return what separates the fraction of the numbers in ``rows``, or None where nothing shows it."""
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
