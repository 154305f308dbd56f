"""Writer of known-failures files; it preserves comments and order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from loadtest.core.errors import UsageError
from loadtest.core.files import read_text, write_atomically
from loadtest.judge.known_file import read_known
from loadtest.versions.data import KnownFailure


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
