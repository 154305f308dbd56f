"""Comparison of two contracts: new, removed and changed operations.

Prose (summaries, descriptions, examples) is ignored, because it does not matter to clients. Schemas are compared by
the values that they allow at each place of a body, with references resolved, so that renaming a schema is not a
difference, and removing a field is reported with the name of the field.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadtest.core.operations import METHODS, canonical

PROSE = frozenset({"summary", "description", "title", "example", "examples", "operationId", "tags"})
"""Keys that are irrelevant to programs; properties with such names are kept."""
_NAMED = ("properties", "schemas", "$defs")
"""Keys of objects whose own keys are names."""
_STRUCTURE = frozenset({"$ref", "allOf", "anyOf", "oneOf", "type", "properties", "required", "items", "enum"})
"""Schema keywords with a comparison of their own; all others are compared by value."""
DEEPEST = 8
"""Maximum number of nested references to a place; deeper differences are detected, but not located."""
FEWEST_ALIASES = 3
"""Minimum number of new operations below a path for it to be an alias of another one."""


@dataclass(frozen=True)
class FieldDifference:
    """A difference between two versions of an operation."""

    where: str
    """The part of the operation: ``200``, ``body``, ``query limit``; empty for the whole operation."""
    field: str
    """The place in a body, ``tags[].label``; empty for the whole body."""
    what: str
    """``removed``, ``now required``, ``type integer, before string``."""

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{where}{self.field} {self.what}" if self.field else f"{where}{self.what}"


@dataclass(frozen=True)
class OperationDifference:
    """An operation that differs between two contracts."""

    name: str
    what: tuple[FieldDifference, ...]


@dataclass(frozen=True)
class Alias:
    """New operations that are equivalent to others under a different path."""

    new: str
    """Common path prefix of the new operations, ``/virtual-servers``."""
    mirrors: str
    """Common path prefix of the others, ``/servers``."""
    operations: tuple[str, ...]
    own: tuple[str, ...] = ()
    """New operations below the new path without an equivalent."""


@dataclass(frozen=True)
class ContractDiff:
    """Differences between two contracts."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[OperationDifference, ...]
    aliases: tuple[Alias, ...] = ()
    """New operations that are equivalent to others."""

    @property
    def count(self) -> int:
        """Number of operations that differ."""
        return len(self.new) + len(self.gone) + len(self.changed)

    @property
    def line(self) -> str:
        """A one-line summary."""
        return f"{len(self.new)} new, {len(self.gone)} gone, {len(self.changed)} changed"


def diff_contracts(before: Mapping[str, Any], now: Mapping[str, Any]) -> ContractDiff:
    """Compare the OpenAPI documents ``before`` and ``now``; operations are sorted by name."""
    old, new = operation_schemas(before), operation_schemas(now)
    added = tuple(sorted(new.keys() - old.keys()))
    return ContractDiff(
        new=added,
        gone=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(
            OperationDifference(name, tuple(_differences(old[name], new[name])))
            for name in sorted(old.keys() & new.keys())
            if old[name] != new[name]
        ),
        aliases=tuple(_aliases(added, new)),
    )


def without_prose(part: Any, *, named: bool = False) -> Any:
    """Return ``part`` of a document without prose; if its keys are names (``named``), all of them are kept."""
    if isinstance(part, Mapping):
        kept = part if named else {key: value for key, value in part.items() if key not in PROSE}
        return {key: without_prose(value, named=not named and key in _NAMED) for key, value in kept.items()}
    return [without_prose(one) for one in part] if isinstance(part, list) else part


SchemaFacts = dict[str, dict[str, frozenset[str]]]
"""Constraints of a schema: values by keyword by place in a body."""


@dataclass(frozen=True)
class BodySchema:
    """The body of a request or response."""

    required: bool
    kinds: Mapping[str, SchemaFacts]
    """Constraints by media type."""


