"""Comparison of the responses of one process with recorded shapes, and choice of the samples to record."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec

from loadtest.openapi.contract import Contract
from loadtest.shapes.expected import (
    CERTAIN,
    SENT_KEYWORD,
    Difference,
    certain_schema,
    compare,
    exact_schema,
    reaches,
)
from loadtest.shapes.literal import form_of
from loadtest.shapes.shape import Shape, Within, depends_on_scenarios, merge, shape_of, without_literals
from loadtest.shapes.stored import converted

SAMPLES = 5
"""Responses per operation and process that are recorded although they are like earlier ones."""
MOST_SENT = 50_000
"""Texts of requests that are remembered."""
MOST_NEW = 200
"""Responses per operation and process that are recorded because they are unlike earlier ones."""
FIRST_COMPILED = 4
"""Calls of an operation after which the schema of typical responses is compiled; again after twice as many each."""


class Examined(NamedTuple):
    """What one response showed."""

    differences: tuple[Difference, ...] = ()
    """From what is certain about the recorded shape, by path."""
    added: tuple[str, ...] = ()
    """Keys that were never seen."""
    sample: Shape | None = None
    """Its shape, if it is to be recorded; with differences as well, so that an intended change can be recorded."""
    compared: bool = False
    """Whether there is a recorded shape."""


_COMPARED = Examined(compared=True)
_NOT_COMPARED = Examined()


class ResponseShapes:
    """The shapes of responses by operation and status.

    Almost every response of an operation that is called often is like an earlier one, which a compiled JSON Schema
    finds out in a few microseconds. Only others are compared key by key. The same schema contains that of the contract:
    a response that is valid for it needs no second validation.
    """

    def __init__(
        self,
        recorded: Mapping[str, Mapping[str, Shape]] | None = None,
        *,
        why_not: str = "",
        constant: Container[str] = frozenset(),
        sent: set[str] | None = None,
    ) -> None:
        self.why_not = why_not
        """Why nothing is compared; empty if it is."""
        self._recorded = recorded or {}
        self._constant = constant
        """Texts that are the same in every run although requests have them."""
        self._sent = set[str]() if sent is None else sent
        """The texts of requests, which those of several gateways share: each runs some of the scenarios."""
        self._entries: dict[tuple[str, str], _Entry] = {}

    def has(self, operation: str, status: str) -> bool:
        """Return whether responses with this status had a JSON body."""
        shape = self._recorded.get(operation, {}).get(status)
        return shape is not None and any(reaches(seen, CERTAIN) for seen in shape.types.values())

    def without_literals(self) -> ResponseShapes:
        """Return the same shapes for a gateway whose texts, flags and numbers can be others."""
        return self._converted(without_literals)

    def of_some_scenarios(self) -> ResponseShapes:
        """Return the same shapes for a load without all scenarios, in which some texts and numbers can be others."""
        return self._converted(lambda shape: without_literals(shape, depends_on_scenarios))

    def _converted(self, convert: Callable[[Shape], Shape]) -> ResponseShapes:
        recorded = converted(self._recorded, convert)
        return ResponseShapes(recorded, why_not=self.why_not, constant=self._constant, sent=self._sent)

    def sent(self, *parts: Any) -> None:
        """Remember the texts in the ``parts`` of a request: a response that has one of them may echo it."""
        if len(self._sent) < MOST_SENT:
            for part in filter(None, parts):
                self._sent.update(text for text in _texts(part) if text not in self._constant)

    def is_typical(self, contract: Contract, operation: str, status: int, body: Any) -> bool:
        """Return whether the decoded JSON ``body`` satisfies the contract and is like that of an earlier response."""
        entry = self._entries.get((operation, str(status)))
        return entry is not None and entry.is_typical(contract, status, body)

    def examine(self, operation: str, status: str, body: Any, *, typical: bool = False) -> Examined:
        """Compare the decoded JSON ``body`` of a response, unless :meth:`is_typical` has found it ``typical``.

        ``status`` of a refusal is what it is recorded as.
        """
        entry = self._entries.get((operation, status))
        if entry is None:
            recorded = self._recorded.get(operation, {}).get(status)
            entry = self._entries[operation, status] = _Entry(operation, recorded, self._sent)
        return entry.examine(body, typical)


class _Entry:
    """The shape of the responses of an operation with one status."""

    def __init__(self, operation: str, recorded: Shape | None, sent: Container[str]) -> None:
        self._operation = operation
        self._recorded = recorded
        self._sent = sent
        self._keywords: dict[str, type[Any]] = {SENT_KEYWORD: _keyword_of(sent)}
        self._seen = Shape()
        """Of this process, so that each run records all of what it saw, whether or not it was recorded before."""
        self._typical: jsonschema_rs.Validator | None = None
        """Valid for values that satisfy the contract, are like earlier ones and have no difference."""
        self._outdated = False
        """Whether values were seen since it was compiled."""
        self._calls = 0
        self._compile_at = FIRST_COMPILED
        """Number of calls at which it is compiled if it is outdated: that takes as long as many comparisons."""
        self._samples = 0
        self._new = 0

    def is_typical(self, contract: Contract, status: int, body: Any) -> bool:
        self._calls += 1
        if self._outdated and self._calls >= self._compile_at:
            self._typical = self._compiled(contract, status)
            self._outdated, self._compile_at = False, 2 * self._calls
        return self._typical is not None and self._typical.is_valid(body)

    def examine(self, body: Any, typical: bool) -> Examined:
        compared = self._recorded is not None
        if typical:
            if self._samples >= SAMPLES:
                return _COMPARED if compared else _NOT_COMPARED
            self._samples += 1
            return Examined(sample=shape_of(body, sent=self._sent), compared=compared)
        differences, added = compare(self._recorded, body, self._sent) if self._recorded else ((), ())
        if self._new >= MOST_NEW:
            return Examined(differences, added, compared=compared)
        self._new += 1
        new = shape_of(body, sent=self._sent)
        if not differences:
            self._seen, self._outdated = merge(self._seen, new, Within.RUN), True
        return Examined(differences, added, new, compared)

    def _compiled(self, contract: Contract, status: int) -> jsonschema_rs.Validator:
        schemas = [exact_schema(self._seen), certain_schema(self._recorded) if self._recorded else {}]
        if (pointer := contract.schema_of(self._operation, status)) is not None:
            schemas.append(contract.reference(pointer))
        return contract.compiled({"allOf": schemas}, keywords=self._keywords)


def _keyword_of(sent: Container[str]) -> type[Any]:
    """Return the validator of ``SENT_KEYWORD``, in the form that jsonschema-rs asks for."""

    class Sent:
        def __init__(self, schema: Any, value: Any, path: Any) -> None:
            """There is nothing to configure."""

        def validate(self, text: Any) -> None:
            if not isinstance(text, str) or text not in sent:
                raise ValueError("no request has sent this text")

    return Sent


def _texts(part: Any) -> Iterator[str]:
    """Yield the texts in a part of a request that are the same in every run; others have a form of their own.

    An empty text is none of them: responses have it where nothing was sent. A field of a form can contain several, as
    JSON or separated by commas.
    """
    if isinstance(part, str):
        if part and form_of(part) == part:
            yield part
            yield from map(str.strip, part.split(",") if "," in part else ())
        if part.startswith(("[", "{")):
            yield from _texts(_decoded(part))
    elif isinstance(part, Mapping):
        for one in part.values():
            yield from _texts(one)
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _texts(one)


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
