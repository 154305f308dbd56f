"""The rows of a CSV file that Locust wrote, with their fields by name; every complaint names file and row."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtest.errors import UsageError


@dataclass(frozen=True)
class Row:
    """One row, its fields by the names of the header."""

    path: Path
    line: int
    fields: dict[str, str]

    def text(self, name: str) -> str:
        """Return a field, or nothing where the file has no such column."""
        return self.fields.get(name, "").strip()

    def number(self, name: str, default: float | None = None) -> float:
        """Return a field as a number; empty and ``N/A`` are ``default`` if there is one.

        Raises:
            UsageError: it is none, or below 0.
        """
        value = self.text(name)
        if value in ("", "N/A") and default is not None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise UsageError(
                f"{self.path}: row {self.line}: {name}: {value!r}: expected a number of 0 or more"
            )
        return number


def read_rows(path: Path, required: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of ``path`` behind its header, which must name the ``required`` columns.

    Raises:
        UsageError: the file cannot be read, is empty, cut off or no CSV, or lacks a column.
    """
    limit = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.reader((line.replace("\0", "\ufffd") for line in file), strict=True)
            header = next(reader, None)
            if header is None:
                raise UsageError(f"{path}: is empty, expected the header of Locust's CSV")
            missing = [name for name in required if name not in header]
            if missing:
                raise UsageError(
                    f"{path}: row 1: no column {missing[0]!r}, expected the header of Locust's CSV"
                )
            for fields in reader:
                if len(fields) != len(header):
                    raise UsageError(
                        f"{path}: row {reader.line_num}: {len(fields)} fields, expected {len(header)}: cut off?"
                    )
                yield Row(path, reader.line_num, dict(zip(header, fields, strict=True)))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise UsageError(f"{path}: row {reader.line_num}: is not CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)
