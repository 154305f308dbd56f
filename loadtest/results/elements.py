"""Kinds of documented elements of an operation's input, by their names in a run."""

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


def kind_of(element: str) -> ElementKind:
    """Return the kind of the element with this name."""
    if "=" in element:
        return ElementKind.VALUE
    return ElementKind.PARAMETER if element.startswith("query ") else ElementKind.PROPERTY


def count_by_kind(elements: Iterable[str]) -> dict[ElementKind, int]:
    """Return how many of ``elements`` are of each kind."""
    counts = dict.fromkeys(ElementKind, 0)
    for element in elements:
        counts[kind_of(element)] += 1
    return counts
