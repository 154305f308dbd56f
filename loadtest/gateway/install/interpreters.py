"""Find a Python for a gateway, whose release may not support the Python of the load test.

Candidates in this order: the Python that runs the load test; the directories of PATH; pyenv, if its command or its
shims are on PATH; asdf and mise; the tool cache of a hosted runner; uv's own; then uv downloads one, unless
``UV_PYTHON_DOWNLOADS`` is ``never`` or ``manual``. Each candidate is run before it is used. Shims are never run: which
Python they start depends on files in the working directory.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from loadtest.core.errors import UsageError
from loadtest.gateway.install.uv import ISOLATION, InstallerError, InstallError, run_uv, uv_environment

MINORS = range(8, 40)
"""Minor versions of Python 3 that are considered."""

PROBE_TIMEOUT = 15.0
"""Seconds for a candidate to answer."""

DOWNLOAD_TIMEOUT = 180.0
"""Seconds for uv to download a Python."""

_PROBE = Path(__file__).with_name("interpreter_probe.py")


class NoInterpreterError(InstallError):
    """No suitable Python was found, and none could be downloaded."""

    def __init__(self, lacks: str, advice: str, attempt: str = "") -> None:
        super().__init__(f"{lacks}: {advice}")
        self.lacks = lacks
        """Which Python is missing, and what needs it."""
        self.advice = advice
        """What to install."""
        self.attempt = attempt
        """Result of the attempt to download one; empty if there was none."""


@dataclass(frozen=True)
class Interpreter:
    """A CPython that runs."""

    path: Path
    """Its executable, which is neither in a virtual environment nor a shim."""
    version: str
    """``3.12.1``."""

    @property
    def key(self) -> str:
        """Part of an installation's name: ``cpython-3.12``."""
        release = Version(self.version)
        return f"cpython-{release.major}.{release.minor}"


def find(requires: str, *, who: str = "the gateway", download: bool = True) -> Interpreter:
    """Return the first Python that satisfies ``requires`` (PEP 440, such as ``>=3.12,<3.14``).

    ``who`` is used in messages. With ``download``, uv may download one if there is none.

    Raises:
        UsageError: ``requires`` is no specifier.
        NoInterpreterError: there is none; one line with the Python to install.
    """
    wanted = specifier(requires)
    fitting = (one for path in _candidates(wanted, os.environ) if (one := probe(path)) and fits(one, wanted))
    found = next(fitting, None)
    if found is not None:
        return found
    lacks = f"{who} needs Python {requires}, which this machine does not have"
    advice = f"install Python {in_words(wanted)}, so that it is on the PATH"
    if not download:
        raise NoInterpreterError(lacks, advice)
    if (refusal := downloads_refused(os.environ)) is not None:
        raise NoInterpreterError(f"{lacks}, and {refusal} keeps uv from downloading it", advice)
    try:
        return _download(wanted)
    except InstallError as error:
        why = error.diagnosis.what if isinstance(error, InstallerError) else str(error)
        attempt = f"uv could not download it ({why})"
        raise NoInterpreterError(f"{lacks}, and {attempt}", advice, attempt) from error


def probe(path: Path) -> Interpreter | None:
    """Return the interpreter at ``path``, or None if it does not run or a gateway cannot use it."""
    try:
        done = subprocess.run(
            [path, "-I", _PROBE],
            cwd=ISOLATION,
            env=uv_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT,
            check=True,
        )
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if answer["implementation"] != "cpython" or answer["free_threaded"]:
        return None
    executable = Path(answer["executable"])
    return Interpreter(executable if executable.is_file() else path, answer["version"])


def fits(interpreter: Interpreter, wanted: SpecifierSet) -> bool:
    """Return whether ``wanted`` allows ``interpreter``; a pre-release of Python only if it names one."""
    return wanted.contains(interpreter.version)


def specifier(requires: str, what: str = "requires-python") -> SpecifierSet:
    """Return ``requires`` as a specifier; ``what`` is its origin, for messages.

    Raises:
        UsageError: it is invalid.
    """
    try:
        return SpecifierSet(requires)
    except InvalidSpecifier as error:
        raise UsageError(f"{what} is {requires!r}, expected a specifier such as >=3.12,<3.14") from error


