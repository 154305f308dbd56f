"""Known-failures files: ``[[known]]`` tables, edited by hand or extended by ``baseline accept``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from loadtest.core.errors import UsageError
from loadtest.core.files import parse_toml, read_text, write_atomically
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


def write_known(path: Path, additions: Iterable[KnownFailure]) -> int:
    """Add ``additions`` to the file ``path``, creating it if necessary; comments and order are preserved.

    An existing entry for the same failure is updated in place: reason, owner, link and date are replaced.
    Returns the number of added and updated entries.

    Raises:
        UsageError: the file cannot be read, parsed or written.
    """
    if path.exists():
        read_known(path)
        try:
            document = tomlkit.parse(read_text(path))
        except (TOMLKitError, ValueError, RecursionError) as error:
            raise UsageError(f"{path}: is not valid TOML: {error}") from error
    else:
        document = tomlkit.document()
        document.add(tomlkit.comment("Failures that do not block, each until its date; see docs/verdict.md."))
    tables = document.get("known")
    if not isinstance(tables, AoT) or not tables:
        document.pop("known", None)
        tables = tomlkit.aot()
        document.append("known", tables)
    changed = 0
    for known in additions:
        _put(tables, known)
        changed += 1
    write_atomically(path, tomlkit.dumps(document))
    return changed


_PLACE = ("operation", "problem", "status", "code", "message", "gateway", "database", "redis", "workers")


def _put(tables: AoT, known: KnownFailure) -> None:
    values = {key: value for key, value in msgspec.structs.asdict(known).items() if value is not None}
    if not known.sometimes:
        del values["sometimes"]
    values["problem"] = known.problem.value
    place = [values.get(key) for key in _PLACE]
    for table in tables:
        if [table.get(key) for key in _PLACE] == place:
            _fill(table, values)
            return
    table = tomlkit.table()
    _fill(table, values)
    tables.append(table)


_ORDER = (*_PLACE, "sometimes", "title", "reason", "owner", "expires", "link", "curl", "source")


def _fill(table: Table, values: Mapping[str, Any]) -> None:
    for key in _ORDER:
        if key in values and table.get(key) != values[key]:
            table[key] = values[key]


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
