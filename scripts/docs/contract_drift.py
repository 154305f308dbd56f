"""Contract mismatches as a section of ``docs/gateway-faults.md``, with the text of an issue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.versions.data import Drift, VersionData

SEPARATOR = "; the contract "
"""Separates the response from the contract in a reason."""

_HEAD = """\
## Contract mismatches

Correct responses that the OpenAPI contract does not describe. They count as contract mismatches, neither as success nor
as failure; a client generated from the contract rejects them. `*` stands for any part of a path. Text for an issue:

````markdown
# The OpenAPI document describes other responses than the gateway sends
"""


@dataclass(frozen=True)
class Contradiction:
    """One kind of mismatch, on one or more operations."""

    response: str
    contract: str
    """What the contract does instead: ``documents 200``."""
    seen: tuple[tuple[str, str], ...]
    """Operation and version; for each operation, the oldest version first."""

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions in which it occurs."""
        return tuple(dict.fromkeys(version for _, version in self.seen))

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations, each with its versions unless it occurs in all of them."""
        versions: dict[str, list[str]] = {}
        for operation, version in self.seen:
            versions.setdefault(operation, []).append(version)
        everywhere = len(self.versions)
        return tuple(
            f"`{operation}`" + (f" ({', '.join(own)})" if len(own) < everywhere else "")
            for operation, own in sorted(versions.items(), key=lambda item: _by_path(item[0]))
        )


def contradictions(versions: Iterable[VersionData]) -> tuple[Contradiction, ...]:
    """Return the mismatches of ``versions``, which are in the order of the page."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for data in versions:
        for entry in data.drift:
            what, _, contract = entry.reason.partition(SEPARATOR)
            found.setdefault((f"{_form(entry)}: {what}", contract), []).append(
                (entry.operation, data.version)
            )
    return tuple(
        Contradiction(response, contract, tuple(seen)) for (response, contract), seen in sorted(found.items())
    )


def section(found: Iterable[Contradiction]) -> str:
    """Return the section of ``docs/gateway-faults.md``."""
    rows = (
        f"| {one.response} | {one.contract} | {'<br>'.join(one.operations)} | {', '.join(one.versions)} |"
        for one in found
    )
    table = ("| response | the contract | operations | versions |", "|---|---|---|---|", *rows)
    return f"{_HEAD}\n" + "\n".join(table) + "\n````\n"


def _form(entry: Drift) -> str:
    """Return what distinguishes the response."""
    if entry.status is not None:
        return str(entry.status)
    if entry.media_type is not None:
        return f"`{entry.media_type}`" if entry.media_type else "no content type"
    return "another body"


def _by_path(operation: str) -> tuple[str, str]:
    method, _, path = operation.partition(" ")
    return path, method
