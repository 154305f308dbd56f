"""An environment with all packages of a load test, for an installation that has only those that judge a run."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from loadtest.core import settings
from loadtest.core.errors import InconclusiveError
from loadtest.packages.locked import failure_text, install_lock

PACKAGE = Path(__file__).parents[1]
READY = ".ready"
"""File that is written last: an environment without it is left over from an interrupted installation."""
_COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from loadtest.cli import main

sys.exit(main())
"""


def locks() -> Path:
    """Return the directory of the hashed locks: in an installed package its own, in a checkout ``requirements``."""
    own = PACKAGE / "locks"
    return own if own.is_dir() else PACKAGE.parent / "requirements"


def complete_environment(home: Path, *, base: bool = False) -> Path:
    """Return an environment in ``home`` with the packages of a load test and this package; made if it does not exist.

    With ``base`` it also has those for a comparison with a base.

    Raises:
        InconclusiveError: it cannot be made; the output of the installer is on stderr.
    """
    lock = locks() / ("base.lock" if base else "runtime.lock")
    directory = home / "environments" / _key(lock)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory = directory.resolve()
        with _alone(directory.with_suffix(".lock")):
            if not (directory / READY).is_file() or not (directory / "bin" / "python").exists():
                sys.stderr.write(f"set-up   installing the packages of a load test in {directory}\n")
                sys.stderr.flush()
                install_lock(directory, locks() / "bootstrap.lock", lock, create=True)
                _install_this_package(directory)
                (directory / READY).touch()
    except (subprocess.SubprocessError, OSError) as error:
        raise InconclusiveError(f"the packages of a load test: {failure_text(error)}") from error
    return directory


def continue_in(environment: Path, arguments: Sequence[str], began: float) -> NoReturn:
    """Replace this process by ``loadtest`` with these ``arguments`` in ``environment``.

    ``began`` is the value of the monotonic clock when the set-up began; reports show its duration.
    """
    variables = dict(os.environ)
    variables.setdefault(settings.SETUP_SECONDS.variable, str(round(time.monotonic() - began)))
    command = environment / "bin" / "loadtest"
    sys.stderr.flush()
    os.execve(command, [str(command), *arguments], variables)  # noqa: S606 - this program


def _key(lock: Path) -> str:
    """Return a name that depends on the interpreter, the packages and this package."""
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode())
    for path in (lock, locks() / "bootstrap.lock", *sorted(PACKAGE.rglob("*"))):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _install_this_package(environment: Path) -> None:
    """Copy this package: that of a tool runner is in a cache, which can be emptied at any time."""
    (site_packages,) = environment.glob("lib/python*/site-packages")
    shutil.copytree(PACKAGE, site_packages / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    command = environment / "bin" / "loadtest"
    command.write_text(_COMMAND.format(python=environment / "bin" / "python"), encoding="utf-8")
    command.chmod(0o755)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for other processes that make the same environment."""
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
