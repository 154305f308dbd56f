"""One setting: its names, its type and how its text is read.

:mod:`loadtest.core.settings` declares all of them. Commands, ``make help``, ``action.yml`` and the documentation are
made from these declarations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from loadtest.core.errors import UsageError

LONGEST = 30 * 86_400
"""Seconds; the longest duration that any setting accepts."""
_SHOWN = 60
"""Characters of a wrong value that a message repeats."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ValueType(Protocol[T_co]):
    """The type of a setting's value."""

    @property
    def metavar(self) -> str:
        """Placeholder for the value in help texts."""
        ...

    @property
    def expected(self) -> str:
        """Description of valid values for messages, such as ``a whole number from 1 to 10``."""
        ...

    def parse(self, text: str) -> T_co:
        """Return the value of ``text``.

        Raises:
            ValueError: the text is not valid.
        """
        ...


@dataclass(frozen=True)
class Number:
    """A finite number."""

    least: float
    most: float
    metavar: str = "NUMBER"

    @property
    def range(self) -> str:
        """The range in words."""
        return f"{self.least:g} to {self.most:.0f}"

    @property
    def expected(self) -> str:
        """See :class:`ValueType`."""
        return f"a number from {self.range}"

    def parse(self, text: str) -> float:
        """See :class:`ValueType`."""
        number = float(text)
        if not self.least <= number <= self.most:
            raise ValueError(text)
        return number


@dataclass(frozen=True)
class WholeNumber:
    """An integer, also in a spelling such as ``5.0`` or ``1e3``."""

    least: int
    most: int
    metavar: str = "N"

    @property
    def range(self) -> str:
        """The range in words."""
        return f"{self.least} to {self.most}"

    @property
    def expected(self) -> str:
        """See :class:`ValueType`."""
        return f"a whole number from {self.range}"

    def parse(self, text: str) -> int:
        """See :class:`ValueType`."""
        number = Number(self.least, self.most).parse(text)
        if number != int(number):
            raise ValueError(text)
        return int(number)


@dataclass(frozen=True)
class Duration:
    """A duration such as ``90``, ``90s``, ``1m30s`` or ``2h``, in seconds."""

    metavar: str = "TIME"

    @property
    def expected(self) -> str:
        """See :class:`ValueType`."""
        return f"a duration such as 60s, 10m or 1h30m, at most {LONGEST // 3600}h"

    def parse(self, text: str) -> float:
        """See :class:`ValueType`."""
        match = re.fullmatch(r"(?:(\d{1,12})h)?(?:(\d{1,12})m)?(?:(\d{1,12})s?)?", text.strip())
        if match is None:
            raise ValueError(text)
        total = sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
        if not 0 < total <= LONGEST:
            raise ValueError(text)
        return float(total)


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]

    @property
    def metavar(self) -> str:
        """See :class:`ValueType`."""
        return "|".join(self.values)

    @property
    def expected(self) -> str:
        """See :class:`ValueType`."""
        return f"{', '.join(self.values[:-1])} or {self.values[-1]}"

    def parse(self, text: str) -> str:
        """See :class:`ValueType`."""
        word = text.strip()
        if word not in self.values:
            raise ValueError(text)
        return word


@dataclass(frozen=True)
class Flag:
    """Yes or no; the option has no value."""

    metavar: str = ""
    expected: str = "true or false"

    def parse(self, text: str) -> bool:
        """See :class:`ValueType`."""
        word = text.strip().lower()
        if word not in ("true", "false"):
            raise ValueError(text)
        return word == "true"


@dataclass(frozen=True)
class Text:
    """Any text; the code that uses the setting validates it."""

    metavar: str
    expected: str = "a text"

    def parse(self, text: str) -> str:
        """See :class:`ValueType`."""
        return text


@dataclass(frozen=True)
class FilePath:
    """The path of a file or directory; the code that opens it validates it."""

    metavar: str = "FILE"
    expected: str = "a path"

    def parse(self, text: str) -> Path:
        """See :class:`ValueType`."""
        return Path(text)


class Audience(StrEnum):
    """Who sets a variable."""

    USER = "user"
    DEVELOPER = "developer"
    """Set for the tests and workflows of this repository."""
    INTERNAL = "internal"
    """Set by one process of the load test for another."""


class Repeated(StrEnum):
    """How the action's input separates the values of an option that can be repeated."""

    LINES = "lines"
    WORDS = "words"
    """Separated by spaces or commas."""


@dataclass(frozen=True, kw_only=True)
class Setting(Generic[T]):
    """One setting. Every name that is empty does not exist."""

    help: str
    """One line, without a full stop."""
    type: ValueType[T]
    variable: str = ""
    """Environment variable, which is also the make variable."""
    alias: str = ""
    """Variable that is read if ``variable`` is not set."""
    option: str = ""
    short: str = ""
    """Short form of the option."""
    input: str = ""
    """Input of the GitHub action."""
    default: str = ""
    """The default as it would be written; empty if there is none or it is not a constant."""
    default_text: str = ""
    """Description of a default that is not a constant."""
    input_default: str = ""
    """Default of the action's input; an empty input leaves the choice to the variable and the default."""
    repeated: Repeated | None = None
    """The option can be repeated."""
    audience: Audience = Audience.USER

    @property
    def parameter(self) -> str:
        """Name of the Python parameter that receives the option."""
        return (self.input or self.option.removeprefix("--")).replace("-", "_")

    @property
    def shown_default(self) -> str:
        """The default as documentation shows it."""
        return self.default or self.default_text

    def parse(self, text: str, given_as: str) -> T:
        """Return the value of ``text``, which was given as ``given_as``, such as ``--users `` or ``LOADTEST_USERS=``.

        Raises:
            UsageError: the text is not valid; the message names ``given_as`` and what was expected.
        """
        try:
            return self.type.parse(text)
        except ValueError:
            raise UsageError(f"{given_as}{text.strip()[:_SHOWN]}: expected {self.type.expected}") from None

    def read(self, environ: Mapping[str, str]) -> T | None:
        """Return the value of the variable, or None if it is not set or empty.

        Raises:
            UsageError: the value is not valid.
        """
        for name in filter(None, (self.variable, self.alias)):
            text = environ.get(name, "")
            if text.strip():
                return self.parse(text, f"{name}=")
        return None

    def or_default(self, value: T | None) -> T:
        """Return ``value``, or the default if it is None."""
        return self.parse(self.default, "default ") if value is None else value

    def get(self, environ: Mapping[str, str]) -> T:
        """Return the value of the variable, or the default.

        Raises:
            UsageError: the value is not valid.
        """
        return self.or_default(self.read(environ))
