"""What a run is asked to do, from options, the environment and named profiles; and what Locust is told of it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path

from loadtest.core.errors import UsageError
from loadtest.core.record import Record


class Figure(Record, frozen=True):
    """A number that a person may set: the one declaration of its names and of what it may be."""

    variable: str
    option: str
    """Empty if only the variable sets it."""
    least: float
    most: float
    whole: bool = True

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return f"a {'whole ' if self.whole else ''}number from {self.least:g} to {self.most:.0f}"

    def read(self, environ: Mapping[str, str]) -> float | None:
        """Return what the variable says, None if it is not set or empty.

        Raises:
            UsageError: it is no number, or none of those that are expected.
        """
        text = environ.get(self.variable, "").strip()
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        return self._checked(number, f"{self.variable}={text[:_SHOWN]}")

    def chosen(self, given: float | None, environ: Mapping[str, str], default: float) -> float:
        """Return what the option says (``given``), else the variable, else the ``default``.

        Raises:
            UsageError: as :meth:`read`, for the option, too.
        """
        if given is not None:
            return self._checked(given, f"{self.option} {given:.15g}")
        read = self.read(environ)
        return default if read is None else read

    def _checked(self, number: float, shown: str) -> float:
        if not self.least <= number <= self.most or (self.whole and number != int(number)):
            raise UsageError(f"{shown}: expected {self.expected}")
        return number


USERS = Figure("LOADTEST_USERS", "--users", 1, 100_000)
SPAWN_RATE = Figure("LOADTEST_SPAWN_RATE", "--spawn-rate", 0.001, 10_000, whole=False)
PROCESSES = Figure("LOADTEST_PROCESSES", "--processes", 1, 1_000)
RATE = Figure("LOADTEST_RATE", "--rate", 0.001, 10_000, whole=False)
SETUP_SECONDS = Figure("LOADTEST_SETUP_SECONDS", "", 0, 86_400, whole=False)
LONGEST = 30 * 86_400
"""Seconds; no run and no wait takes longer."""
_SHOWN = 60
"""Characters of a wrong value that a message repeats."""


def seconds(text: str, what: str = "run time") -> float:
    """Return the seconds of ``90``, ``90s``, ``1m30s`` or ``2h``; an error says ``what`` it is.

    Raises:
        UsageError: the text is no duration, or one of no time at all or of more than 30 days.
    """
    match = re.fullmatch(r"(?:(\d{1,12})h)?(?:(\d{1,12})m)?(?:(\d{1,12})s?)?", text.strip())
    total = (
        sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
        if match
        else 0
    )
    if not 0 < total <= LONGEST:
        most = f"{LONGEST // 3600}h"
        raise UsageError(
            f"{what} {text[:_SHOWN]!r}: expected a duration such as 60s, 10m or 1h30m, at most {most}"
        )
    return float(total)


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory that keeps gateway environments, templates and the state of a running gateway."""
    return Path(environ.get("LOADTEST_HOME") or ".loadtest").absolute()


def reports_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory that reports are written to."""
    return Path(environ.get("LOADTEST_REPORTS_DIR") or "reports")
