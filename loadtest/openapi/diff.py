"""Two contracts side by side: which operations are new, gone, or no longer promise the same.

Prose is left out: a summary, a description or an example that was reworded changes nothing for a caller. Schemas are
compared by what they allow at each place of a body, wherever their references lead, so that a renamed schema is none
of the differences and a removed field is one that names it.
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
"""Keys that say nothing to a program; a property of such a name is kept."""
_NAMED = ("properties", "schemas", "$defs")
"""Keys whose own keys are names chosen by the gateway."""
_STRUCTURE = frozenset({"$ref", "allOf", "anyOf", "oneOf", "type", "properties", "required", "items", "enum"})
"""Keywords of a schema that are compared in a way of their own; all others by their value."""
DEEPEST = 8
"""References on the way to one place of a body; what is deeper is compared, and not named."""
FEWEST_ALIASES = 3
"""New operations that a folder must have to be called an alias of another one."""


@dataclass(frozen=True)
class FieldDifference:
    """One difference between two descriptions of an operation."""

    where: str
    """The part of the operation: ``200``, ``body``, ``query limit``; empty for the operation as a whole."""
    field: str
    """The place in a body, ``tags[].label``; empty for the whole of it."""
    what: str
    """``removed``, ``now required``, ``type integer, before string``."""

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{where}{self.field} {self.what}" if self.field else f"{where}{self.what}"


@dataclass(frozen=True)
class OperationDifference:
    """An operation that both contracts have and do not describe alike."""

    name: str
    what: tuple[FieldDifference, ...]


@dataclass(frozen=True)
class Alias:
    """New operations that promise what others do under another name."""

    new: str
    """The path that they begin with, ``/virtual-servers``."""
    mirrors: str
    """That of the others, ``/servers``."""
    operations: tuple[str, ...]
    own: tuple[str, ...] = ()
    """New operations below that path that mirror none."""


@dataclass(frozen=True)
class ContractDiff:
    """What became of a contract."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[OperationDifference, ...]
    aliases: tuple[Alias, ...] = ()
    """Those of the new operations that mirror others."""

    @property
    def count(self) -> int:
        """Operations that differ: how far apart two contracts are."""
        return len(self.new) + len(self.gone) + len(self.changed)

    @property
    def line(self) -> str:
        """The whole in a few words."""
        return f"{len(self.new)} new, {len(self.gone)} gone, {len(self.changed)} changed"


def diff_contracts(before: Mapping[str, Any], now: Mapping[str, Any]) -> ContractDiff:
    """Return what became of the OpenAPI document ``before`` in ``now``; the order is that of the names."""
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
    """Return ``part`` of a document without prose; where its keys are ``named`` by the gateway, all of them stay."""
    if isinstance(part, Mapping):
        kept = part if named else {key: value for key, value in part.items() if key not in PROSE}
        return {key: without_prose(value, named=not named and key in _NAMED) for key, value in kept.items()}
    return [without_prose(one) for one in part] if isinstance(part, list) else part


SchemaFacts = dict[str, dict[str, frozenset[str]]]
"""What a schema says of each place of a body: place to keyword to values."""


@dataclass(frozen=True)
class BodySchema:
    """A body of a request or of an answer."""

    required: bool
    kinds: Mapping[str, SchemaFacts]
    """Media types, and what the body of each holds."""


@dataclass(frozen=True)
class OperationSchema:
    """One operation in a form in which equal means alike."""

    parameters: Mapping[str, tuple[bool, SchemaFacts]]
    """By place and name, ``query limit``: whether it is required, and its values."""
    body: BodySchema | None
    answers: Mapping[str, BodySchema]
    """By status."""

    @property
    def query(self) -> dict[str, tuple[bool, SchemaFacts]]:
        """The parameters that are not in the path."""
        return {name: one for name, one in self.parameters.items() if not name.startswith("path ")}


