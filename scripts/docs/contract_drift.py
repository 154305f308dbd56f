"""Where the gateway answers right and its OpenAPI document is wrong, as a section of a page and a text to file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.versions.data import Drift, VersionData

DOCUMENT = "; the document "
"""What stands in a reason between what comes and what the document says instead."""

_HEAD = """\
## Where the document is wrong

What is answered right and described otherwise. It counts as drift, apart from success and from fault; a client that
is generated from the document breaks on it. `*` stands for any part of a path. As a text to file:

````markdown
# The OpenAPI document describes other answers than the gateway gives
"""


@dataclass(frozen=True)
class Contradiction:
    """One way in which answers differ from the document, on one or more operations."""

    comes: str
    says: str
    """The document."""
    seen: tuple[tuple[str, str], ...]
    """Operation and version; in each operation the oldest version first."""

    @property
    def versions(self) -> tuple[str, ...]:
        """Where it was seen on any operation."""
        return tuple(dict.fromkeys(version for _, version in self.seen))

    @property
    def operations(self) -> tuple[str, ...]:
        """What it was seen on, with the versions where those are not all of them."""
        versions: dict[str, list[str]] = {}
        for operation, version in self.seen:
            versions.setdefault(operation, []).append(version)
        everywhere = len(self.versions)
        return tuple(
            f"`{operation}`" + (f" ({', '.join(own)})" if len(own) < everywhere else "")
            for operation, own in sorted(versions.items(), key=lambda item: _by_path(item[0]))
        )


def contradictions(versions: Iterable[VersionData]) -> tuple[Contradiction, ...]:
    """Return how the documents of ``versions``, in the order in which they shall be named, are wrong."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for data in versions:
        for entry in data.drift:
            what, _, says = entry.reason.partition(DOCUMENT)
            found.setdefault((f"{_form(entry)}: {what}", says), []).append((entry.operation, data.version))
    return tuple(Contradiction(comes, says, tuple(seen)) for (comes, says), seen in sorted(found.items()))


def section(found: Iterable[Contradiction]) -> str:
    """Return the section of ``docs/gateway-faults.md``."""
    rows = (
        f"| {one.comes} | {one.says} | {'<br>'.join(one.operations)} | {', '.join(one.versions)} |"
        for one in found
    )
    table = ("| what comes | what the document does | where | versions |", "|---|---|---|---|", *rows)
    return f"{_HEAD}\n" + "\n".join(table) + "\n````\n"


def _form(entry: Drift) -> str:
    """Return in a word what sets the answer apart."""
    if entry.status is not None:
        return str(entry.status)
    if entry.media_type is not None:
        return f"`{entry.media_type}`" if entry.media_type else "no content type"
    return "another body"


def _by_path(operation: str) -> tuple[str, str]:
    method, _, path = operation.partition(" ")
    return path, method
