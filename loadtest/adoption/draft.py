"""Draft the data file of a new version from the text of another version's file.

An entry is kept, with its comments and its date, unless its operation is in the template's contract and not in the new
one. Operations that OpenAPI does not describe (JSON-RPC methods, WebSockets, mounted applications) are kept.
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
"""The tables of entries, and the key of each with the operations."""
COLUMNS = 118
"""Width of a comment."""

_HEADER = re.compile(r"\[\[?[A-Za-z0-9_.-]+\]\]?\s*(?:#.*)?")
_QUOTES = re.compile(r'"""|' + "'''")


@dataclass(frozen=True)
class OldPackages:
    """The earlier of the dates for which the locks were resolved."""

    day: dt.date
    why: str
    """How the release failed with the current packages."""


@dataclass(frozen=True)
class Draft:
    """The text of a data file."""

    text: str
    left_out: tuple[str, ...]
    """Parts of the template that were left out, with the reason."""

    @property
    def data(self) -> VersionData:
        """The parsed text."""
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
    """Return the data file of ``version``, from the text ``template`` of another version's file.

    ``before`` are the operations in the contract of the template, ``now`` those of the new version.
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
    """Split a TOML file before each table header and the comment right above it; joined, the parts are ``text``."""
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
    """Return the part before the first table, for ``version``."""
    document = tomlkit.parse(_without(text, "exclude_newer"))
    document["version"] = version
    if manifest.python and SpecifierSet(manifest.python) != SpecifierSet(str(document["python"])):
        # The metadata of a package has the bounds in any order.
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
    """Return why the entry ``text`` is left out, or None if it is kept."""
    for kind, entries in tomllib.loads(text).items():
        if kind in ENTRIES and isinstance(entries, list):
            name = str(entries[0][ENTRIES[kind]])
            if _offered(name, before) and not _offered(name, now):
                return f"{kind} {name}: no such operation any more"
    return None


def _offered(pattern: str, operations: Collection[str]) -> bool:
    """Return whether one of ``operations`` matches this name or pattern, without its JSON-RPC method."""
    wanted = base(pattern).replace("[", "[[]")
    return any(fnmatchcase(operation, wanted) for operation in operations)
