"""Run the ``loadtest`` command in the process of the test, which is much faster than to start one."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest import mock

from loadtest.cli import main


def loadtest(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command with ``arguments``; return its exit code and output."""
    command = ["loadtest", *map(str, arguments)]
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", command),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        try:
            code = main()
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(command, code, output.getvalue(), errors.getvalue())