@dataclass(frozen=True)
class OperationSchema:
    """An operation in a comparable form: equal instances have equivalent contracts."""

    parameters: Mapping[str, tuple[bool, SchemaFacts]]
    """Whether it is required, and its constraints, by place and name: ``query limit``."""
    body: BodySchema | None
    answers: Mapping[str, BodySchema]
    """By status."""

    @property
    def query(self) -> dict[str, tuple[bool, SchemaFacts]]:
        """Parameters outside the path."""
        return {name: one for name, one in self.parameters.items() if not name.startswith("path ")}


def operation_schemas(document: Mapping[str, Any]) -> dict[str, OperationSchema]:
    """Return the operations of ``document``; if one is served with and without version prefix, the former is used."""
    read = _Reader(document)
    found: dict[str, OperationSchema] = {}
    for path, methods in _map(document.get("paths")).items():
        for method in METHODS:
            operation, name = _map(methods).get(method), canonical(method, path)
            prefixed = path != name.partition(" ")[2]
            if isinstance(operation, Mapping) and (prefixed or name not in found):
                found[name] = read.operation(operation, _list(methods.get("parameters")))
    return found


class _Reader:
    """Reads a document; shared schemas are read once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._facts: dict[str, SchemaFacts] = {}

    def operation(self, operation: Mapping[str, Any], shared: list[Any]) -> OperationSchema:
        """Return an operation, including the ``shared`` parameters of its path."""
        found = (self.resolved(one) for one in (*shared, *_list(operation.get("parameters"))))
        body = operation.get("requestBody")
        answers = _map(operation.get("responses"))
        return OperationSchema(
            parameters={
                f"{one.get('in')} {one.get('name')}": (
                    bool(one.get("required")),
                    self.facts(one.get("schema")),
                )
                for one in found
            },
            body=None if body is None else self.content(self.resolved(body)),
            answers={str(status): self.content(self.resolved(answer)) for status, answer in answers.items()},
        )

    def content(self, part: Mapping[str, Any]) -> BodySchema:
        """Return the body of a request or response."""
        kinds = _map(part.get("content"))
        return BodySchema(
            bool(part.get("required")),
            {kind: self.facts(_map(content).get("schema")) for kind, content in kinds.items()},
        )

    def facts(self, schema: Any) -> SchemaFacts:
        """Return the constraints of ``schema``."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._facts:
            collected: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
            for place, keyword, value in self._walk(schema, "", ()):
                collected[place]
                if keyword:
                    collected[place][keyword].add(value)
            self._facts[key] = {
                place: {keyword: frozenset(values) for keyword, values in keywords.items()}
                for place, keywords in collected.items()
            }
        return self._facts[key]

    def _walk(self, schema: Any, place: str, within: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
        """Yield place, keyword and value; ``within`` contains the references followed so far."""
        yield place, "", ""
        if not isinstance(schema, Mapping):
            if schema is not None and schema is not True:
                yield place, "schema", json.dumps(schema)
            return
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in within:
                yield place, "recursion", str(len(within) - within.index(reference))
            elif len(within) == DEEPEST:
                yield place, "deeper", self._digest(reference)
            else:
                target = self._target(reference)
                yield from self._walk(False if target is None else target, place, (*within, reference))
        yield from self._keywords(schema, place)
        for part in _list(schema.get("allOf")):
            yield from self._walk(part, place, within)
        yield from self._variants([*_list(schema.get("anyOf")), *_list(schema.get("oneOf"))], place, within)
        for name, part in _map(schema.get("properties")).items():
            yield from self._walk(part, f"{place}.{name}" if place else name, within)
        for name in _list(schema.get("required")):
            yield f"{place}.{name}" if place else name, "required", "true"
        if "items" in schema:
            yield from self._walk(schema["items"], f"{place}[]", within)
        if isinstance(schema.get("additionalProperties"), Mapping):
            yield from self._walk(schema["additionalProperties"], f"{place}.*" if place else "*", within)

    def _keywords(self, schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, str]]:
        types = schema.get("type", [])
        for one in types if isinstance(types, list) else [types]:
            yield place, "type", str(one)
        for one in _list(schema.get("enum")):
            yield place, "enum", json.dumps(one)
        for keyword, value in schema.items():
            if keyword not in _STRUCTURE and keyword not in PROSE:
                if keyword == "additionalProperties" and value is not False:
                    continue
                yield place, keyword, json.dumps(without_prose(value), sort_keys=True)

    def _variants(
        self, variants: list[Any], place: str, within: tuple[str, ...]
    ) -> Iterator[tuple[str, str, str]]:
        """Yield the constraints of each variant, under its name if several variants have the same type."""
        types = Counter(str(self.resolved(one).get("type")) for one in variants)
        for one in variants:
            if types[str(self.resolved(one).get("type"))] == 1:
                yield from self._walk(one, place, within)
                continue
            label = str(_map(one).get("$ref", _map(one).get("type", "any"))).rpartition("/")[2]
            yield place, "one of", label
            yield from self._walk(one, f"{place}<{label}>", within)

    def _digest(self, reference: str) -> str:
        """Return a hash of everything reachable from ``reference``, ignoring prose."""
        reached: dict[str, Any] = {}
        waiting = [reference]
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached[one] = without_prose(self._target(one))
                waiting += _references(reached[one])
        return hashlib.sha256(json.dumps(reached, sort_keys=True).encode()).hexdigest()

    def resolved(self, part: Any) -> Mapping[str, Any]:
        """Return ``part`` with its reference resolved; empty if it is not an object."""
        reference = _map(part).get("$ref")
        target = self._target(reference) if isinstance(reference, str) else part
        return _map(target)

    def _target(self, reference: str) -> Any:
        """Return the target of a reference (a JSON pointer, as written by FastAPI), or None."""
        here: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            here = here.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(here, Mapping) else None
        return here


