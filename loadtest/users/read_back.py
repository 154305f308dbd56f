"""Read-backs: further calls that verify that an entity was created, changed or deleted.

A read-back is made before the call that it verifies is reported, and what it finds is a failure of that call: a
deletion after which the entity can still be read is a failure of the deletion, not of the read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected

NOT_FOUND = 404
_PARAMETER = re.compile(r"\{(\w+)\}")
_PLAIN_VALUES = (str, int, float)
"""Types of values that are compared; a flag is a number."""
_CHANGING = re.compile(r"(^|_)(at|date|count|metrics|reachable|seen|used|status|message|version)$")
"""Names, with underscores, of members that change without a request, or that differ between kinds of responses."""
KEPT = frozenset(
    {
        "visibility",
        "teamid",
        "owneremail",
        "createdby",
        "tags",
        "description",
        "enabled",
        "icon",
        "title",
        "associatedtools",
        "associatedtoolids",
        "associatedresources",
        "associatedprompts",
        "associateda2aagents",
        "oauthenabled",
        "requesttype",
        "integrationtype",
        "headers",
        "inputschema",
        "outputschema",
        "annotations",
        "jsonpathfilter",
        "querymapping",
        "headermapping",
        "timeoutms",
        "extensionmetadata",
        "mimetype",
        "uri",
        "uritemplate",
        "template",
        "arguments",
        "transport",
        "passthroughheaders",
        "agenttype",
        "endpointurl",
        "protocolversion",
        "capabilities",
        "config",
    }
)
"""Names, in lower case without underscores, of properties that an update which does not contain them must keep."""
FOLLOWS = {
    "associatedtoolids": "associatedtools",
    "requesttype": "integrationtype",
    "arguments": "template",
    "uritemplate": "uri",
    "outputschema": "inputschema",
}
"""Names of properties in :data:`KEPT` that an update of another property may change, and of that one."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:")
_MASK = re.compile(r"\*+")

Call = Callable[..., Answer]
"""The ``call`` of a user."""


class Entity(NamedTuple):
    """One entity, as known to the scenario that created it."""

    id: str
    path: Mapping[str, str]
    """Path parameters of the call that is verified."""
    values: Mapping[str, Any]
    """The properties that the entity must have."""
    stated: Any = None
    """The body of the response that created or changed it, with which the read must agree."""
    before: Mapping[str, Any] = {}
    """The properties that the call that is verified must not change, as they were before it."""


class ReadBack(Protocol):
    """How the existence and the properties of an entity are verified."""

    @property
    def operation(self) -> str:
        """The operation that reads; empty if none does."""

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the entity does not exist, or does not have its values."""

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the entity still exists."""


class Item(NamedTuple):
    """An operation that reads one entity, and responds with ``missing`` if it does not exist."""

    operation: str
    key: str = "id"
    """Member of the response that has the entity's id, if it has one."""
    missing: int = NOT_FOUND

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the entity cannot be read, or does not have its values."""
        answer = self._read(call, entity)
        if answer.status == self.missing:
            return expected(f"the entity in the response of {self.operation}", answer.text)
        return _agrees(entity, answer.json, self.operation)

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the entity can still be read."""
        answer = self._read(call, entity)
        if answer.status == self.missing:
            return None
        return Mismatch(f"still readable after deletion ({self.operation})", answer.text[:200])

    def _read(self, call: Call, entity: Entity) -> Answer:
        names = parameters_of(self.operation)
        path = {name: entity.path.get(name, entity.id) for name in names}
        return call(self.operation, refusals=(self.missing,), check=self._is(entity.id), **path)

    def _is(self, identity: str) -> Callable[[Answer], Mismatch | None]:
        def check(answer: Answer) -> Mismatch | None:
            body = answer.json
            found = body.get(self.key, identity) if isinstance(body, dict) else identity
            return None if str(found) == identity else expected(f"the {self.key} that was asked for", found)

        return check


