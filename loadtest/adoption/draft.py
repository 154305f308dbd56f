"""The data file of a new version, drafted from that of another one: its text, with only the changes made to it.

An entry stays, with its comments and its date, unless its operation was in the other version's contract and is not in
the new one's. What OpenAPI cannot show (JSON-RPC methods, WebSockets, mounted applications) was in neither, and stays.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

import msgspec
import tomlkit
from packaging.specifiers import SpecifierSet

from loadtest.adoption.releases import in_order
from loadtest.core.operations import base
from loadtest.gateway.install.manifest import Manifest
from loadtest.versions.data import VersionData

ENTRIES = {"allowed": "operation", "excluded": "operations", "drift": "operation", "known": "operation"}
"""The lists of entries, and the key of each that names operations."""
COLUMNS = 118
"""Of a comment; the data files are no wider."""

_HEADER = re.compile(r"\[\[?[A-Za-z0-9_.-]+\]\]?\s*(?:#.*)?")
_QUOTES = re.compile(r'"""|' + "'''")


@dataclass(frozen=True)
class OldPackages:
    """That a lock was resolved as of an earlier day."""

    day: dt.date
    why: str
    """How it failed with the packages of today."""


@dataclass(frozen=True)
class Draft:
    """A data file that is not written yet."""

    text: str
    left_out: tuple[str, ...]
    """What of the template is not in it, in a few words each."""

    @property
    def data(self) -> VersionData:
        """What it says."""
        return msgspec.convert(tomllib.loads(self.text), VersionData)


def draft(
    template: str,
    version: str,
    manifest: Manifest,
    *,
    before: Collection[str],
    now: Collection[str],
    packages: OldPackages | None = None,
) -> Draft:
    """Return the data file of ``version`` from ``template``, the text of another version's.

    ``before`` are the operations of the template's contract, ``now`` those of the new version's.
    """
    head, *tables = blocks(template)
    left_out: list[str] = []
    kept = [_head(head, version, manifest, packages, left_out)]
    for text in tables:
        gone = _gone(text, before, now)
        if gone is None:
            kept.append(text)
        else:
            left_out.append(gone)
    return Draft("".join(kept).rstrip("\n") + "\n", tuple(left_out))


def blocks(text: str) -> list[str]:
    """Split a TOML file before each header of a table and the comment right above it; joined they are ``text``."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    quotes = ""
    for number, line in enumerate(lines):
        if not quotes and _HEADER.fullmatch(line.strip()) and line.startswith("["):
            start = number
            while start > starts[-1] and lines[start - 1].startswith("#"):
                start -= 1
            starts.append(start)
        for found in _QUOTES.findall(line):
            quotes = found if not quotes else "" if found == quotes else quotes
    return ["".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _head(
    text: str, version: str, manifest: Manifest, packages: OldPackages | None, left_out: list[str]
) -> str:
    """Return what stands before the first table, as it is for ``version``."""
    document = tomlkit.parse(_without(text, "exclude_newer"))
    document["version"] = version
    if manifest.python and SpecifierSet(manifest.python) != SpecifierSet(str(document["python"])):
        # The metadata of a package has its bounds in any order.
        document["python"] = in_order(SpecifierSet(manifest.python))
    extras = document.get("extras", [])
    for extra in [one for one in extras if one not in manifest.extras]:
        extras.remove(extra)
        left_out.append(f"extra {extra}: the release has no such extra")
    changed = tomlkit.dumps(document)
    if packages is None:
        return changed
    why = f"With the packages of {dt.datetime.now(dt.UTC).date()} it does not boot: {packages.why}"
    comment = textwrap.fill(why, COLUMNS, initial_indent="# ", subsequent_indent="# ")
    body = changed.rstrip("\n")
    return f"{body}\n{comment}\nexclude_newer = {packages.day.isoformat()}{changed[len(body) :]}"


def _without(text: str, key: str) -> str:
    """Return ``text`` without the line of ``key`` and the comment right above it."""
    return re.sub(rf"(?m)(?:^#.*\n)*^{key}\s*=.*\n", "", text)


def _gone(text: str, before: Collection[str], now: Collection[str]) -> str | None:
    """Return in a few words that the entry ``text`` is about an operation that is gone; None if it stays."""
    for kind, entries in tomllib.loads(text).items():
        if kind in ENTRIES and isinstance(entries, list):
            name = str(entries[0][ENTRIES[kind]])
            if _offered(name, before) and not _offered(name, now):
                return f"{kind} {name}: no such operation any more"
    return None


def _offered(pattern: str, operations: Collection[str]) -> bool:
    """Say whether one of ``operations`` has this name or fits this pattern, JSON-RPC methods left out."""
    wanted = base(pattern).replace("[", "[[]")
    return any(fnmatchcase(operation, wanted) for operation in operations)