def _map(part: Any) -> Mapping[str, Any]:
    """Return ``part``, or an empty mapping if it is not an object, because documents may be malformed."""
    return part if isinstance(part, Mapping) else {}


def _list(part: Any) -> list[Any]:
    """Return ``part``, or an empty list if it is not a list."""
    return part if isinstance(part, list) else []


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _differences(old: OperationSchema, new: OperationSchema) -> Iterator[FieldDifference]:
    yield from _parameters(old.parameters, new.parameters)
    if old.body is None or new.body is None:
        if old.body is not new.body:
            yield FieldDifference("", "", "takes a body" if old.body is None else "no longer takes a body")
    else:
        yield from _flag("body", old.body.required, new.body.required)
        yield from _content("body", old.body, new.body)
    for status in sorted(new.answers.keys() - old.answers.keys()):
        yield FieldDifference(status, "", "added")
    for status in sorted(old.answers.keys() - new.answers.keys()):
        yield FieldDifference(status, "", "removed")
    for status in sorted(old.answers.keys() & new.answers.keys()):
        yield from _content(status, old.answers[status], new.answers[status])


def _parameters(
    old: Mapping[str, tuple[bool, SchemaFacts]], new: Mapping[str, tuple[bool, SchemaFacts]]
) -> Iterator[FieldDifference]:
    for name in sorted(new.keys() - old.keys()):
        yield FieldDifference(name, "", "added, required" if new[name][0] else "added")
    for name in sorted(old.keys() - new.keys()):
        yield FieldDifference(name, "", "removed")
    for name in sorted(old.keys() & new.keys()):
        yield from _flag(name, old[name][0], new[name][0])
        yield from _fields(name, old[name][1], new[name][1])


def _flag(where: str, old: bool, new: bool) -> Iterator[FieldDifference]:
    if old != new:
        yield FieldDifference(where, "", "now required" if new else "no longer required")


