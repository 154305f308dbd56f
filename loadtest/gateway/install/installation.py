"""Install a gateway into a virtual environment, once per lock."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from loadtest.core.errors import UsageError
from loadtest.core.locks import exclusively
from loadtest.gateway.install.checkout import NOT_BUILT, build_wheel, has_npm, tree_state
from loadtest.gateway.install.diagnosis import FailureCause
from loadtest.gateway.install.integrity import changed_files, reinstalled
from loadtest.gateway.install.interpreters import (
    Interpreter,
    NoInterpreterError,
    find,
    fits,
    probe,
    specifier,
)
from loadtest.gateway.install.source import PACKAGE, Checkout, Pinned
from loadtest.gateway.install.uv import InstallerError, InstallError, run_uv
from loadtest.versions.data import VersionData

INSTALL_LOG = "install.log"

RETRY_AFTER = 3600.0
"""Seconds after which a failed build of the user interface is retried."""

READY = ".ready"
"""File that is written last: an environment without it is left over from an interrupted installation."""

LOCK_TIMEOUT = 1200.0
"""Seconds to wait for another process that makes the same installation."""


@dataclass(frozen=True)
class Installation:
    """A gateway that can be booted."""

    name: str
    """Identifies version, lock and interpreter; a template database has the same name."""
    directory: Path
    notes: tuple[str, ...] = ()
    """Notes on the installation for the reports."""
    checkout: str | None = None
    """Prefix of the names of all states of a checkout; None for a release."""

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"


def install(source: Pinned | Checkout, home: Path, log: Path | None = None) -> Installation:
    """Return the installation of ``source`` in ``home``; made if it does not exist.

    The installer's output is written to ``log``, by default ``install.log`` in ``home``; the file does not exist if
    nothing had to be installed.

    Raises:
        UsageError: the version has no lock.
        InstallError: it cannot be installed; one line with the cause, advice and the path of the log.
    """
    who = f"gateway {source.text}"
    log = log or home / INSTALL_LOG
    try:
        gateways = home / "gateways"
        gateways.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        # An environment contains its own path, which must not depend on a symbolic link.
        gateways = gateways.resolve()
        if isinstance(source, Pinned):
            return _pinned(source, gateways, log)
        return _checkout(source, gateways, log)
    except NoInterpreterError:
        raise
    except InstallError as error:
        raise InstallError(f"{who} could not be installed: {error}{_where(log)}") from error
    except shutil.Error as error:
        raise InstallError(f"{who} could not be installed: {error.args[0][0][2]}{_where(log)}") from error
    except OSError as error:
        what = f"{error.filename or 'file'}: {error.strerror or error}"
        raise InstallError(f"{who} could not be installed: {what}{_where(log)}") from error


def _where(log: Path) -> str:
    return f" (see {log})" if log.is_file() else ""


def _pinned(source: Pinned, gateways: Path, log: Path) -> Installation:
    data = source.data
    lock = read_lock(data)
    interpreter = find(data.python, who=f"gateway {data.version}")
    name = f"{data.version}-{_digest(lock, interpreter.key)}"
    directory = gateways / name
    with exclusively(gateways / f"{name}.lock", f"the installation of {data.version}", within=LOCK_TIMEOUT):
        ready = (directory / READY).is_file() and _usable(directory, data.python)
        changed = changed_files(directory) if ready else ()
        if changed or not ready:
            _make_environment(directory, interpreter, log)
            _install_lock(data.lock, directory, log)
            (directory / READY).touch()
    notes = (f"gateway {data.version} {reinstalled(changed)}",) if changed else ()
    return Installation(name, directory, (*source.notes, *notes))


def _install_lock(lock: Path, directory: Path, log: Path) -> None:
    command = ["pip", "sync", "--require-hashes", "--compile-bytecode", str(lock)]
    run_uv(command, environment=directory, log=log)
    if changed_files(directory):
        # uv links installed files to those in its cache: editing one changes every later installation.
        run_uv(
            [*command, "--reinstall-package", PACKAGE, "--no-cache"],
            environment=directory,
            log=log,
        )


def read_lock(data: VersionData) -> str:
    """Return the text of the hashed lock of ``data``.

    Raises:
        UsageError: there is none.
    """
    try:
        return data.lock.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{data.lock}: cannot be read ({error.strerror}), expected the hashed lock of {data.version}"
        ) from error


def _checkout(source: Checkout, gateways: Path, log: Path) -> Installation:
    data = source.data
    interpreter = find(source.python, who=f"gateway {source.text}")
    made_from = (*tree_state(source.directory), read_lock(data), *data.extras, *data.requirements)
    state = _digest(*made_from, "npm" if has_npm() else "")
    place = f"checkout-{_digest(str(source.directory), interpreter.key)}"
    directory = gateways / place
    with exclusively(
        gateways / f"{place}.lock", f"the installation of {source.directory}", within=LOCK_TIMEOUT
    ):
        ready = directory / READY
        usable = _usable(directory, source.python)
        notes = ready.read_text(encoding="utf-8").splitlines() if usable and ready.is_file() else []
        if not notes or notes[0] != state or _retry_is_due(ready, notes):
            ready.unlink(missing_ok=True)
            if not usable:
                _make_environment(directory, interpreter, log)
            wheel = build_wheel(
                source.directory,
                directory,
                python=directory / "bin" / "python",
                log=log,
                spare=gateways.parent,
            )
            notes = [state, *wheel.notes, *_install_wheel(wheel.path, data, directory, log)]
            wheel.path.unlink()
            ready.write_text("\n".join(notes), encoding="utf-8")
    return Installation(f"{place}-{state}", directory, tuple(notes[1:]), place)


def _retry_is_due(ready: Path, notes: list[str]) -> bool:
    """Return whether a failed build of the user interface is due to be retried."""
    failed = any(note.startswith(NOT_BUILT) for note in notes) and has_npm()
    return failed and time.time() - ready.stat().st_mtime > RETRY_AFTER


def _install_wheel(wheel: Path, data: VersionData, directory: Path, log: Path) -> list[str]:
    """Install the wheel of a checkout; returns notes for the reports."""
    constraints = directory / "constraints.txt"
    constraints.write_text(constraints_of(read_lock(data)), encoding="utf-8")
    wanted = [f"{PACKAGE}[{','.join(data.extras)}] @ {wheel.as_uri()}", *data.requirements]
    command = ["pip", "install", "--compile-bytecode", "--reinstall-package", PACKAGE, *wanted]
    try:
        run_uv([*command, "--constraints", str(constraints)], environment=directory, log=log)
    except InstallerError as error:
        if error.diagnosis.kind is not FailureCause.RESOLUTION:
            raise
        run_uv(command, environment=directory, log=log)
        return [f"the lock of {data.version} does not satisfy the checkout: dependencies resolved freely"]
    return []


def constraints_of(lock: str) -> str:
    """Return the pins of a hashed lock without hashes and without the gateway."""
    pins = (line.rstrip(" \\") for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line))
    return "".join(f"{pin}\n" for pin in pins if not re.match(rf"{PACKAGE}\b", pin))


def _make_environment(directory: Path, interpreter: Interpreter, log: Path) -> None:
    run_uv(["venv", "--clear", "--no-project", "--python", str(interpreter.path), str(directory)], log=log)


def _usable(directory: Path, requires: str) -> bool:
    """Return whether ``directory`` is a virtual environment whose Python runs and satisfies ``requires``."""
    present = probe(directory / "bin" / "python")
    return present is not None and fits(present, specifier(requires))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
