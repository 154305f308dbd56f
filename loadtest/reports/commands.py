"""The commands that reports suggest."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

USUAL_REPORTS = Path("reports")
"""The default directory for reports."""


@dataclass(frozen=True)
class Commands:
    """How this program and its reports are addressed in commands."""

    program: str = "loadtest"
    reports: Path = USUAL_REPORTS
    opener: str = "xdg-open"
    """The program that opens a file in its default application."""
    source: tuple[str, ...] = ()
    """The options that name the run; empty for ``run.json`` in ``reports``."""

    @property
    def page(self) -> Path:
        """The path of ``report.html``."""
        return self.reports / "report.html"

    def open_page(self) -> str:
        """Return the command that shows ``report.html``."""
        return shlex.join((self.opener, str(self.page)))

    def accept(self, fingerprints: Iterable[str] = ()) -> str:
        """Return the command that accepts new failures, all of them without ``fingerprints``."""
        words = [*shlex.split(self.program), "baseline", "accept", *fingerprints, *self._run()]
        return f"{shlex.join(words)} --reason '…' --owner '…' --expires YYYY-MM-DD"

    def repro(self, fingerprint: str) -> str:
        """Return the command that reproduces a failure."""
        return shlex.join((*shlex.split(self.program), "repro", fingerprint, *self._run()))

    def _run(self) -> tuple[str, ...]:
        if self.source:
            return self.source
        if self.reports == USUAL_REPORTS:
            return ()
        return "--run", str(self.reports / "run.json")
