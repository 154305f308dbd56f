"""Two contracts side by side: which operations are new, gone, or no longer promise the same.

Prose is left out: a summary, a description or an example that was reworded changes nothing for a caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadtest.client.contract import METHODS, canonical

PROSE = frozenset({"summary", "description", "title", "example", "examples", "operationId", "tags"})
"""Keys that say nothing to a program; a property of such a name is kept."""
_NAMED = ("properties", "schemas", "$defs")
"""Keys whose own keys are names that somebody chose."""


@dataclass(frozen=True)
class Change:
    """An operation that both contracts have and do not describe alike."""

    name: str
    what: tuple[str, ...]
    """Each difference in a few words."""


@dataclass(frozen=True)
class ContractChanges:
    """What became of a contract."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[Change, ...]

    @property
    def line(self) -> str:
        """The whole in a few words."""
        return f"{len(self.new)} new, {len(self.gone)} gone, {len(self.changed)} changed"


def contract_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> ContractChanges:
    """Return what became of the OpenAPI document ``before`` in ``now``; the order is that of the names."""
    old, new = _operations(before), _operations(now)
    changed = (
        Change(name, tuple(_differences(_Side(before, old[name]), _Side(now, new[name]))))
        for name in sorted(old.keys() & new.keys())
    )
    return ContractChanges(
        new=tuple(sorted(new.keys() - old.keys())),
        gone=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(one for one in changed if one.what),
    )


def _operations(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return every operation; of one that stands with a version prefix and without it, the first."""
    found: dict[str, Mapping[str, Any]] = {}
    for path, methods in sorted(document.get("paths", {}).items(), reverse=True):
        shared = methods.get("parameters", [])
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                parameters = [*shared, *operation.get("parameters", [])]
                found[canonical(method, path)] = {**operation, "parameters": parameters}
    return found


@dataclass(frozen=True)
class _Side:
    """One operation and the document that its references lead into."""

    document: Mapping[str, Any]
    operation: Mapping[str, Any]

    def parameters(self) -> dict[str, Mapping[str, Any]]:
        """Return the parameters by place and name: ``query limit``."""
        found = (_resolved(self.document, one) for one in self.operation.get("parameters", ()))
        return {f"{one.get('in')} {one.get('name')}": one for one in found}

    def body(self) -> Mapping[str, Any] | None:
        """Return the request's body, or None if there is none."""
        body = self.operation.get("requestBody")
        return None if body is None else _resolved(self.document, body)

    def answers(self) -> dict[str, Mapping[str, Any]]:
        """Return the documented answers by status."""
        answers = self.operation.get("responses", {})
        return {str(status): _resolved(self.document, answer) for status, answer in answers.items()}

    def meaning(self, part: Any) -> Any:
        """Return ``part`` without prose, with all that its references lead to, such that equal means alike."""
        reached: dict[str, Any] = {}
        waiting = list(_references(part))
        while waiting:
            reference = waiting.pop()
            if reference not in reached:
                target = _target(self.document, reference)
                reached[reference] = _bare(target)
                waiting += _references(target)
        return _bare(part), reached


def _differences(before: _Side, now: _Side) -> Iterator[str]:
    yield from _parameters(before, now)
    old, new = before.body(), now.body()
    if old is None or new is None:
        if old is not new:
            yield "takes a body" if old is None else "takes no body any more"
    else:
        yield from _flag("body", old, new)
        yield from _content("body", before, old, now, new)
    yield from _answers(before, now)


def _parameters(before: _Side, now: _Side) -> Iterator[str]:
    old, new = before.parameters(), now.parameters()
    for name in new.keys() - old.keys():
        yield f"{name}: new{', required' if new[name].get('required') else ''}"
    for name in old.keys() - new.keys():
        yield f"{name}: gone"
    for name in old.keys() & new.keys():
        yield from _flag(name, old[name], new[name])
        if before.meaning(old[name].get("schema")) != now.meaning(new[name].get("schema")):
            yield f"{name}: other values"


def _answers(before: _Side, now: _Side) -> Iterator[str]:
    old, new = before.answers(), now.answers()
    for status in sorted(new.keys() - old.keys()):
        yield f"status {status}: new"
    for status in sorted(old.keys() - new.keys()):
        yield f"status {status}: gone"
    for status in sorted(old.keys() & new.keys()):
        yield from _content(f"status {status}", before, old[status], now, new[status])


def _flag(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if bool(old.get("required")) != bool(new.get("required")):
        yield f"{name}: {'required now' if new.get('required') else 'no longer required'}"


def _content(
    name: str, before: _Side, old: Mapping[str, Any], now: _Side, new: Mapping[str, Any]
) -> Iterator[str]:
    left, right = old.get("content", {}), new.get("content", {})
    if left.keys() != right.keys():
        kinds = " and ".join(sorted(right)) or "nothing"
        yield f"{name}: {kinds}, before {' and '.join(sorted(left)) or 'nothing'}"
    for kind in sorted(left.keys() & right.keys()):
        if before.meaning(left[kind].get("schema")) != now.meaning(right[kind].get("schema")):
            yield f"{name}: other schema"


def _bare(part: Any, *, named: bool = False) -> Any:
    """Return ``part`` without prose; where its keys are ``named`` by somebody, all of them stay."""
    if isinstance(part, Mapping):
        kept = part if named else {key: value for key, value in part.items() if key not in PROSE}
        return {key: _bare(value, named=not named and key in _NAMED) for key, value in kept.items()}
    return [_bare(one) for one in part] if isinstance(part, list) else part


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


def _resolved(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    target = _target(document, reference) if isinstance(reference, str) else part
    return target if isinstance(target, Mapping) else {}


def _target(document: Mapping[str, Any], reference: str) -> Any:
    """Return what a reference into ``document`` leads to, or None: JSON pointers only, as FastAPI writes them."""
    here: Any = document
    for part in reference.removeprefix("#/").split("/"):
        here = here.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(here, Mapping) else None
    return here
