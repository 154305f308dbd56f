"""Kinds of documented elements of an operation, by their names in a run."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class ElementKind(StrEnum):
    """What an element is. Values are the plural that reports show, and keys of JSON output."""

    PARAMETER = "parameters"
    """A query parameter: ``query limit``."""
    VALUE = "values"
    """One of the finite values of a parameter or property: ``query order=asc``, ``body visibility=team``."""
    PROPERTY = "body properties"
    """A property of a JSON or form body: ``body tool.name``."""
    STATUS = "status codes"
    """Of a response: ``status 200``."""
    MEDIA_TYPE = "media types"
    """Of a successful response: ``returns text/html``."""
    RESPONSE_PROPERTY = "response properties"
    """Of a JSON response: ``response tools[].name``."""


INPUT = (ElementKind.PARAMETER, ElementKind.VALUE, ElementKind.PROPERTY)
"""The kinds of a request, of which a known version requires every element to be checked."""
_OUTPUT = {
    "status ": ElementKind.STATUS,
    "returns ": ElementKind.MEDIA_TYPE,
    "response ": ElementKind.RESPONSE_PROPERTY,
}


def kind_of(element: str) -> ElementKind:
    """Return the kind of the element with this name."""
    for prefix, kind in _OUTPUT.items():
        if element.startswith(prefix):
            return kind
    if "=" in element:
        return ElementKind.VALUE
    return ElementKind.PARAMETER if element.startswith("query ") else ElementKind.PROPERTY


def count_by_kind(elements: Iterable[str]) -> dict[ElementKind, int]:
    """Return how many of the ``elements`` of requests are of each kind."""
    counts = dict.fromkeys(INPUT, 0)
    for element in elements:
        counts[kind_of(element)] += 1
    return counts
