"""Run uv, which installs every gateway.

uv reads the settings of the user and of the system (environment variables, ``uv.toml``), not those of a project in the
working directory; see ``isolation/pyproject.toml``. The working directory is kept, so that relative paths in the
user's variables keep their meaning.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv as package

from loadtest.core import settings
from loadtest.core.errors import InconclusiveError
from loadtest.core.redact import redact
from loadtest.gateway.install.diagnosis import Diagnosis, diagnose
from loadtest.gateway.process.commands import CommandError, CommandTimeoutError, run_command

ISOLATION = Path(__file__).parent / "isolation"
"""The project for uv, instead of the one in the working directory.

A copy of it is passed: uv refuses a project in its cache, which is where ``uvx`` installs this package.
"""

TIME_LIMIT = 900.0
"""Seconds for one call of uv."""

TARGETS = frozenset(
    {
        "CONDA_DEFAULT_ENV",
        "CONDA_PREFIX",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_CONSTRAINT",
        "UV_EXCLUDE",
        "UV_ISOLATED",
        "UV_MANAGED_PYTHON",
        "UV_NO_MANAGED_PYTHON",
        "UV_OVERRIDE",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_PYTHON_PREFERENCE",
        "UV_REQUIRE_HASHES",
        "UV_SYSTEM_PYTHON",
        "UV_VENV_CLEAR",
        "UV_VENV_SEED",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
    }
)
"""Variables that select another environment, project or set of packages."""


class InstallError(InconclusiveError):
    """A gateway could not be installed; one line with the failure, its cause and advice."""


class InstallerError(InstallError):
    """uv failed."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(str(diagnosis))
        self.diagnosis = diagnosis


def run_uv(
    arguments: Sequence[str],
    *,
    environment: Path | None = None,
    extra: Mapping[str, str] | None = None,
    log: Path | None = None,
    time_limit: float = TIME_LIMIT,
) -> str:
    """Run ``uv`` with ``arguments`` for the virtual environment ``environment``; returns its standard output.

    ``extra`` are additional environment variables. The command and its output, without the passwords of index URLs,
    are appended to the file ``log``.

    Raises:
        InstallerError: uv failed.
        InstallError: it took more than ``time_limit`` seconds and was stopped with its child processes.
    """
    variables = uv_environment() | dict(extra or {})
    if environment is not None:
        variables["VIRTUAL_ENV"] = str(environment)
    failure: CommandError | None = None
    with tempfile.TemporaryDirectory(prefix="loadtest-uv-") as project:
        shutil.copytree(ISOLATION, project, dirs_exist_ok=True)
        command = [
            package.find_uv_bin(),
            "--no-progress",
            "--color=never",
            f"--project={project}",
            *arguments,
        ]
        try:
            finished = run_command(command, name="uv", environment=variables, within=time_limit)
            output = redact(finished.output)
            printed = output + redact(finished.errors)
        except CommandError as error:
            failure = error
            printed = redact(error.output)
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(redact(f"$ uv {shlex.join(arguments)}\n{printed.rstrip()}\n"))
    if isinstance(failure, CommandTimeoutError):
        raise InstallError(
            f"uv {arguments[0]} did not end within {time_limit:g} s and was stopped"
        ) from failure
    if failure is not None:
        raise InstallerError(diagnose(printed)) from failure
    return output


def uv_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment variables for uv: the user's, without those that select another environment.

    If the user's directories are not writable, uv keeps its cache and its Pythons in LOADTEST_HOME.
    """
    variables = {
        name: value
        for name, value in environ.items()
        if name not in TARGETS and not name.startswith(("PYTHON", "PYENV_VERSION"))
    }
    home = settings.home(environ)
    for name, default, own in (
        ("UV_CACHE_DIR", _user_directory(environ, "XDG_CACHE_HOME", ".cache"), home / "cache"),
        ("UV_PYTHON_INSTALL_DIR", _user_directory(environ, "XDG_DATA_HOME", ".local/share"), home / "share"),
    ):
        if not environ.get(name) and not _writable(default):
            variables[name] = str(own / "uv")
    return variables


def _user_directory(environ: Mapping[str, str], variable: str, below_home: str) -> Path | None:
    if named := environ.get(variable):
        return Path(named)
    home = environ.get("HOME")
    return Path(home, below_home) if home and Path(home).is_dir() else None


def _writable(directory: Path | None) -> bool:
    """Return whether ``directory`` is writable or can be created; not in a home directory that does not exist."""
    if directory is None:
        return False
    existing = next(one for one in (directory, *directory.parents) if one.exists())
    return os.access(existing, os.W_OK | os.X_OK)
