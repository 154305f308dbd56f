"""Candidates: the faults that can be injected into the operations of an observed run. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from loadtest.core.operations import base, deletes
from loadtest.mutation.bodies import Path, emptied, stable_paths
from loadtest.mutation.exchanges import Exchange, Exchanges, Sender, decoded
from loadtest.mutation.faults import Fault, FaultKind

PAGING = frozenset(
    ("limit", "offset", "cursor", "page", "per_page", "page_size", "pageSize", "skip", "size", "perPage")
)
"""Query parameters that select a page."""
_SWITCH = re.compile(r"/(state|toggle|activate|deactivate|enable|disable)$")
_EDIT = re.compile(r"/(edit|update|update-member-role|set-default)$")
_VOLATILE = re.compile(
    r"time|date|duration|latency|uptime|elapsed|correlation|request_?id|trace|span|_at$|At$|expires|"
    r"memory|cpu|rss|pid|uptime|version|hash|token|secret|_ms$|Ms$",
    re.IGNORECASE,
)
"""Keys whose values differ from call to call, or that no test can know."""
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d:\d\d:\d\d")
_REFUSED = frozenset((401, 403, 404))

Finder = Callable[[str, Sequence[Exchange], random.Random], Fault | None]
"""Returns the fault of one kind for an operation with these exchanges, or None if it cannot have one."""


def choose(
    exchanges: Exchanges, *, seed: int, most: int | None, kinds: Collection[FaultKind] = tuple(FaultKind)
) -> tuple[Fault, ...]:
    """Return for each of ``kinds`` a fault in each operation that can have one, or in ``most`` of them.

    The same seed chooses the same operations and members.
    """
    return tuple(
        fault for kind in FaultKind if kind in kinds for fault in _of_kind(kind, exchanges, seed, most)
    )


def _of_kind(kind: FaultKind, exchanges: Exchanges, seed: int, most: int | None) -> Iterator[Fault]:
    operations = sorted(exchanges)
    random.Random(f"{seed} {kind}").shuffle(operations)
    found = 0
    for operation in operations:
        if most is not None and found >= most:
            return
        fault = find(kind, operation, exchanges[operation], seed)
        if fault is not None:
            found += 1
            yield fault


def find(kind: FaultKind, operation: str, exchanges: Sequence[Exchange], seed: int) -> Fault | None:
    """Return the fault of ``kind`` for ``operation``, or None if its exchanges show that it cannot have one."""
    return _FINDERS[kind](operation, exchanges, random.Random(f"{seed} {kind} {operation}"))


def _simple(kind: FaultKind, applies: Callable[[str, Exchange], bool], *, refused: bool = False) -> Finder:
    """Return a finder for a fault without a detail; only successes count, unless ``refused``."""

    def finder(operation: str, exchanges: Sequence[Exchange], _: random.Random) -> Fault | None:
        fits = any((refused or one.reply.succeeded) and applies(operation, one) for one in exchanges)
        return Fault(kind=kind, operation=operation) if fits else None

    return finder


def _has_body(operation: str, exchange: Exchange) -> bool:
    return len(exchange.reply.body) > 1 and exchange.reply.status < 300


def _is_json(operation: str, exchange: Exchange) -> bool:
    return _has_body(operation, exchange) and exchange.reply.media_type == "application/json"


def _whole(operation: str, exchange: Exchange) -> bool:
    return _has_body(operation, exchange) and exchange.reply.media_type in ("application/json", "text/html")


def _answers_rpc(_: str, exchange: Exchange) -> bool:
    message = decoded(exchange.request.body)
    return isinstance(message, dict) and "jsonrpc" in message and "id" in message


def _is_deletion(operation: str, _: Exchange) -> bool:
    return deletes(operation)


def _is_switch(operation: str, exchange: Exchange) -> bool:
    return exchange.request.method != "GET" and bool(_SWITCH.search(base(operation)))


def _is_update(operation: str, exchange: Exchange) -> bool:
    if _is_switch(operation, exchange) or _is_deletion(operation, exchange):
        return False
    method, _, path = base(operation).partition(" ")
    return method in ("PUT", "PATCH") or (method == "POST" and bool(_EDIT.search(path)))


def _is_form(operation: str, exchange: Exchange) -> bool:
    form = exchange.request.media_type == "application/x-www-form-urlencoded"
    others = (_is_switch, _is_deletion, _is_update)
    return form and not any(other(operation, exchange) for other in others)


def _lists(operation: str, exchange: Exchange) -> bool:
    reads = exchange.request.method == "GET" or "list" in operation.partition(" ")[2].partition(" ")[2]
    if not reads or base(operation).endswith("}"):
        return False
    return any(emptied(body) is not body for body in json_bodies((exchange,)))


def _has_item(operation: str, exchange: Exchange) -> bool:
    return (
        exchange.request.method == "GET"
        and bool(exchange.request.parameters)
        and _is_json(operation, exchange)
        and bool(decoded(exchange.reply.body))
    )


def _admits(sender: Sender) -> Callable[[str, Exchange], bool]:
    def applies(_: str, exchange: Exchange) -> bool:
        refused = exchange.reply.status in _REFUSED or 300 <= exchange.reply.status < 400
        return refused and exchange.request.sender is sender

    return applies


def _pagination(operation: str, exchanges: Sequence[Exchange], _: random.Random) -> Fault | None:
    used = any(PAGING.intersection(dict(parse_qsl(one.request.query))) for one in _read(exchanges))
    return Fault(kind=FaultKind.PAGINATION, operation=operation) if used else None


def _filter(operation: str, exchanges: Sequence[Exchange], rng: random.Random) -> Fault | None:
    used = {name for one in _read(exchanges) for name, _ in parse_qsl(one.request.query)} - PAGING
    if not used:
        return None
    return Fault(kind=FaultKind.FILTER, operation=operation, parameter=rng.choice(sorted(used)))


def _read(exchanges: Sequence[Exchange]) -> list[Exchange]:
    return [one for one in exchanges if one.request.method == "GET" and one.reply.succeeded]


def _member(kind: FaultKind, fits: Callable[[Path, list[Any]], bool]) -> Finder:
    """Return a finder for a fault in one member of a JSON body."""

    def finder(operation: str, exchanges: Sequence[Exchange], rng: random.Random) -> Fault | None:
        bodies = json_bodies([one for one in exchanges if one.reply.status < 300])
        paths = [path for path, values in stable_paths(bodies).items() if fits(path, values)]
        if not paths:
            return None
        return Fault(kind=kind, operation=operation, path=rng.choice(sorted(paths)))

    return finder


def json_bodies(exchanges: Sequence[Exchange]) -> list[Any]:
    """Return the JSON bodies of replies; of an event stream, the JSON of its messages."""
    bodies = []
    for one in exchanges:
        if one.reply.media_type == "text/event-stream":
            lines = (line[5:].strip() for line in one.reply.body.splitlines() if line.startswith(b"data:"))
            bodies += [body for line in lines if (body := decoded(line)) is not None]
        elif one.complete and (body := decoded(one.reply.body)) is not None:
            bodies.append(body)
    return bodies


def _named(path: Path, values: list[Any]) -> bool:
    return not (len(path) == 1 and path[0] in ("result", "error"))


def _typed(path: Path, values: list[Any]) -> bool:
    kinds = {type(value) for value in values}
    return _named(path, values) and len(kinds) == 1 and type(None) not in kinds


def _text(path: Path, values: list[Any]) -> bool:
    return _steady(path) and all(
        isinstance(value, str) and value and not _TIMESTAMP.search(value) for value in values
    )


def _number(path: Path, values: list[Any]) -> bool:
    return _steady(path) and all(isinstance(value, bool | int | float) for value in values)


def _steady(path: Path) -> bool:
    return not any(_VOLATILE.search(part) for part in path)


_FINDERS: dict[FaultKind, Finder] = {
    FaultKind.STATUS_500: _simple(FaultKind.STATUS_500, lambda _operation, _one: True),
    FaultKind.STATUS_404: _simple(FaultKind.STATUS_404, lambda _operation, _one: True),
    FaultKind.EMPTY_BODY: _simple(FaultKind.EMPTY_BODY, _whole),
    FaultKind.HTML: _simple(FaultKind.HTML, _is_json),
    FaultKind.TRUNCATED: _simple(FaultKind.TRUNCATED, _whole),
    FaultKind.JSONRPC_ERROR: _simple(FaultKind.JSONRPC_ERROR, _answers_rpc),
    FaultKind.STALL: _simple(FaultKind.STALL, lambda _operation, _one: True),
    FaultKind.DROPPED_CONNECTION: _simple(FaultKind.DROPPED_CONNECTION, lambda _operation, _one: True),
    FaultKind.DELETION: _simple(FaultKind.DELETION, _is_deletion),
    FaultKind.UPDATE: _simple(FaultKind.UPDATE, _is_update),
    FaultKind.FORM: _simple(FaultKind.FORM, _is_form),
    FaultKind.SWITCH: _simple(FaultKind.SWITCH, _is_switch),
    FaultKind.PAGINATION: _pagination,
    FaultKind.FILTER: _filter,
    FaultKind.EMPTY_LIST: _simple(FaultKind.EMPTY_LIST, _lists),
    FaultKind.WRONG_ITEM: _simple(FaultKind.WRONG_ITEM, _has_item),
    FaultKind.KEY_DROPPED: _member(FaultKind.KEY_DROPPED, _named),
    FaultKind.KEY_RETYPED: _member(FaultKind.KEY_RETYPED, _typed),
    FaultKind.TEXT_CHANGED: _member(FaultKind.TEXT_CHANGED, _text),
    FaultKind.NUMBER_CHANGED: _member(FaultKind.NUMBER_CHANGED, _number),
    FaultKind.AUTHENTICATION: _simple(FaultKind.AUTHENTICATION, _admits(Sender.ANONYMOUS), refused=True),
    FaultKind.PERMISSION: _simple(FaultKind.PERMISSION, _admits(Sender.OTHER), refused=True),
}
