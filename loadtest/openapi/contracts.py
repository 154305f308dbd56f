"""Stored contracts of the known versions, and the known version closest to a given contract.

A stored contract contains the OpenAPI document served by the version with the settings of the load test, without
prose, and the settings that the version supports. Another gateway can be compared with it without installing the
version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from loadtest.core.files import read_json
from loadtest.core.operations import METHODS, area_of, canonical
from loadtest.core.record import Record
from loadtest.openapi.diff import diff_contracts, without_prose
from loadtest.results.run import Run
from loadtest.versions import data as versions

SETTINGS = "x-settings"
"""The key of the settings in a stored contract."""


@dataclass(frozen=True)
class StoredContract:
    """The contract and the settings of a gateway version."""

    document: Mapping[str, Any]
    """The OpenAPI document."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Environment variables read by the configuration, with their defaults."""

    @property
    def operations(self) -> tuple[str, ...]:
        """The sorted names of the operations."""
        return tuple(sorted(self.areas))

    @property
    def areas(self) -> dict[str, str]:
        """The area of each operation."""
        found = {}
        for path, methods in self.document.get("paths", {}).items():
            for method in METHODS:
                if method in methods:
                    name = canonical(method, path)
                    found[name] = area_of(name, methods[method].get("tags") or ())
        return found

    def largest(self) -> dict[tuple[str, str], int]:
        """Return the largest value of each query parameter that has one, by operation and name."""
        return {
            (canonical(method, path), parameter["name"]): most
            for path, methods in self.document.get("paths", {}).items()
            for method in METHODS
            for parameter in methods.get(method, {}).get("parameters", ())
            if parameter.get("in") == "query" and (most := _maximum(parameter.get("schema", {}))) is not None
        }


def _maximum(schema: Mapping[str, Any]) -> int | None:
    stated = (one.get("maximum") for one in (schema, *schema.get("anyOf", ())))
    return next((most for most in stated if isinstance(most, int)), None)


class _Stored(Record, frozen=True, kw_only=True):
    """The file format of a stored contract."""

    info: dict[str, str]
    settings: dict[str, str] = msgspec.field(name=SETTINGS)
    paths: dict[str, dict[str, Any]]
    components: dict[str, dict[str, Any]]


def path_of(version: str) -> Path:
    """Return the path of the stored contract of ``version``."""
    return versions.DIRECTORY / f"{version}.contract.json"


def contract_of(version: str) -> StoredContract:
    """Return the stored contract of ``version``.

    Raises:
        UsageError: there is none, or it was not written by :func:`stored_form`.
    """
    path = path_of(version)
    stored = read_json(path, _Stored, "a stored contract")
    document = {"info": stored.info, "paths": stored.paths, "components": stored.components}
    return StoredContract(document, stored.settings)


def known_operations() -> frozenset[str]:
    """Return the operations of all known versions with a stored contract.

    Raises:
        UsageError: as :func:`contract_of`.
    """
    stored = (version for version in versions.available() if path_of(version).is_file())
    return frozenset(operation for version in stored for operation in contract_of(version).operations)


def with_areas(run: Run) -> Run:
    """Return ``run`` with the areas of the stored contract of its gateway version.

    They are added for operations that its gateway does not offer. A run that records no areas, such as one read from
    CSV files, gets those of all its operations from there, and from their paths.
    """
    data = run.gateway.data if run.gateway else None
    stored = contract_of(data).areas if data and path_of(data).is_file() else {}
    complete = replace(run, areas=stored | (run.areas or {}))
    if run.areas is not None:
        return complete
    return replace(
        complete, operations=tuple(replace(one, area=complete.area(one.name)) for one in run.operations)
    )


def stored_form(contract: StoredContract) -> str:
    """Return ``contract`` in its stored form: without prose except tags, one line per path, schema and setting."""
    document = contract.document
    # Only schemas are referenced among the components.
    schemas = {"schemas": document.get("components", {}).get("schemas", {})}
    bare = without_prose({"paths": document.get("paths", {}), "components": schemas})
    for path, methods in document.get("paths", {}).items():
        for method in METHODS:
            if method in methods and (tags := methods[method].get("tags")):
                bare["paths"][path][method]["tags"] = tags
    return (
        f'{{"info": {json.dumps({"version": document.get("info", {}).get("version")})},\n'
        f'"{SETTINGS}": {{\n{_lines(contract.settings)}\n}},\n'
        f'"paths": {{\n{_lines(bare["paths"])}\n}},\n'
        f'"components": {{"schemas": {{\n{_lines(bare["components"]["schemas"])}\n}}}}}}\n'
    )


def _lines(part: Mapping[str, Any]) -> str:
    return ",\n".join(f"{json.dumps(key)}: {json.dumps(part[key], sort_keys=True)}" for key in sorted(part))


def closest(document: Mapping[str, Any], candidates: Sequence[str]) -> str:
    """Return the version of ``candidates`` whose contract has the fewest differing operations from ``document``.

    Ties are resolved in favour of the nearest version number. Versions without a stored contract are not compared; if
    the nearest by number has none, it is returned.
    """
    stated = document.get("info", {}).get("version")
    usual = versions.nearest(str(stated) if stated else None, candidates)
    if not path_of(usual).is_file():
        return usual
    ordered = [usual, *(one for one in candidates if one != usual and path_of(one).is_file())]
    distances = {one: diff_contracts(contract_of(one).document, document).count for one in ordered}
    return min(ordered, key=distances.__getitem__)
