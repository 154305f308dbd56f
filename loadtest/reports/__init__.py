"""Reports: what a run and its verdict look like to people and machines. One module per format.

A module here that has a ``FILENAME`` is a format: its ``render(run, verdict)`` returns the content of that file.
Formats show; they never judge.
"""

import importlib
import pkgutil
from pathlib import Path
from typing import Protocol, cast

from loadtest.errors import UsageError
from loadtest.files import write_atomically
from loadtest.judge.verdict import Verdict
from loadtest.run import Run


class Format(Protocol):
    """What every format module offers."""

    FILENAME: str

    def render(self, run: Run, verdict: Verdict) -> str:
        """Return the content of the file."""


def formats() -> tuple[Format, ...]:
    """Return every format in this folder, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(cast(Format, module) for module in modules if hasattr(module, "FILENAME"))


def write_reports(run: Run, verdict: Verdict, directory: Path) -> tuple[str, ...]:
    """Write every format into ``directory``; return one line for each file that could not be written.

    All are rendered before the first is written, and one that cannot be written keeps no other from it.
    """
    rendered = {directory / one.FILENAME: one.render(run, verdict) for one in formats()}
    problems = []
    for path, content in rendered.items():
        try:
            write_atomically(path, content)
        except UsageError as error:
            problems.append(str(error))
    return tuple(problems)
