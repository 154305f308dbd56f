"""Run the ``loadtest`` command in the process of the test, which is much faster than to start one."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest import mock

from loadtest.cli import main


def run(*arguments: str | Path) -> int:
    """Run the command with ``arguments``; return its exit code."""
    with mock.patch.object(sys, "argv", ["loadtest", *map(str, arguments)]):
        try:
            return main()
        except SystemExit as end:
            return int(end.code or 0)


def loadtest(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command with ``arguments``; return its exit code and output."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = run(*arguments)
    return subprocess.CompletedProcess(["loadtest", *arguments], code, output.getvalue(), errors.getvalue())
