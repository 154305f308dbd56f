"""The data file of a new version, drafted from that of the version nearest to it.

Switches stay with their comments and their order. An entry stays, with its date, as long as the operation that
it is about exists. What only a run can tell, the floor of the coverage, is left open.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import msgspec
import tomlkit
from packaging.specifiers import SpecifierSet
from tomlkit.items import AoT

from loadtest.gateway.manifest import Manifest
from loadtest.operations import base
from loadtest.versions import VersionData

ENTRIES = {"excluded": "operations", "drift": "operation", "known": "operation"}
"""The lists of entries, and the key of each that names operations."""


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


def draft(template: str, version: str, manifest: Manifest, operations: Collection[str]) -> Draft:
    """Return the data file of ``version``, which offers ``operations``, from the text of another one's."""
    document = tomlkit.parse(template)
    left_out = [*_extras(document, manifest), *_entries(document, operations)]
    document["version"] = version
    if manifest.python and SpecifierSet(manifest.python) != SpecifierSet(str(document["python"])):
        document["python"] = manifest.python
    if "exclude_newer" in document:
        del document["exclude_newer"]
    document["coverage"] = _open_floor()
    return Draft(tomlkit.dumps(document), tuple(left_out))


def _open_floor() -> tomlkit.items.Table:
    table = tomlkit.table()
    table.add(tomlkit.comment("Open until a run on this version has shown what it reaches."))
    table["floor"] = 0
    table["answered"] = 0
    table.add(tomlkit.nl())
    return table


def _extras(document: tomlkit.TOMLDocument, manifest: Manifest) -> Iterator[str]:
    wanted = document.get("extras", [])
    for extra in [one for one in wanted if one not in manifest.extras]:
        wanted.remove(extra)
        yield f"extra {extra}: this release has none of that name"


def _entries(document: tomlkit.TOMLDocument, operations: Collection[str]) -> Iterator[str]:
    for kind, key in ENTRIES.items():
        entries = document.get(kind)
        if not isinstance(entries, AoT):
            continue
        for number in reversed(range(len(entries))):
            if not _offered(str(entries[number][key]), operations):
                yield f"{kind} {entries[number][key]}: no such operation"
                del entries[number]
        if not entries:
            document.remove(kind)


def _offered(pattern: str, operations: Collection[str]) -> bool:
    """Say whether one of ``operations`` has this name or fits this pattern, JSON-RPC methods left out."""
    wanted = base(pattern).replace("[", "[[]")
    return any(fnmatchcase(operation, wanted) for operation in operations)