def operation_schemas(document: Mapping[str, Any]) -> dict[str, OperationSchema]:
    """Return each operation of ``document``; of one that is served with a version prefix and without it, the former."""
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
    """Reads the parts of one document; a schema that many operations share is read once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._facts: dict[str, SchemaFacts] = {}

    def operation(self, operation: Mapping[str, Any], shared: list[Any]) -> OperationSchema:
        """Return one operation, with the parameters that its path gives to all methods."""
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
        """Return a body of a request or of an answer."""
        kinds = _map(part.get("content"))
        return BodySchema(
            bool(part.get("required")),
            {kind: self.facts(_map(content).get("schema")) for kind, content in kinds.items()},
        )

    def facts(self, schema: Any) -> SchemaFacts:
        """Return what ``schema`` says of each place."""
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
        """Yield place, keyword and value; ``within`` are the references that led to ``schema``."""
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
        """Yield what each variant allows: at the place itself, or under its name if others are of the same type."""
        types = Counter(str(self.resolved(one).get("type")) for one in variants)
        for one in variants:
            if types[str(self.resolved(one).get("type"))] == 1:
                yield from self._walk(one, place, within)
                continue
            label = str(_map(one).get("$ref", _map(one).get("type", "any"))).rpartition("/")[2]
            yield place, "one of", label
            yield from self._walk(one, f"{place}<{label}>", within)

    def _digest(self, reference: str) -> str:
        """Return what stands for all that ``reference`` leads to: equal if that is alike."""
        reached: dict[str, Any] = {}
        waiting = [reference]
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached[one] = without_prose(self._target(one))
                waiting += _references(reached[one])
        return hashlib.sha256(json.dumps(reached, sort_keys=True).encode()).hexdigest()

    def resolved(self, part: Any) -> Mapping[str, Any]:
        """Return ``part``, or what it refers to; nothing if that is no object."""
        reference = _map(part).get("$ref")
        target = self._target(reference) if isinstance(reference, str) else part
        return _map(target)

    def _target(self, reference: str) -> Any:
        """Return what a reference leads to, or None: JSON pointers only, as FastAPI writes them."""
        here: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            here = here.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(here, Mapping) else None
        return here


def _map(part: Any) -> Mapping[str, Any]:
    """Return ``part``, or nothing if it is no object: a document may say anything."""
    return part if isinstance(part, Mapping) else {}


def _list(part: Any) -> list[Any]:
    """Return ``part``, or nothing if it is no list."""
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
            yield FieldDifference("", "", "takes a body" if old.body is None else "takes no body any more")
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
    """Yield those of ``places`` that lie within no other one."""
    for place in sorted(places):
        if not any(place[:end] in places for end in range(1, len(place)) if place[end] in ".[<"):
            yield place


def _keyword(keyword: str, old: frozenset[str], new: frozenset[str]) -> str:
    if keyword == "required":
        return "now required" if new else "no longer required"
    if keyword == "deeper":
        return f"differs within, more than {DEEPEST} references deep"
    gained, lost = sorted(new - old), sorted(old - new)
    if keyword == "type" and [*gained, *lost] == ["null"]:
        return "may be null now" if gained else "may no longer be null"
    if keyword in ("enum", "one of") and old and new:
        changes = [f"{value} added" for value in gained] + [f"{value} removed" for value in lost]
        return f"{keyword}: {', '.join(changes)}"
    before, now = (" or ".join(sorted(values)) or "none" for values in (old, new))
    return f"{keyword} {now}, before {before}"


def _aliases(added: tuple[str, ...], now: Mapping[str, OperationSchema]) -> Iterator[Alias]:
    """Yield the folders in which most operations are new, and most of those promise what another folder's do."""
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
    """Say whether two operations promise the same, whatever the parameters in their paths are called."""
    return one is not None and (one.query, one.body, one.answers) == (other.query, other.body, other.answers)


def _anonymous(name: str) -> str:
    """Return the name of an operation without those of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", name)


def _moved(name: str, folder: str, other: str) -> str:
    """Return ``name`` with ``other`` in the place of ``folder``."""
    method, _, path = name.partition(" ")
    return f"{method} {other}{path.removeprefix(folder)}"
