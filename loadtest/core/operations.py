"""What the name of an operation says: ``METHOD /path/{template}``, perhaps with a JSON-RPC method."""

import re
from collections.abc import Mapping

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The keys of a path in an OpenAPI document that are operations."""
PREFIX = re.compile(r"^/v\d+(?=/)")
"""A version prefix of a path."""
_PARAMETER = re.compile(r"^\{.*\}$")
_VERSION = re.compile(r"^v\d+$")
_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
_LABEL = re.compile(r"(?: \[[^\[\]]*\])+$")


def canonical(method: str, path: str) -> str:
    """Return the operation's name: the method in capitals and the path without a version prefix."""
    return f"{method.upper()} {PREFIX.sub('', path)}"


def base(operation: str) -> str:
    """Return method and path alone: ``POST /rpc`` of ``POST /rpc tools/call``; a name without a path is whole."""
    parts = operation.split(" ", 2)
    return " ".join(parts[:2]) if len(parts) > 1 and parts[1].startswith("/") else operation


def unlabelled(operation: str) -> str:
    """Return a name without the labels that other locustfiles put behind it: ``POST /rpc ping [stress]``."""
    return _LABEL.sub("", operation)


def renamed(operation: str, names: Mapping[str, str]) -> str:
    """Return ``operation`` under its other name: ``names`` gives another beginning to paths.

    With ``{"/servers": "/virtual-servers"}``, ``GET /servers/{server_id}`` is ``GET /virtual-servers/{server_id}``;
    ``GET /servers-of-others`` stays what it is.
    """
    method, _, path = operation.partition(" ")
    for old, new in names.items():
        if re.match(rf"{re.escape(old)}(?=/| |$)", path):
            return f"{method} {new}{path.removeprefix(old)}"
    return operation


def deletes(operation: str) -> bool:
    """Say whether it takes something away: by its method, or by a form of the admin UI (``…/delete``)."""
    method, _, path = base(operation).partition(" ")
    return method == "DELETE" or path.endswith("/delete")


def area_of(operation: str) -> str:
    """Return the area that the path itself names: its first fixed segment, without a version prefix.

    A path of parameters only, or none, is in the area ``other``. Of an address the path counts.
    """
    parts = operation.split(" ", 2)
    path = _HOST.sub("", parts[1] if len(parts) > 1 else parts[0])
    for segment in path.partition("?")[0].split("/"):
        if segment and not _PARAMETER.match(segment) and not _VERSION.match(segment):
            return segment.lstrip(".")
    return "other"
