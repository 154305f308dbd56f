"""The written part of generated calls: well-known values, and operations that take effect beyond the run's entities."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from loadtest.core.files import read_toml
from loadtest.core.record import Record

FILE = Path(__file__).with_name("rules.toml")


class Withheld(Record, frozen=True, kw_only=True):
    """Operations that are called without credentials only, and why."""

    operations: tuple[str, ...]
    """Patterns of :mod:`fnmatch` over ``METHOD /path``."""
    reason: str


class KnownValue(Record, frozen=True, kw_only=True):
    """The value of text properties and parameters with these names or this format."""

    operations: tuple[str, ...] = ("*",)
    """Patterns of :mod:`fnmatch` over ``METHOD /path``."""
    names: tuple[str, ...] = ()
    """Patterns of :mod:`fnmatch` over names, in lower case and without underscores."""
    formats: tuple[str, ...] = ()
    """Formats of JSON Schema."""
    value: str
    """May contain placeholders."""


class Address(Record, frozen=True, kw_only=True):
    """The backend whose address is sent to these operations as a URL."""

    operations: tuple[str, ...]
    """Patterns of :mod:`fnmatch` over ``METHOD /path``."""
    backend: str


class GenerationRules(Record, frozen=True, kw_only=True):
    """The content of ``rules.toml``."""

    withheld: tuple[Withheld, ...] = ()
    value: tuple[KnownValue, ...] = ()
    address: tuple[Address, ...] = ()

    def why_withheld(self, operation: str) -> str:
        """Return why ``operation`` is called without credentials only; empty if it is called as the administrator."""
        return next((one.reason for one in self.withheld if _among(operation, one.operations)), "")

    def value_of(self, operation: str, name: str, form: str) -> str | None:
        """Return the value of a text of ``operation`` with this name and format, or None if there is no rule for it."""
        plain = name.lower().replace("_", "").replace("-", "")
        for one in self.value:
            if _among(operation, one.operations) and (_among(plain, one.names) or form in one.formats):
                return one.value
        return None

    def backend_of(self, operation: str) -> str:
        """Return the name of the backend whose address ``operation`` gets as a URL."""
        return next((one.backend for one in self.address if _among(operation, one.operations)), "")


def load_generation_rules() -> GenerationRules:
    """Return the rules.

    Raises:
        UsageError: the file is invalid.
    """
    return read_toml(FILE, GenerationRules)


def _among(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in patterns)