def in_words(wanted: SpecifierSet) -> str:
    """Return which versions of Python satisfy ``wanted``: ``3.12 or 3.13``, ``3.12 or newer``."""
    minors = _minors(wanted)
    if not minors:
        return str(wanted)
    if minors[-1] == MINORS[-1]:
        return f"3.{minors[0]} or newer"
    names = [f"3.{minor}" for minor in minors]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def downloads_refused(environ: Mapping[str, str]) -> str | None:
    """Return the setting that prevents uv from downloading a Python, or None."""
    for name, values in (
        ("UV_PYTHON_DOWNLOADS", {"never", "manual", "false"}),
        ("UV_PYTHON_PREFERENCE", {"only-system"}),
        ("UV_NO_MANAGED_PYTHON", {"1", "true"}),
        ("UV_OFFLINE", {"1", "true"}),
    ):
        if (value := environ.get(name, "").strip()).lower() in values:
            return f"{name}={value}"
    return None


@functools.cache
def _minors(wanted: SpecifierSet) -> tuple[int, ...]:
    """Return the minor versions of Python 3 with a release that satisfies ``wanted``."""
    return tuple(m for m in MINORS if any(wanted.contains(f"3.{m}.{patch}") for patch in range(50)))


def _candidates(wanted: SpecifierSet, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield each executable once, in the order in which they are tried; the oldest suitable minor version first."""
    seen: set[Path] = set()
    places = itertools.chain(
        [Path(sys.executable)] if wanted.contains(platform.python_version()) else [],
        _on_path(wanted, environ),
        _installed(wanted, _installations(environ)),
        _installed(wanted, _managed(environ)),
    )
    for path in places:
        # The executable of a virtual environment is a link to that of its base Python.
        if (real := path.resolve()) not in seen:
            seen.add(real)
            yield path


def _on_path(wanted: SpecifierSet, environ: Mapping[str, str]) -> Iterator[Path]:
    shims = _shims(environ)
    names = ["python3", "python", *(f"python3.{minor}" for minor in _minors(wanted))]
    for directory in _path(environ):
        if directory not in shims:
            yield from (path for name in names if os.access(path := directory / name, os.X_OK))


def _path(environ: Mapping[str, str]) -> list[Path]:
    return [Path(part) for part in environ.get("PATH", "").split(os.pathsep) if Path(part).is_absolute()]


def _pyenv(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("PYENV_ROOT") or _home(environ) / ".pyenv")


def _asdf(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("ASDF_DATA_DIR") or _home(environ) / ".asdf")


def _mise(environ: Mapping[str, str]) -> Path:
    data = Path(environ.get("XDG_DATA_HOME") or _home(environ) / ".local" / "share")
    return Path(environ.get("MISE_DATA_DIR") or data / "mise")


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or "/nonexistent")


def _shims(environ: Mapping[str, str]) -> set[Path]:
    return {manager(environ) / "shims" for manager in (_pyenv, _asdf, _mise)}


def _installations(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the directories of Pythons of version managers and of a hosted runner."""
    pyenv = _pyenv(environ)
    if pyenv / "shims" in _path(environ) or shutil.which("pyenv", path=environ.get("PATH", "")):
        yield from (pyenv / "versions").glob("3.*")
    for root in (_asdf(environ), _mise(environ)):
        yield from (root / "installs" / "python").glob("3.*")
    for name in ("RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY"):
        if cache := environ.get(name):
            yield from Path(cache, "Python").glob("3.*/*")


def _managed(environ: Mapping[str, str]) -> Iterator[Path]:
    if downloads_refused(
        {k: v for k, v in environ.items() if k not in ("UV_PYTHON_DOWNLOADS", "UV_OFFLINE")}
    ):
        return
    try:
        directory = Path(run_uv(["python", "dir"]).strip())
    except InstallError:
        return
    yield from directory.glob("cpython-3.*")


def _installed(wanted: SpecifierSet, directories: Iterator[Path]) -> Iterator[Path]:
    """Yield the executables in ``directories`` whose version, according to a directory's name, may be suitable."""
    minors = _minors(wanted)
    versioned = []
    for directory in directories:
        found = re.search(
            r"(?:^|/|cpython-)3\.(\d+)(?:\.(\d+))?", str(directory.relative_to(directory.parents[1]))
        )
        if found and int(found[1]) in minors:
            versioned.append((int(found[1]), -int(found[2] or 0), directory / "bin" / f"python3.{found[1]}"))
    yield from (path for *_, path in sorted(versioned) if os.access(path, os.X_OK))


def _download(wanted: SpecifierSet) -> Interpreter:
    """Let uv download the newest release of the oldest suitable minor version."""
    minor = next(iter(_minors(wanted)), None)
    if minor is None:
        raise InstallError("no such Python exists")
    one = ",".join(sorted((*map(str, wanted), f"==3.{minor}.*")))
    run_uv(["python", "install", "--no-bin", one], time_limit=DOWNLOAD_TIMEOUT)
    for path in _installed(wanted, _managed(os.environ)):
        if (found := probe(path)) is not None and fits(found, wanted):
            return found
    raise InstallError("the downloaded Python does not run on this machine")
