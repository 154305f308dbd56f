"""The contract of each known version, stored beside its data file, and which of them another contract is closest to.

A stored contract is the OpenAPI document that the version served with our switches, without prose, and the settings
that it can be given: enough to compare another gateway with it, without installing and booting the version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from loadtest.core.files import read_json
from loadtest.core.operations import METHODS, canonical
from loadtest.core.record import Record
from loadtest.openapi.diff import diff_contracts, without_prose
from loadtest.versions import data as versions

SETTINGS = "x-settings"
"""The key of the settings in a stored contract."""


@dataclass(frozen=True)
class StoredContract:
    """What a gateway offers, and what it can be given."""

    document: Mapping[str, Any]
    """Its OpenAPI document."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that its configuration reads, and their defaults."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of its operations, in order."""
        paths = self.document.get("paths", {}).items()
        return tuple(sorted({canonical(one, path) for path, here in paths for one in METHODS if one in here}))


class _Stored(Record, frozen=True, kw_only=True):
    """A stored contract."""

    info: dict[str, str]
    settings: dict[str, str] = msgspec.field(name=SETTINGS)
    paths: dict[str, dict[str, Any]]
    components: dict[str, dict[str, Any]]


def path_of(version: str) -> Path:
    """Return where the contract of ``version`` is stored."""
    return versions.DIRECTORY / f"{version}.contract.json"


def contract_of(version: str) -> StoredContract:
    """Return the stored contract of ``version``.

    Raises:
        UsageError: there is none, or it is not what :func:`stored_form` writes.
    """
    path = path_of(version)
    stored = read_json(path, _Stored, "a stored contract")
    document = {"info": stored.info, "paths": stored.paths, "components": stored.components}
    return StoredContract(document, stored.settings)


def stored_form(contract: StoredContract) -> str:
    """Return ``contract`` as it is stored: without prose, a line for each path, schema and setting."""
    document = contract.document
    # Of the components only schemas are referred to.
    schemas = {"schemas": document.get("components", {}).get("schemas", {})}
    bare = without_prose({"paths": document.get("paths", {}), "components": schemas})
    return (
        f'{{"info": {json.dumps({"version": document.get("info", {}).get("version")})},\n'
        f'"{SETTINGS}": {{\n{_lines(contract.settings)}\n}},\n'
        f'"paths": {{\n{_lines(bare["paths"])}\n}},\n'
        f'"components": {{"schemas": {{\n{_lines(bare["components"]["schemas"])}\n}}}}}}\n'
    )


def _lines(part: Mapping[str, Any]) -> str:
    return ",\n".join(f"{json.dumps(key)}: {json.dumps(part[key], sort_keys=True)}" for key in sorted(part))


def closest(document: Mapping[str, Any], candidates: Sequence[str]) -> str:
    """Return which of the versions ``candidates`` has the fewest operations that differ from those of ``document``.

    Of several with as few, the one nearest by number counts. A version without a stored contract is not compared; if
    that is the nearest by number, the number decides.
    """
    stated = document.get("info", {}).get("version")
    usual = versions.nearest(str(stated) if stated else None, candidates)
    if not path_of(usual).is_file():
        return usual
    ordered = [usual, *(one for one in candidates if one != usual and path_of(one).is_file())]
    distances = {one: diff_contracts(contract_of(one).document, document).count for one in ordered}
    return min(ordered, key=distances.__getitem__)
