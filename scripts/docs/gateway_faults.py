"""Faults of the gateway, from its known failures, as a page with the text of an issue for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loadtest.results.failures import ProblemKind
from loadtest.versions.data import GATEWAY, KnownFailure, VersionData

_HEAD = """\
# Faults of the gateway

<!-- Generated from the known failures in loadtest/versions by `{command}`; do not edit. -->

Faults of ContextForge that the load test found, each verified in the source. Until it is fixed, a fault is a known
failure: it does not fail a run, does not count as success, and is reported as stale when it no longer occurs (unless it
occurs only sometimes). In the commands, `$HOST` is the gateway's address, `$TOKEN` an administrator's token, and a word
in capitals an ID or a name. Each fault has the text of an issue.
"""
_EXPECTED = "a success as the gateway's own OpenAPI document describes it."


@dataclass(frozen=True)
class Fault:
    """One fault, in one or more versions and operations."""

    title: str
    seen: tuple[tuple[str, KnownFailure], ...]
    """Version and entry, oldest version first."""

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions in which it occurs."""
        return tuple(dict.fromkeys(version for version, _ in self.seen))

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations on which it occurs."""
        return tuple(dict.fromkeys(entry.operation for _, entry in self.seen))

    @property
    def where(self) -> str:
        """The deployment on which it occurs: ``, only on SQLite``; empty if on all."""
        only = dict.fromkeys(entry.only for _, entry in self.seen)
        return f", only {' or '.join(only)}" if all(only) else ""


def faults(versions: Iterable[VersionData]) -> tuple[Fault, ...]:
    """Return the gateway's faults by title; ``versions`` are in the order of the page."""
    found: dict[str, list[tuple[str, KnownFailure]]] = {}
    for data in versions:
        for entry in data.known:
            if entry.owner == GATEWAY:
                found.setdefault(entry.title or entry.reason, []).append((data.version, entry))
    return tuple(Fault(title, tuple(seen)) for title, seen in sorted(found.items()))


def document(found: Iterable[Fault], *, command: str) -> str:
    """Return the page ``docs/gateway-faults.md``; ``command`` regenerates it."""
    listed = list(found)
    rows = [f"| {fault.title} | {', '.join(fault.versions)} | {len(fault.operations)} |" for fault in listed]
    table = ["| fault | versions | operations |", "|---|---|---|", *rows]
    sections = ["\n".join(_section(fault)) for fault in listed]
    return "\n\n".join([_HEAD.format(command=command) + "\n" + "\n".join(table), *sections]) + "\n"


def _section(fault: Fault) -> Iterator[str]:
    yield f"## {fault.title}"
    yield ""
    yield from (f"- `{operation}`" for operation in fault.operations)
    yield ""
    yield "````markdown"
    yield f"# {fault.title}"
    yield ""
    yield f"Version: {', '.join(fault.versions)}{fault.where}."
    yield ""
    yield "What happens:"
    yield from _items((happens(entry), version) for version, entry in fault.seen)
    yield ""
    yield f"Expected: {_EXPECTED}"
    yield ""
    yield "Why:"
    yield from _items((entry.reason, version) for version, entry in fault.seen)
    yield ""
    yield "Where in the source:"
    yield from _items((f"`{entry.source}`", version) for version, entry in fault.seen)
    yield ""
    newest = fault.versions[-1]
    yield f"To reproduce, on {newest}:"
    yield ""
    yield "```sh"
    yield from dict.fromkeys(entry.curl or "" for version, entry in fault.seen if version == newest)
    yield "```"
    yield "````"


def _items(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield one item for each text, with its versions."""
    versions: dict[str, list[str]] = {}
    for text, version in texts:
        if version not in versions.setdefault(text, []):
            versions[text].append(version)
    yield ""
    yield from (f"- {text} ({', '.join(names)})" for text, names in versions.items())


def happens(entry: KnownFailure) -> str:
    """Return what the gateway does, in a few words."""
    message = entry.message or "no message"
    return f"{_happens(entry, message)}{', sometimes' if entry.sometimes else ''}"


def _happens(entry: KnownFailure, message: str) -> str:
    match entry.problem:
        case ProblemKind.JSONRPC:
            return f"`{entry.operation}` returns error {entry.code}: `{message}`"
        case ProblemKind.STREAM_TRUNCATED | ProblemKind.STREAM_STALLED:
            return f"`{entry.operation}` opens a stream, and {message}"
        case ProblemKind.CONTENT | ProblemKind.SCHEMA:
            return f"`{entry.operation}` returns a wrong successful response: `{message}`"
        case _:
            return f"`{entry.operation}` returns {entry.status}: `{message}`"
