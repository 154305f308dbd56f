"""Changes of a JSON body: members found, dropped, retyped and changed by their path. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

ELEMENTS = "[]"
"""The part of a path that stands for every element of a list."""
Path = tuple[str, ...]
Change = Callable[[Any], Any]
"""Returns the changed body; it returns the same object if there was nothing to change."""

COUNTS = frozenset(("total", "count", "total_count", "totalCount", "total_items", "totalItems", "size"))
"""Keys of the number of entries of a list beside it."""
_MESSAGE_KEYS = frozenset(("jsonrpc", "id"))
"""Members of a JSON-RPC message that belong to the protocol."""
_GENERATED = re.compile(r"lt[-_]|[0-9a-f]{8}|[^\w$.-]|^\d")
"""Keys that are values: names, ids and addresses of entities."""


def members(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every member of ``body`` with its path, parents first; keys that are values are left out."""
    if isinstance(body, list):
        for element in body:
            yield from members(element, (*path, ELEMENTS))
    elif isinstance(body, dict):
        for key, value in body.items():
            if not _GENERATED.search(key) and (path or "jsonrpc" not in body or key not in _MESSAGE_KEYS):
                yield (*path, key), value
                yield from members(value, (*path, key))


def stable_paths(bodies: Sequence[Any]) -> dict[Path, list[Any]]:
    """Return the values of every member that all objects at its place in ``bodies`` have, by path."""
    found: dict[Path, list[Any]] = {}
    parents: dict[Path, int] = {}
    for body in bodies:
        for path, count in _objects(body):
            parents[path] = parents.get(path, 0) + count
        for path, value in members(body):
            found.setdefault(path, []).append(value)
    return {path: values for path, values in found.items() if len(values) == parents.get(path[:-1], 0)}


def _objects(body: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:
    if isinstance(body, list):
        for element in body:
            yield from _objects(element, (*path, ELEMENTS))
    elif isinstance(body, dict):
        yield path, 1
        for key, value in body.items():
            yield from _objects(value, (*path, key))


def dropped(body: Any, path: Path) -> Any:
    """Return ``body`` without the members at ``path``."""
    return _changed(body, path, None)


def replaced(body: Any, path: Path, change: Change) -> Any:
    """Return ``body`` with the members at ``path`` changed."""
    return _changed(body, path, change)


def _changed(body: Any, path: Path, change: Change | None) -> Any:
    if not path:
        return body if change is None else change(body)
    first, rest = path[0], path[1:]
    if first == ELEMENTS and isinstance(body, list):
        elements = [_changed(element, rest, change) for element in body]
        return body if _same(elements, body) else elements
    if first == ELEMENTS or not isinstance(body, dict) or first not in body:
        return body
    if not rest and change is None:
        return {key: value for key, value in body.items() if key != first}
    value = _changed(body[first], rest, change)
    return body if value is body[first] else body | {first: value}


def _same(left: list[Any], right: list[Any]) -> bool:
    return all(one is other for one, other in zip(left, right, strict=True))


def retyped(value: Any) -> Any:
    """Return ``value`` with another type: text and numbers exchanged, anything else None."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return None


def other_text(value: Any) -> Any:
    """Return another text; a value of another type as it is."""
    return f"{value}x" if isinstance(value, str) else value


def other_number(value: Any) -> Any:
    """Return another number or the opposite flag; a value of another type as it is."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else value


def emptied(body: Any) -> Any:
    """Return ``body`` with its lists of entries empty, and their counts 0.

    That is the body itself, or the lists of objects that are members of it, of ``result`` or of ``data``.
    """
    if isinstance(body, list):
        return [] if body else body
    if not isinstance(body, dict):
        return body
    listed = {key for key, value in body.items() if _is_list(value)}
    nested = {key: emptied(body[key]) for key in ("result", "data") if isinstance(body.get(key), dict)}
    nested = {key: value for key, value in nested.items() if value is not body[key]}
    if not listed and not nested:
        return body
    return {key: _without_entries(key, value, listed, nested) for key, value in body.items()}


def _without_entries(key: str, value: Any, listed: set[str], nested: dict[str, Any]) -> Any:
    if key in listed:
        return []
    if key in nested:
        return nested[key]
    if key in COUNTS and isinstance(value, int):
        return 0
    if key in ("pagination", "meta") and isinstance(value, dict):
        return {name: 0 if name in COUNTS else entry for name, entry in value.items()}
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def changed_content(media_type: str, content: bytes, change: Change) -> bytes | None:
    """Return ``content`` with its JSON changed, or None if there was nothing to change."""
    if media_type == "text/event-stream":
        lines = [changed_line(line, change) for line in content.splitlines(keepends=True)]
        new = b"".join(line for line, _ in lines)
        return new if any(changed for _, changed in lines) else None
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None
    new_body = change(body)
    return None if new_body is body else msgspec.json.encode(new_body)


def changed_line(line: bytes, change: Change) -> tuple[bytes, bool]:
    """Return one line of an event stream with the JSON of its ``data`` changed, and whether it was."""
    if not line.startswith(b"data:"):
        return line, False
    end = line[len(line.rstrip(b"\r\n")) :]
    new = changed_content("", line[len(b"data:") :].strip(), change)
    return (line, False) if new is None else (b"data: " + new + end, True)
