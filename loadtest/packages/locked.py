"""Install the packages of a hashed lock into a virtual environment.

Uses the standard library only, because no package is installed before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

ISOLATION = Path(__file__).parents[1] / "gateway" / "install" / "isolation"
"""The project passed to uv, so that it reads no settings of a project around the working directory.

It is copied into the environment: uv refuses a project in its cache, which is where ``uvx`` installs this package.
"""
REDIRECTIONS = {
    *("CONDA_DEFAULT_ENV", "CONDA_PREFIX", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_USER"),
    *("UV_CONSTRAINT", "UV_EXCLUDE", "UV_OVERRIDE", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON"),
    *(
        "UV_REQUIRE_HASHES",
        "UV_SYSTEM_PYTHON",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "__PYVENV_LAUNCHER__",
    ),
}
"""Variables that select another environment, project or set of packages."""
TIME_LIMIT = 900
"""Seconds per step."""


def install_lock(environment: Path, bootstrap: Path, lock: Path, *, create: bool) -> None:
    """Update ``environment`` to exactly the packages of ``lock``, with the uv of the lock ``bootstrap``, and pip.

    With ``create`` it is created; an existing directory is emptied.

    Raises:
        subprocess.SubprocessError: a step failed or timed out.
        OSError: the environment cannot be written.
    """
    if create:
        venv.EnvBuilder(clear=True, symlinks=True).create(environment)
    shutil.copytree(ISOLATION, environment / ISOLATION.name, dirs_exist_ok=True)
    python = environment / "bin" / "python"
    run(environment, python, "-m", "ensurepip", "--default-pip")
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    run(environment, *pip, "install", "--require-hashes", "--requirement", bootstrap)
    run(environment, *uv_pip(environment), "sync", "--require-hashes", lock)


def uv_pip(environment: Path) -> Sequence[str | Path]:
    """Return the start of a command line for ``uv pip``."""
    project = environment / ISOLATION.name
    return (environment / "bin" / "python", "-m", "uv", "--quiet", f"--project={project}", "pip")


def run(environment: Path, *command: str | Path) -> None:
    """Run one step for ``environment``; only its stderr is shown.

    Raises:
        subprocess.SubprocessError: the step failed or timed out.
    """
    subprocess.run(
        command,
        check=True,
        env=_variables(environment),
        stdout=subprocess.DEVNULL,
        timeout=TIME_LIMIT,
    )


def failure_text(error: subprocess.SubprocessError | OSError) -> str:
    """Return in one line which step failed."""
    if isinstance(error, subprocess.CalledProcessError):
        step = " ".join(Path(part).name for part in map(str, error.cmd))
        return f"set-up failed (exit {error.returncode}): {step}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"set-up failed: {Path(error.cmd[0]).name} did not end within {TIME_LIMIT} s"
    return f"set-up failed: {error}"


def _variables(environment: Path) -> dict[str, str]:
    """Return the environment variables for the installers: the user's, without :data:`REDIRECTIONS`.

    If the user's cache directory is not writable, caches are kept in ``environment``. If the home directory does not
    exist, a directory in it replaces it, because programs that the installers start would create it.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in REDIRECTIONS and not name.startswith("PYTHON")
    }
    home = Path(os.environ.get("HOME") or "/nonexistent")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    # A missing home directory is not created, even if that were possible.
    existing = next((path for path in (cache, cache.parent) if path.is_dir()), None)
    if existing is None or not os.access(existing, os.W_OK | os.X_OK):
        variables.setdefault("UV_CACHE_DIR", str(environment / "cache" / "uv"))
        variables.setdefault("PIP_CACHE_DIR", str(environment / "cache" / "pip"))
    if not home.is_dir():
        variables["HOME"] = str(environment / "cache" / "home")
    return {**variables, "VIRTUAL_ENV": str(environment)}