class Listed(NamedTuple):
    """An operation that lists the entity; ``params`` must restrict the list so that it fits on a page."""

    operation: str
    at: str = ""
    """Dotted path of the list in the response."""
    key: str = "id"
    """Member of a listed entity that has its id."""
    params: Mapping[str, object] = {}
    path: Mapping[str, str] = {}
    """Path parameters, if they differ from those of the call that is verified."""

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the entity is not listed, or does not have its values."""
        found = self._find(call, entity)
        if found is None:
            return expected(f"the entity in the list of {self.operation}")
        return _agrees(entity, found, self.operation)

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the entity is still listed."""
        found = self._find(call, entity)
        return None if found is None else Mismatch(f"still listed after deletion ({self.operation})")

    def _find(self, call: Call, entity: Entity) -> Mapping[str, Any] | None:
        names = parameters_of(self.operation)
        path = {name: self.path.get(name) or entity.path.get(name, entity.id) for name in names}
        answer = call(self.operation, params=self.params or None, check=self._is_list, **path)
        return next((one for one in self._entities(answer) if str(one[self.key]) == entity.id), None)

    def _entities(self, answer: Answer) -> Any:
        return answer[self.at] if self.at else answer.json

    def _is_list(self, answer: Answer) -> Mismatch | None:
        listed = self._entities(answer)
        right = isinstance(listed, list) and all(isinstance(one, dict) and self.key in one for one in listed)
        return None if right else expected(f"a list of entities with {self.key}", listed)


class Created(NamedTuple):
    """An entity, and another one that the gateway created for it, which is switched on and off and deleted with it."""

    entity: ReadBack
    other: Listed
    """Lists the other one; its ``key`` is the member with ``value``."""
    value: str

    @property
    def operation(self) -> str:
        """The operation that reads the entity."""
        return self.entity.operation

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the entity is not as stated, or the other one is not in the same state."""
        on = entity.values.get("enabled", True)
        return self.entity.shows(call, entity) or self.other.shows(call, self._other({"enabled": on}))

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if one of them still exists."""
        return self.entity.is_gone(call, entity) or self.other.is_gone(call, self._other({}))

    def _other(self, values: Mapping[str, Any]) -> Entity:
        return Entity(self.value, {}, values)


class NotReadable(NamedTuple):
    """No operation reads the entity, for this reason."""

    reason: str
    operation: str = ""

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return None: nothing can be read."""

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return None: nothing can be read."""


def parameters_of(operation: str) -> tuple[str, ...]:
    """Return the names of the path parameters of ``operation``."""
    return tuple(_PARAMETER.findall(operation))


def item_of(operation: str) -> Item:
    """Return the read of the entity that ``DELETE /tools/{tool_id}`` deletes, or that a PUT changes: the same path."""
    return Item(f"GET {operation.split(' ')[1]}")


