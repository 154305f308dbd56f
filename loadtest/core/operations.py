"""Operation names: ``METHOD /path/{template}``, optionally followed by a JSON-RPC method."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""Keys of an OpenAPI path item that are operations."""
PREFIX = re.compile(r"^/v\d+(?=/)")
"""Version prefix of a path."""
_PARAMETER = re.compile(r"^\{.*\}$")
_VERSION = re.compile(r"^v\d+$")
_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\W_]+")
_LABEL = re.compile(r"(?: \[[^\[\]]*\])+$")


def canonical(method: str, path: str) -> str:
    """Return the name of an operation: the method in upper case and the path without its version prefix."""
    return f"{method.upper()} {PREFIX.sub('', path)}"


@lru_cache(maxsize=16_384)  # more than a run records operations
def base(operation: str) -> str:
    """Return only method and path: ``POST /rpc`` for ``POST /rpc tools/call``; a name without a path is unchanged."""
    parts = operation.split(" ", 2)
    return " ".join(parts[:2]) if len(parts) > 1 and parts[1].startswith("/") else operation


def unlabelled(operation: str) -> str:
    """Return a name without the trailing labels of other locustfiles: ``POST /rpc ping [stress]``."""
    return _LABEL.sub("", operation)


def renamed(operation: str, names: Mapping[str, str]) -> str:
    """Return ``operation`` with its path prefix replaced according to ``names``.

    With ``{"/servers": "/virtual-servers"}``, ``GET /servers/{server_id}`` becomes
    ``GET /virtual-servers/{server_id}``; ``GET /servers-of-others`` is unchanged.
    """
    if not names:
        return operation
    method, _, path = operation.partition(" ")
    for old, new in names.items():
        if re.match(rf"{re.escape(old)}(?=/| |$)", path):
            return f"{method} {new}{path.removeprefix(old)}"
    return operation


def deletes(operation: str) -> bool:
    """Return whether the operation deletes something: DELETE, or a form of the admin UI (``…/delete``)."""
    method, _, path = base(operation).partition(" ")
    return method == "DELETE" or path.endswith("/delete")


def area_name(text: str) -> str:
    """Return a tag or a name of an area as the name of an area: ``Export/Import`` is ``export-import``."""
    return _SEPARATORS.sub("-", text.lower()).strip("-")


def area_of(operation: str, tags: Sequence[str] = ()) -> str:
    """Return the area of an operation: the first of its ``tags`` in the contract, else the first fixed path segment.

    The version prefix of a path is skipped, and of an absolute URL only the path is used. The area is ``other`` if
    there is neither a tag nor a fixed segment.
    """
    if tags and (tagged := area_name(tags[0])):
        return tagged
    parts = operation.split(" ", 2)
    path = _HOST.sub("", parts[1] if len(parts) > 1 else parts[0])
    for segment in path.partition("?")[0].split("/"):
        if segment and not _PARAMETER.match(segment) and not _VERSION.match(segment):
            return segment.lstrip(".")
    return "other"
