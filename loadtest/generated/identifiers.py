"""Identifiers of entities for the parameters of generated calls, from the responses of earlier ones.

An entity is *own* if the call sequence created it: its response has status 201, or repeats a name that only this
request contained. Of an own entity, only what identifies it is kept, as its other properties may name entities of
others: its team, its owner. Calls that change or delete something get identifiers of own entities only.

Two collections can have the same name: ``/llm/providers`` and ``/auth/sso/admin/providers``. If entities of the
parameter's own collection can be created, those of a namesake do not identify it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_PARAMETER = re.compile(r"\{\w+\}")
_EVERYWHERE = frozenset(("admin", "api"))
"""Parts of a path that do not distinguish collections: ``/admin/tools`` has the entities of ``/tools``."""
_MOST_LISTED = 10
"""Entities of one list that are kept."""


@dataclass(eq=False)
class KnownEntity:
    """One entity of which identifiers are known."""

    collection: str
    """The last fixed part of the path at which it was read: ``tools``."""
    values: Mapping[str, str]
    own: bool
    words: frozenset[str] = frozenset()
    """The fixed parts of that path, and the collection; none for an entity of the fixture."""


@dataclass
class Identifiers:
    """All entities known so far."""

    entities: list[KnownEntity] = field(default_factory=list)
    creations: frozenset[frozenset[str]] = frozenset()
    """The fixed parts of the path of each operation that may create an entity."""

    def read(self, operation: str, body: Any) -> None:
        """Add the entities in the ``body`` of a response of ``operation``, which only reads."""
        collection = collection_of(operation)
        for one in list(_objects(body))[:_MOST_LISTED]:
            self._add(KnownEntity(collection, _scalars(one), own=False, words=words_of(operation)))

    def created(self, operation: str, body: Any, *, unique: Collection[str], certain: bool) -> None:
        """Add the entity that ``operation`` created, if its response shows that it did.

        Args:
            operation: the call.
            body: its response.
            unique: texts that only this request contained.
            certain: its status was 201.
        """
        if not isinstance(body, dict):
            return
        collection = collection_of(operation)
        foreign = {value for one in self.entities if not one.own for value in one.values.values()}
        nested = [(_collection(key, collection), one) for key, one in body.items() if isinstance(one, dict)]
        for place, part in ((collection, body), *nested):
            values = _scalars(part)
            proven = {key: value for key, value in values.items() if any(one in value for one in unique)}
            if not proven and not certain:
                continue
            identity = {
                key: value
                for key, value in values.items()
                if _plain(key) in ("id", "uuid", f"{_plain(_singular(place))}id")
            }
            kept = {key: value for key, value in (identity | proven).items() if value not in foreign}
            if kept:
                self._add(KnownEntity(place, kept, own=True, words=words_of(operation) | {place}))

    def find(self, parameter: str, operation: str, *, own: bool) -> tuple[str, KnownEntity] | None:
        """Return an identifier for ``parameter`` of ``operation`` and its entity; of ``own`` entities only if set.

        An entity of the collection that the parameter is about comes before one that only mentions such an identifier.
        """
        found = [
            (value, entity)
            for entity in reversed(self.entities)
            if (entity.own or not own)
            and (value := self.identifier_of(entity, parameter, operation)) is not None
        ]
        before = collection_of(operation, parameter)
        exact = (one for one in found if _is_about(parameter, before, one[1]))
        return next(exact, found[0] if found else None)

    def identifier_of(self, entity: KnownEntity, parameter: str, operation: str) -> str | None:
        """Return what identifies ``entity`` as ``parameter`` of ``operation``; None if nothing does."""
        before = collection_of(operation, parameter)
        if self._is_namesake(entity, before, words_of(operation, parameter)):
            return None
        return _identifier(parameter, before, entity)

    def forget(self, entity: KnownEntity) -> None:
        """Remove an entity that was deleted, and others with the same identifiers."""
        gone = set(entity.values.values())
        self.entities = [
            one
            for one in self.entities
            if one is not entity and not (one.own and gone & set(one.values.values()))
        ]

    @property
    def own(self) -> tuple[KnownEntity, ...]:
        """The entities that the sequence created and has not deleted."""
        return tuple(one for one in self.entities if one.own)

    def _is_namesake(self, entity: KnownEntity, collection: str, words: frozenset[str]) -> bool:
        """Return whether ``entity`` is of another collection with the same name as ``collection``."""
        same_name = _plain(entity.collection) == _plain(collection)
        return same_name and words in self.creations and not are_related(entity.words, words)

    def _add(self, entity: KnownEntity) -> None:
        # Own entities are found first, then those that were read first: the fixture.
        self.entities.insert(len(self.entities) if entity.own else 0, entity)


def collection_of(operation: str, parameter: str = "") -> str:
    """Return the last fixed part of the path of ``operation``, or the last one before ``parameter``."""
    parts = _parts(operation, parameter)
    return parts[-1] if parts else ""


def words_of(operation: str, parameter: str = "") -> frozenset[str]:
    """Return the fixed parts of the path of ``operation``, or those before ``parameter``, that distinguish it."""
    return frozenset(_parts(operation, parameter)) - _EVERYWHERE


def are_related(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether the fixed parts of one path contain those of the other: ``/tools``, ``/servers/{id}/tools``."""
    return one <= other or other <= one


def _parts(operation: str, parameter: str) -> list[str]:
    path = operation.partition(" ")[2]
    if parameter:
        path = path.partition(f"{{{parameter}}}")[0]
    return [one for one in path.split("/") if one and not _PARAMETER.fullmatch(one)]


def _identifier(parameter: str, before: str, entity: KnownEntity) -> str | None:
    """Return the value of ``entity`` that identifies it as ``parameter``, which follows the part ``before``."""
    values = {_plain(key): value for key, value in entity.values.items()}
    wanted = _plain(parameter)
    stem, _, last = parameter.replace("-", "_").rpartition("_")
    same = _plain(before) == _plain(entity.collection)
    if wanted in values and (wanted not in ("id", "name", "key", "uri") or same):
        return values[wanted]
    if stem and _is_about(parameter, before, entity):
        return values.get(_plain(last))
    return values.get("id") if same else None


def _is_about(parameter: str, before: str, entity: KnownEntity) -> bool:
    """Return whether ``entity`` is of the collection ``before`` the parameter, or of that in its name."""
    stem = _plain(parameter.replace("-", "_").rpartition("_")[0])
    return _plain(before) == _plain(entity.collection) or bool(
        stem and _plain(_singular(entity.collection)).endswith(stem)
    )


def _collection(key: str, collection: str) -> str:
    """Return the collection of an entity that is the member ``key`` of a response: ``users`` for ``user``."""
    return collection if _plain(key) == _plain(_singular(collection)) else f"{key.removesuffix('s')}s"


def _objects(body: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a response: itself, its list, or the list in one of its members."""
    if isinstance(body, list):
        yield from (one for one in body if isinstance(one, dict))
    elif isinstance(body, dict):
        lists = [one for one in body.values() if isinstance(one, list) and one and isinstance(one[0], dict)]
        if lists and "id" not in body:
            yield from lists[0]
        else:
            yield body


def _scalars(part: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: str(value)
        for key, value in part.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    }


def _singular(collection: str) -> str:
    word = collection.replace("-", "_")
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
