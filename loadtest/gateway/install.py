"""Installing a gateway into an environment of its own, once per lock, whoever asks at the same time."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from loadtest.errors import UsageError
from loadtest.gateway.interpreters import Interpreter, find, fits, probe, specifier
from loadtest.gateway.source import PACKAGE, Checkout, Pinned
from loadtest.gateway.uv import InstallError, run_uv
from loadtest.locks import exclusively
from loadtest.versions import VersionData

READY = ".ready"
"""Written into an environment last: without it, what stands there is the rest of an interrupted install."""

INSTALL_TIME = 1200.0
"""Seconds that another process may take for the same installation."""


@dataclass(frozen=True)
class Installation:
    """A gateway that can be booted."""

    name: str
    """Stands for version, lock and interpreter: what a template database belongs to."""
    directory: Path
    notes: tuple[str, ...] = ()
    """What a reader of the run should know about how it was installed."""
    checkout: str | None = None
    """What the names of all states of the same checkout begin with; None for a release."""

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"


def install(source: Pinned | Checkout, home: Path) -> Installation:
    """Return the installation of ``source`` under ``home``; made if it is not there.

    Raises:
        UsageError: the version has no lock.
        InstallError: it cannot be installed; the message holds the installer's last lines.
    """
    gateways = home / "gateways"
    gateways.mkdir(parents=True, exist_ok=True)
    # An environment holds its own path: one that was reached by a link must not need the link later.
    gateways = gateways.resolve()
    return _pinned(source.data, gateways) if isinstance(source, Pinned) else _checkout(source, gateways)


def _pinned(data: VersionData, gateways: Path) -> Installation:
    lock = read_lock(data)
    interpreter = find(data.python, who=f"gateway {data.version}")
    name = f"{data.version}-{_digest(lock, interpreter.key)}"
    directory = gateways / name
    with exclusively(gateways / f"{name}.lock", f"the installation of {data.version}", within=INSTALL_TIME):
        if not ((directory / READY).is_file() and _usable(directory, data.python)):
            _make_environment(directory, interpreter)
            run_uv(
                ["pip", "sync", "--require-hashes", "--compile-bytecode", str(data.lock)],
                environment=directory,
            )
            (directory / READY).touch()
    return Installation(name, directory)


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


def _checkout(source: Checkout, gateways: Path) -> Installation:
    state = tree_state(source.directory)
    interpreter = find(source.python, who=f"the checkout {source.directory}")
    place = f"checkout-{_digest(str(source.directory), interpreter.key)}"
    directory = gateways / place
    with exclusively(
        gateways / f"{place}.lock", f"the installation of {source.directory}", within=INSTALL_TIME
    ):
        ready = directory / READY
        usable = _usable(directory, source.python)
        notes = ready.read_text(encoding="utf-8").splitlines() if usable and ready.is_file() else []
        if not notes or notes[0] != state:
            ready.unlink(missing_ok=True)
            if not usable:
                _make_environment(directory, interpreter)
            notes = [state, *_install_tree(source, directory)]
            ready.write_text("\n".join(notes), encoding="utf-8")
    return Installation(f"{place}-{state}", directory, tuple(notes[1:]), place)


def _install_tree(source: Checkout, directory: Path) -> list[str]:
    """Build and install the working copy, as a user would get it; return notes on how that went."""
    data = source.data
    copy = directory / "source"
    shutil.rmtree(copy, ignore_errors=True)
    # Built from a copy: setuptools leaves build/ and *.egg-info in the tree, and takes stale files from them.
    ignored = shutil.ignore_patterns(
        ".git", "node_modules", ".venv", "venv", "build", "dist", "*.egg-info", "*.db"
    )
    shutil.copytree(source.directory, copy, ignore=ignored, symlinks=True)
    constraints = directory / "constraints.txt"
    constraints.write_text(constraints_of(read_lock(data)), encoding="utf-8")
    wanted = [f"{PACKAGE}[{','.join(data.extras)}] @ {copy.as_uri()}", *data.requirements]
    command = ["pip", "install", "--compile-bytecode", "--reinstall-package", PACKAGE, *wanted]
    try:
        run_uv([*command, "--constraints", str(constraints)], environment=directory)
    except InstallError:
        run_uv(command, environment=directory)
        return [f"the lock of {data.version} does not satisfy the checkout: dependencies resolved freely"]
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    return []


def constraints_of(lock: str) -> str:
    """Return the pins of a hashed lock without hashes and without the gateway itself."""
    pins = (line.rstrip(" \\") for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line))
    return "".join(f"{pin}\n" for pin in pins if not re.match(rf"{PACKAGE}\b", pin))


def tree_state(directory: Path) -> str:
    """Return a digest of the files that an installation of the checkout is made of: names, sizes, times."""
    files = [directory / "pyproject.toml", *sorted((directory / "mcpgateway").rglob("*"))]
    facts = (
        f"{path.relative_to(directory)} {status.st_size} {status.st_mtime_ns}"
        for path in files
        if "__pycache__" not in path.parts and path.is_file() and (status := path.stat())
    )
    return _digest(*facts)


def _make_environment(directory: Path, interpreter: Interpreter) -> None:
    run_uv(["venv", "--quiet", "--clear", "--no-project", "--python", str(interpreter.path), str(directory)])


def _usable(directory: Path, requires: str) -> bool:
    """Say whether ``directory`` is a virtual environment whose Python still runs, and is one of ``requires``."""
    present = probe(directory / "bin" / "python")
    return present is not None and fits(present, specifier(requires))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
