"""Replies of a gateway that did nothing: an earlier success, with the values of the new request. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from loadtest.mutation.bodies import Path, members
from loadtest.mutation.exchanges import Exchange, Received, RecordedResponse, decoded

_SHORTEST = 3
"""Characters of the shortest text that is replaced; shorter ones occur by chance."""
_FRAMING = frozenset(("content-length", "transfer-encoding", "content-encoding"))


def plausible_reply(request: Received, exchanges: Sequence[Exchange]) -> RecordedResponse | None:
    """Return the success that ``request`` would have had, from the most similar of ``exchanges``; None without one."""
    similar = most_similar(request, exchanges)
    return None if similar is None else with_values_of(request, similar)


def most_similar(request: Received, exchanges: Sequence[Exchange]) -> Exchange | None:
    """Return the success among ``exchanges`` whose query and body are most like those of ``request``."""
    usable = [one for one in exchanges if one.reply.succeeded and one.complete]
    return max(usable, key=lambda one: _similarity(request, one.request), default=None)


def _similarity(request: Received, other: Received) -> tuple[int, int, int]:
    mine, theirs = set(parse_qsl(request.query)), set(parse_qsl(other.query))
    own, its = _leaves(request.fields), _leaves(other.fields)
    shared = own.keys() & its.keys()
    return (
        -len(mine ^ theirs) - len(own.keys() ^ its.keys()),
        int(request.sender is other.sender),
        sum(own[path] == its[path] for path in shared),
    )


def with_values_of(request: Received, exchange: Exchange) -> RecordedResponse:
    """Return the reply of ``exchange`` with the values of its request replaced by those of ``request``."""
    values = dict(_replacements(exchange.request, request))
    texts = {old: new for old, new in values.items() if isinstance(old, str) and isinstance(new, str)}
    reply = exchange.reply
    body = decoded(reply.body)
    if body is None:
        content = _replace(reply.body.decode("utf-8", "surrogateescape"), texts).encode(
            "utf-8", "surrogateescape"
        )
    else:
        changed = _overlaid(body, exchange.request, request)
        content = msgspec.json.encode(_substituted(changed, values, texts))
    headers = [
        (name, _replace(value, texts)) for name, value in reply.headers if name.lower() not in _FRAMING
    ]
    return RecordedResponse(reply.status, headers, content)


def _leaves(value: Any) -> dict[Path, Any]:
    return {path: leaf for path, leaf in members(value) if not isinstance(leaf, dict | list)}


def _replacements(old: Received, new: Received) -> Iterator[tuple[Any, Any]]:
    for name, value in old.parameters.items():
        if name in new.parameters:
            yield unquote(value), unquote(new.parameters[name])
            yield value, new.parameters[name]
    before, after = _leaves(old.fields), _leaves(new.fields)
    for path, leaf in before.items():
        if path in after and isinstance(leaf, str) and len(leaf) >= _SHORTEST:
            yield leaf, after[path]


def _substituted(value: Any, values: dict[Any, Any], texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {texts.get(key, key): _substituted(member, values, texts) for key, member in value.items()}
    if isinstance(value, list):
        return [_substituted(element, values, texts) for element in value]
    if isinstance(value, str):
        return values[value] if value in values else _replace(value, texts)
    return value


def _overlaid(body: Any, old: Received, new: Received) -> Any:
    """Return ``body`` with the numbers, flags and new members of the request, where it has members of that name."""
    fields, before = new.fields, old.fields
    if not isinstance(body, dict) or not isinstance(fields, dict):
        return body
    flat, old_flat = _flat(fields), _flat(before) if isinstance(before, dict) else {}
    return {
        key: flat[key]
        if key in flat and type(flat[key]) is type(value) and flat[key] != old_flat.get(key)
        else value
        for key, value in body.items()
    }


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the members of ``fields``, and of the object that a single member wraps."""
    inner = [value for value in fields.values() if isinstance(value, dict)]
    return {**fields, **inner[0]} if len(inner) == 1 else fields


def _replace(text: str, values: dict[str, str]) -> str:
    for old, new in sorted(values.items(), key=lambda pair: -len(pair[0])):
        if len(old) > _SHORTEST and old != new:
            text = text.replace(old, new)
    return text


def another_reply(
    request: Received, exchanges: Sequence[Exchange], actual: RecordedResponse
) -> RecordedResponse | None:
    """Return the observed reply for another item than that of ``request``; None if there is none."""
    others = [
        one
        for one in exchanges
        if one.reply.status == actual.status
        and one.complete
        and one.request.path != request.path
        and one.reply.body != actual.body
    ]
    similar = most_similar(request, others)
    if similar is None:
        return None
    headers = [(name, value) for name, value in similar.reply.headers if name.lower() not in _FRAMING]
    return RecordedResponse(similar.reply.status, headers, similar.reply.body)
