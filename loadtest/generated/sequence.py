"""The order of generated calls: reads, then changes, then reads of what was created, then deletions.

Pure: a ``send`` function makes the calls. A call that is not understood is tried with the next request, until all have
been tried; after changes it is tried again if more entities are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from loadtest.core.operations import deletes
from loadtest.generated.identifiers import Identifiers, KnownEntity, are_related, collection_of, words_of
from loadtest.generated.requests import Candidate, GeneratedOperation, fill

SAFE = ("GET ", "HEAD ", "OPTIONS ")
_ENDS = re.compile(r"(delete|remove|revoke|disconnect|leave|deactivate|cancel)/?$")
_UNKNOWN = "00000000-0000-4000-8000-000000000000"
_ROUNDS = 2
"""Rounds of changes: the second one has the entities that the first one created."""


class Understood(Enum):
    """How the gateway answered a generated call."""

    YES = 1
    """With a documented success."""
    NO = 2
    """It rejected the request."""
    FAILED = 3
    """With a failure, which has been reported."""


class GeneratedAnswer(NamedTuple):
    """The answer to a generated call."""

    understood: Understood
    body: Any = None
    """Decoded JSON; None if there is none."""
    status: int = 0


class Request(NamedTuple):
    """A request whose placeholders are replaced."""

    operation: GeneratedOperation
    path: dict[str, str]
    params: dict[str, Any]
    body: Any
    form: bool


Send = Callable[[Request], GeneratedAnswer]


@dataclass
class CallSequence:
    """One pass through operations without a scenario."""

    operations: Sequence[GeneratedOperation]
    send: Send
    unique: Callable[[], str]
    """Returns a new unique name."""
    url: Callable[[str], str]
    """Returns the address of a backend by its name."""
    identifiers: Identifiers = field(default_factory=Identifiers)
    repeatable: list[Request] = field(default_factory=list)
    """Reads of JSON that were understood: pages and archives would make up most of the load."""
    _settled: set[str] = field(default_factory=set)
    """Operations that were understood or failed."""
    _failed: set[str] = field(default_factory=set)
    _known: dict[str, int] = field(default_factory=dict)
    """Number of own entities when an operation was tried last."""

    def __post_init__(self) -> None:
        self.identifiers.creations = frozenset(
            words_of(one.operation) for one in self.operations if one.operation.startswith("POST ")
        )

    def run(self) -> None:
        """Make all calls; afterwards, :meth:`delete_all` deletes what is left of what they created."""
        reads = sorted((one for one in self.operations if _reads(one)), key=_depth)
        writes = sorted((one for one in self.operations if not _reads(one)), key=_depth)
        ends = [one for one in writes if _is_end(one)]
        changes = [one for one in writes if not _is_end(one)]
        for one in (*reads, *changes):
            self._try(one)
        for _ in range(_ROUNDS - 1):
            for one in (*changes, *reads):
                self._try_again(one)
        for one in ends:
            self._renew(one, changes)
            self._try(one)

    def delete_all(self) -> None:
        """Delete the entities that were created and still exist, as far as an operation does."""
        deletions = [
            one
            for one in self.operations
            if one.operation.startswith("DELETE ") and _ends_in_parameter(one) and not one.withheld
        ]
        for entity in reversed(self.identifiers.own):
            for one in deletions:
                if self._removes(one, entity):
                    self._send(one, one.candidates[0], entity)
                    break
            self.identifiers.forget(entity)

    def _renew(self, end: GeneratedOperation, changes: Iterable[GeneratedOperation]) -> None:
        """Create another entity for ``end`` if an earlier one has deleted those that were created."""
        if not end.parameters or end.withheld or self._found(end) is not None:
            return
        before, words = (
            collection_of(end.operation, end.parameters[-1]),
            words_of(end.operation, end.parameters[-1]),
        )
        for one in changes:
            creates = (
                one.operation.startswith("POST ")
                and collection_of(one.operation) == before
                and are_related(words_of(one.operation), words)
            )
            if creates and not one.withheld and one.operation not in self._failed:
                self._try(one)
                if self._found(end) is not None:
                    return

    def _try_again(self, one: GeneratedOperation) -> None:
        known = len(self.identifiers.own)
        if (
            one.operation not in self._settled
            and (one.parameters or "{{id:" in repr(one.candidates))
            and known > self._known.get(one.operation, -1)
        ):
            self._try(one)

    def _try(self, one: GeneratedOperation) -> None:
        self._known[one.operation] = len(self.identifiers.own)
        for candidate in one.candidates[:1] if one.withheld else one.candidates:
            answer = self._send(one, candidate)
            if answer is Understood.FAILED:
                self._failed.add(one.operation)
            if answer is not Understood.NO:
                self._settled.add(one.operation)
                return

    def _send(
        self, one: GeneratedOperation, candidate: Candidate, entity: KnownEntity | None = None
    ) -> Understood:
        names: list[str] = []
        request, entities = self._filled(one, candidate, names, entity)
        answer = self.send(request)
        if answer.understood is not Understood.YES or one.withheld:
            return answer.understood
        if _reads(one):
            self.identifiers.read(one.operation, answer.body)
            if answer.body is not None:
                self.repeatable.append(request)
        elif _is_end(one):
            for entity in entities[-1:]:
                if deletes(one.operation) and self._removes(one, entity):
                    self.identifiers.forget(entity)
        else:
            self.identifiers.created(one.operation, answer.body, unique=names, certain=answer.status == 201)
        return answer.understood

    def _filled(
        self,
        one: GeneratedOperation,
        candidate: Candidate,
        names: list[str],
        chosen: KnownEntity | None,
    ) -> tuple[Request, list[KnownEntity]]:
        """Return the request, and the entities in its path; add the unique texts that it contains to ``names``.

        The last parameter identifies the ``chosen`` entity, if there is one.
        """
        own = not _reads(one)
        path: dict[str, str] = {}
        entities: list[KnownEntity] = []
        for parameter in one.parameters:
            if one.withheld:
                found = None
            elif chosen is not None and parameter == one.parameters[-1]:
                found = self._identified(chosen, one)
            else:
                found = self.identifiers.find(parameter, one.operation, own=own)
            if found is not None:
                path[parameter] = found[0]
                entities.append(found[1])
            else:
                path[parameter] = str(candidate.path.get(parameter, _UNKNOWN))
        name = self.unique()

        def replace(kind: str, argument: str) -> str:
            if kind == "id":
                known = self.identifiers.find(argument, one.operation, own=own)
                return known[0] if known else _UNKNOWN
            names.append(name)
            return f"{self.url(one.backend)}?lt={name}" if kind == "url" else name

        params = {key: _query(value) for key, value in fill(candidate.params, replace).items()}
        return Request(one, path, params, fill(candidate.body, replace), candidate.form), entities

    def _identified(self, entity: KnownEntity, one: GeneratedOperation) -> tuple[str, KnownEntity] | None:
        value = self.identifiers.identifier_of(entity, one.parameters[-1], one.operation)
        return None if value is None else (value, entity)

    def _removes(self, one: GeneratedOperation, entity: KnownEntity) -> bool:
        """Return whether ``one`` deletes ``entity`` itself, and not its membership in another one."""
        same = collection_of(one.operation, one.parameters[-1]) == entity.collection
        return same and self._identified(entity, one) is not None

    def _found(self, one: GeneratedOperation) -> tuple[str, KnownEntity] | None:
        if not one.parameters:
            return None
        return self.identifiers.find(one.parameters[-1], one.operation, own=True)


def _reads(one: GeneratedOperation) -> bool:
    return one.operation.startswith(SAFE)


def _is_end(one: GeneratedOperation) -> bool:
    return deletes(one.operation) or bool(_ENDS.search(one.operation))


def _ends_in_parameter(one: GeneratedOperation) -> bool:
    return one.operation.rstrip("/").endswith("}")


def _depth(one: GeneratedOperation) -> tuple[int, str]:
    return len(one.parameters), one.operation


def _query(value: Any) -> Any:
    return value if isinstance(value, str | int | bool) else str(value)
