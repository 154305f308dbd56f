"""The operation of a request, from its method, path and JSON-RPC method."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from loadtest.core.operations import PREFIX, base
from loadtest.mutation.exchanges import decoded

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Match(NamedTuple):
    """The operation of a request."""

    operation: str
    parameters: Mapping[str, str]


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    name: str
    """Method and path template."""
    names: tuple[str, ...]
    rank: tuple[int, ...]
    """Fixed segments before variable ones."""


class Router:
    """Finds the operation of a request among ``operations``, as the scenarios name them."""

    def __init__(self, operations: Iterable[str]) -> None:
        self._operations = frozenset(operations)
        templates = [_template(name) for name in {base(operation) for operation in self._operations}]
        self._templates = sorted(templates, key=lambda template: (template.rank, template.name))

    def match(self, method: str, path: str, body: bytes = b"") -> Match | None:
        """Return the operation of a request with a percent-encoded ``path``, or None if it is not known."""
        spelled = f"{method} {PREFIX.sub('', path)}"
        for template in self._templates:
            found = template.pattern.fullmatch(spelled)
            if found is not None:
                values = dict(zip(template.names, found.groups(), strict=True))
                return Match(self._with_method(template.name, body), values)
        return None

    def _with_method(self, name: str, body: bytes) -> str:
        message = decoded(body) if body[:1] == b"{" else None
        called = message.get("method") if isinstance(message, dict) else None
        full = f"{name} {called}"
        return full if isinstance(called, str) and full in self._operations else name


def _template(name: str) -> _Template:
    method, _, path = name.partition(" ")
    pattern, at = re.escape(f"{method} "), 0
    for parameter in _PARAMETER.finditer(path):
        pattern += re.escape(path[at : parameter.start()]) + "([^/]+)"
        at = parameter.end()
    rank = tuple(1 if "{" in segment else 0 for segment in path.split("/"))
    return _Template(re.compile(pattern + re.escape(path[at:])), name, tuple(_PARAMETER.findall(path)), rank)
