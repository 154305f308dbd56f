"""Reader of known-failures files: ``[[known]]`` tables, edited by hand or extended by ``baseline accept``."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.files import parse_toml
from loadtest.core.record import Record
from loadtest.judge.known import KnownFailureEntry, entries
from loadtest.versions.data import KnownFailure, Removal


class _File(Record, frozen=True, kw_only=True):
    known: tuple[KnownFailure, ...] = ()
    removed: tuple[Removal, ...] = ()


@dataclass(frozen=True)
class KnownFailuresFile:
    """Contents of a known-failures file."""

    known: tuple[KnownFailureEntry, ...] = ()
    removed: tuple[Removal, ...] = ()


def read_known(path: Path) -> tuple[KnownFailureEntry, ...]:
    """Return the ``[[known]]`` entries of the file ``path``; see :func:`read_baseline`."""
    return read_baseline(path).known


def read_baseline(path: Path) -> KnownFailuresFile:
    """Return the entries and the intended removals in the file ``path``.

    Raises:
        UsageError: unreadable, not TOML, or an invalid entry; the message names the file, the entry and the key.
    """
    data = parse_toml(path)
    tables = data.get("known", [])
    if isinstance(tables, list):
        for number, table in enumerate(tables, 1):
            _check(path, number, table)
    try:
        file = msgspec.convert(data, _File)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}") from error
    for one in file.removed:
        if not (one.operations.strip() and one.reason.strip()):
            raise UsageError(
                f"{path}: removed ({one.operations}): operations and reason: expected text in both"
            )
    return KnownFailuresFile(entries(file.known, str(path)), file.removed)


def _check(path: Path, number: int, table: object) -> None:
    """Validate one entry, so that messages name the entry and the key."""
    if not isinstance(table, dict):
        return
    where = f"{path}: [[known]] number {number} ({table.get('operation', 'without an operation')})"
    if "expires" in table:
        _check_date(where, table["expires"])
    try:
        msgspec.convert(table, KnownFailure)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}") from error


def _check_date(where: str, value: object) -> None:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return
    try:
        dt.date.fromisoformat(str(value))
    except ValueError as error:
        raise UsageError(f"{where}: expires: {value!r}: expected a date such as 2026-12-31") from error