def sent_values(body: Any, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the properties in a request ``body``, also those in a wrapper such as ``{"tool": {...}}``.

    Properties ``without`` which the entity is compared, and those that are null, are left out.
    """
    if not isinstance(body, Mapping):
        return {}
    wrapped = {
        k: v
        for part in body.values()
        if isinstance(part, Mapping) and "name" in part
        for k, v in part.items()
    }
    top = {k: v for k, v in body.items() if not (isinstance(v, Mapping) and "name" in v)}
    return {k: v for k, v in (wrapped | top).items() if k not in without and v is not None}


def shows(values: Mapping[str, Any], shown: Any, operation: str) -> Mismatch | None:
    """Return a mismatch if ``shown``, a response of ``operation``, has one of the ``values`` and it differs.

    Names may be spelled in camel case or with underscores.
    """
    members = {plain(k): v for k, v in shown.items()} if isinstance(shown, Mapping) else {}
    for name, value in values.items():
        if plain(name) in members and not same(value, members[plain(name)]):
            found = members[plain(name)]
            return expected(f"{name} to be {value!r:.80} in the response of {operation}", repr(found))
    return None


def _agrees(entity: Entity, shown: Any, operation: str) -> Mismatch | None:
    """Return a mismatch if ``shown`` has other values than were sent, than were before, or than the call stated."""
    return (
        shows(entity.values, shown, operation)
        or keeps(entity.before, shown, operation)
        or contradiction(entity.stated, shown, f"in the response of {operation} to be as this call stated")
    )


def properties_of(shown: Any) -> dict[str, Any]:
    """Return the members of an entity by their names in one spelling; they are compared by it."""
    return {plain(k): v for k, v in shown.items()} if isinstance(shown, Mapping) else {}


def untouched(before: Mapping[str, Any], body: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those properties of ``before`` an update that a request ``body`` with new ``values`` must not change.

    A property that is null is sent, too. Values that change by themselves or follow from others are left out.
    """
    parts = [body, *body.values()] if isinstance(body, Mapping) else []
    sent = {plain(name) for part in (*parts, values) if isinstance(part, Mapping) for name in part}
    sent |= {name for name, cause in FOLLOWS.items() if cause in sent}
    return {k: v for k, v in before.items() if k in KEPT and k not in sent and v is not None}


def keeps(before: Mapping[str, Any], shown: Any, operation: str) -> Mismatch | None:
    """Return a mismatch if ``shown``, a response of ``operation``, has one of the properties ``before`` otherwise."""
    members = properties_of(shown)
    for name, value in before.items():
        if name in members and not _unchanged(value, members[name]):
            found = members[name]
            return expected(f"{name} in the response of {operation} to be kept by this call", repr(found))
    return None


def _unchanged(value: Any, found: Any) -> bool:
    if isinstance(value, list) and isinstance(found, list):
        return sorted(map(str, map(_label, value))) == sorted(map(str, map(_label, found)))
    return same(value, found) if isinstance(value, Mapping) else bool(value == found)


def contradiction(stated: Any, shown: Any, where: str) -> Mismatch | None:
    """Return a mismatch if two responses have different texts, numbers or flags for the same member of an entity.

    The message says ``where`` which one is expected. Members that change by themselves, such as times, counts and
    states, are not compared, nor are those that only one of the responses has, or that are null in one.
    """
    for path, value, found in _contradictions(stated, shown):
        return expected(
            f"{path.partition('.')[0]} {where}",
            f"{path}: {found!r:.80} instead of {value!r:.80}",
        )
    return None


def _contradictions(stated: Any, shown: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(stated, Mapping) and isinstance(shown, Mapping):
        members = {plain(k): v for k, v in shown.items()}
        for name, value in stated.items():
            if plain(name) in members and not changes_by_itself(name):
                yield from _contradictions(value, members[plain(name)], f"{path}.{name}".lstrip("."))
    elif isinstance(stated, list) and isinstance(shown, list):
        if len(stated) == len(shown) and not any(isinstance(one, str) for one in (*stated, *shown)):
            for one, other in zip(stated, shown, strict=True):
                yield from _contradictions(one, other, f"{path}.[]")
    elif not agree(stated, shown):
        yield path, stated, shown


def changes_by_itself(name: str) -> bool:
    """Return whether a member changes without a request, or differs between kinds of responses."""
    return _CHANGING.search(snake(name)) is not None


def agree(stated: Any, shown: Any) -> bool:
    """Return whether two texts, numbers or flags are equal; anything else, a mask or a time is not compared."""
    if not isinstance(stated, _PLAIN_VALUES) or not isinstance(shown, _PLAIN_VALUES):
        return True
    return stated == shown or any(
        _MASK.fullmatch(str(one)) or _TIME.match(str(one)) for one in (stated, shown)
    )


def same(sent: Any, shown: Any) -> bool:
    """Return whether a property has the value that was sent; a masked value counts as the same.

    An object may have more members than were sent. A list of labels may be shown as a list of objects, in any order.
    """
    if isinstance(shown, str) and _MASK.fullmatch(shown):
        return True
    if isinstance(sent, Mapping) and isinstance(shown, Mapping):
        members = {plain(k): v for k, v in shown.items()}
        return all(
            plain(k) in members and same(v, members[plain(k)]) for k, v in sent.items() if v is not None
        )
    if isinstance(sent, list) and isinstance(shown, list):
        if all(isinstance(one, str) for one in sent):
            return sorted(sent) == sorted(str(_label(one)) for one in shown)
        return len(sent) == len(shown) and all(map(same, sent, shown))
    return bool(sent == shown)


def _label(shown: Any) -> Any:
    return shown.get("label", shown.get("name", shown.get("id"))) if isinstance(shown, Mapping) else shown


def snake(name: str) -> str:
    """Return ``authType`` as ``auth_type``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def plain(name: str) -> str:
    """Return a name in the spelling in which names are compared: ``authtype`` for ``authType`` and ``auth_type``."""
    return name.replace("_", "").lower()
