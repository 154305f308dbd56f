"""Running uv, the installer that every environment of a gateway is made with."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import uv as package
from packaging.specifiers import SpecifierSet

from loadtest.errors import InconclusiveError
from loadtest.redact import redact

LAST_LINES = 20


class InstallError(InconclusiveError):
    """A gateway could not be installed; the message ends with the last lines of the installer."""


def run_uv(arguments: Sequence[str], *, environment: Path | None = None) -> str:
    """Run ``uv`` with ``arguments``, for the virtual environment ``environment``, and return what it printed.

    Raises:
        InstallError: it failed; index addresses in the message carry no passwords.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables.pop("VIRTUAL_ENV", None)
    if environment is not None:
        variables["VIRTUAL_ENV"] = str(environment)
    done = subprocess.run(
        [package.find_uv_bin(), "--no-progress", "--color=never", *arguments],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join(redact(done.stdout).strip().splitlines()[-LAST_LINES:])
        raise InstallError(f"uv {arguments[0]} failed with status {done.returncode}:\n{tail}")
    return done.stdout


def interpreter(requires: str) -> str:
    """Return what to give ``uv venv --python``: the running interpreter if ``requires`` allows it."""
    return sys.executable if platform.python_version() in SpecifierSet(requires) else requires


def make_environment(directory: Path, requires: str) -> None:
    """Make a virtual environment at ``directory`` with an interpreter that satisfies ``requires`` (PEP 440).

    Raises:
        InstallError: there is none and none can be had.
    """
    run_uv(["venv", "--quiet", "--clear", "--python", interpreter(requires), str(directory)])