def _content(where: str, old: BodySchema, new: BodySchema) -> Iterator[FieldDifference]:
    if old.kinds.keys() != new.kinds.keys():
        kinds = " and ".join(sorted(new.kinds)) or "no body"
        yield FieldDifference(where, "", f"{kinds}, before {' and '.join(sorted(old.kinds)) or 'no body'}")
    for kind in sorted(old.kinds.keys() & new.kinds.keys()):
        yield from _fields(where, old.kinds[kind], new.kinds[kind])


def _fields(where: str, old: SchemaFacts, new: SchemaFacts) -> Iterator[FieldDifference]:
    for place in _outermost(new.keys() - old.keys()):
        yield FieldDifference(where, place, "added, required" if new[place].get("required") else "added")
    for place in _outermost(old.keys() - new.keys()):
        yield FieldDifference(where, place, "removed")
    for place in sorted(old.keys() & new.keys()):
        for keyword in sorted(old[place].keys() | new[place].keys()):
            before = old[place].get(keyword, frozenset())
            now = new[place].get(keyword, frozenset())
            if before != now:
                yield FieldDifference(where, place, _keyword(keyword, before, now))


def _outermost(places: set[str]) -> Iterator[str]:
    """Yield those of ``places`` that are not within another one."""
    for place in sorted(places):
        if not any(place[:end] in places for end in range(1, len(place)) if place[end] in ".[<"):
            yield place


def _keyword(keyword: str, old: frozenset[str], new: frozenset[str]) -> str:
    if keyword == "required":
        return "now required" if new else "no longer required"
    if keyword == "deeper":
        return f"differs at a depth of more than {DEEPEST} references"
    gained, lost = sorted(new - old), sorted(old - new)
    if keyword == "type" and [*gained, *lost] == ["null"]:
        return "may now be null" if gained else "may no longer be null"
    if keyword in ("enum", "one of") and old and new:
        changes = [f"{value} added" for value in gained] + [f"{value} removed" for value in lost]
        return f"{keyword}: {', '.join(changes)}"
    before, now = (" or ".join(sorted(values)) or "none" for values in (old, new))
    return f"{keyword} {now}, before {before}"


def _aliases(added: tuple[str, ...], now: Mapping[str, OperationSchema]) -> Iterator[Alias]:
    """Yield the path prefixes where most operations are new and most of these are equivalent to those of another."""
    segments = {name: name.partition(" ")[2].split("/") for name in now}
    by_path = {_anonymous(name): one for name, one in now.items()}
    fresh = set(added)
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for name, parts in segments.items():
        for end in range(2, len(parts) + 1):
            folders["/".join(parts[:end])].append(name)
    settled: set[str] = set()
    for folder, names in sorted(folders.items()):
        added_here = sorted(fresh.intersection(names))
        if (
            len(added_here) < FEWEST_ALIASES
            or len(added_here) * 2 <= len(names)
            or settled.intersection(added_here)
        ):
            continue
        parent = folder.rpartition("/")[0]
        mirrored = {
            other: tuple(
                name
                for name in added_here
                if _alike(by_path.get(_anonymous(_moved(name, folder, other))), now[name])
            )
            for other in folders
            if other.rpartition("/")[0] == parent and other != folder and not other.endswith("}")
        }
        other = max(mirrored, key=lambda one: len(mirrored[one]), default="")
        if other and len(mirrored[other]) * 2 > len(added_here):
            settled.update(added_here)
            own = tuple(name for name in added_here if name not in mirrored[other])
            yield Alias(folder, other, mirrored[other], own)


def _alike(one: OperationSchema | None, other: OperationSchema) -> bool:
    """Return whether two operations are equivalent, ignoring the names of path parameters."""
    return one is not None and (one.query, one.body, one.answers) == (other.query, other.body, other.answers)


def _anonymous(name: str) -> str:
    """Return the name of an operation without the names of its path parameters."""
    return re.sub(r"\{[^}]*\}", "{}", name)


def _moved(name: str, folder: str, other: str) -> str:
    """Return ``name`` with ``folder`` replaced by ``other``."""
    method, _, path = name.partition(" ")
    return f"{method} {other}{path.removeprefix(folder)}"
