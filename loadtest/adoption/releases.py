"""Releases on the package index, and ``python -m loadtest.adoption.releases VERSION``, which resolves a lock again.

The version's data file has ``extras``, ``requirements`` and ``exclude_newer`` for its lock.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from loadtest.core.errors import LoadTestError, UsageError
from loadtest.gateway.install.interpreters import find, specifier
from loadtest.gateway.install.source import PACKAGE
from loadtest.gateway.install.uv import InstallError, run_uv
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

OLDEST = Version("3.11")
"""The oldest Python of the load test, for data without a lower bound."""


def lock_version(data: VersionData) -> Path:
    """Resolve the lock of the version of ``data`` and write it; returns its path.

    Raises:
        InstallError: it cannot be resolved, or this machine has no suitable Python.
    """
    # With --python, uv does not run every interpreter that it finds.
    python = find(data.python, who=f"gateway {data.version}").path
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(wanted_by(data), encoding="utf-8")
        run_uv([*command(data), "--python", str(python), str(wanted), "--output-file", str(data.lock)])
    return data.lock


def check_release(version: str) -> None:
    """Check that ``version`` is a version.

    Raises:
        UsageError: it is not.
    """
    try:
        Version(version)
    except InvalidVersion as error:
        raise UsageError(f"VERSION={version}: is not a version, expected a release such as 1.0.7") from error


def wanted_by(data: VersionData) -> str:
    """Return the requirements of the lock of ``data``, one per line."""
    gateway = f"{PACKAGE}[{','.join(data.extras)}]=={data.version}"
    return "".join(f"{requirement}\n" for requirement in (gateway, *data.requirements))


def command(data: VersionData) -> list[str]:
    """Return the arguments of ``uv`` without its files."""
    arguments = [
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-annotate",
        "--no-header",
        "--upgrade",
        "--python-version",
        oldest_python(data.python),
    ]
    if data.exclude_newer is not None:
        # A date without a time would end with the day in this machine's time zone.
        end = data.exclude_newer + dt.timedelta(days=1)
        arguments += ["--exclude-newer", f"{end.isoformat()}T00:00:00Z"]
    return arguments


def oldest_python(specifier: str) -> str:
    """Return the lower bound of ``specifier``, as ``3.11``."""
    bounds = [Version(item.version) for item in SpecifierSet(specifier) if item.operator == ">="]
    return "{}.{}".format(*max(bounds, default=OLDEST).release[:2])


LATEST_PYTHON = "3.99"
"""The Python of index queries: uv checks only lower bounds, so no release is left out."""

QUERY_OPTIONS = ("--quiet", "--no-deps", "--python", sys.executable, "--python-version", LATEST_PYTHON)
"""Options of each index query. Without --python, uv would run every interpreter that it finds."""

QUERY_TIMEOUT = 60.0
"""Seconds for one index query."""


@dataclass(frozen=True)
class Release:
    """A release on the package index."""

    version: str
    """As the index writes it."""
    python: str
    """Supported interpreters, as a PEP 440 specifier: ``>=3.12,<3.14``; empty if not specified."""
    uploaded: dt.date | None
    """The day of its upload in UTC; None if the index does not provide it."""

    def __str__(self) -> str:
        return f"{self.version} (Python {self.python or 'of any version'})"


def release(version: str) -> Release:
    """Return the release ``version`` of the gateway.

    Raises:
        InstallError: the index does not respond, or has no such release.
    """
    package = _package(version)
    return Release(str(package["version"]), _required_python(version), _uploaded(package))


def newer(release: str, known: Sequence[str]) -> bool:
    """Return whether ``release`` is newer than all ``known`` versions."""
    return all(Version(release) > Version(one) for one in known)


def _required_python(version: str) -> str:
    """Return the interpreters in the metadata of the release ``version``; the index has only a part of them."""
    with tempfile.TemporaryDirectory() as directory:
        run_uv(
            ["pip", "install", *QUERY_OPTIONS, "--target", directory, f"{PACKAGE}=={version}"],
            time_limit=QUERY_TIMEOUT,
        )
        (found,) = importlib.metadata.distributions(path=[directory])
        return in_order(specifier(str(found.metadata.json.get("requires_python", ""))))


def in_order(python: SpecifierSet) -> str:
    """Return ``python`` with its lower bound first: ``>=3.12,<3.14``."""
    return ",".join(sorted(map(str, python), reverse=True))


def _package(version: str) -> dict[str, Any]:
    """Return the index's entry for the release ``version``, in the form of pylock.toml."""
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(f"{PACKAGE}=={version}\n", encoding="utf-8")
        # Written to a file, because warnings share the standard output.
        found = Path(directory) / "pylock.toml"
        run_uv(
            [
                *("pip", "compile", *QUERY_OPTIONS, "--no-header", "--format", "pylock.toml"),
                *(str(wanted), "--output-file", str(found)),
            ],
            time_limit=QUERY_TIMEOUT,
        )
        packages = tomllib.loads(found.read_text(encoding="utf-8")).get("packages", [])
    for package in packages:
        if package.get("name") == PACKAGE:
            return dict(package)
    raise InstallError(f"the package index has no release {version} of {PACKAGE}")


def _uploaded(package: dict[str, Any]) -> dt.date | None:
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    times = [one["upload-time"] for one in files if isinstance(one.get("upload-time"), dt.datetime)]
    return max(times).astimezone(dt.UTC).date() if times else None


def run_for_version(action: Callable[[str], Path]) -> int:
    """Run ``action`` for the version on the command line and print the path that it returns; returns the exit code."""
    if len(sys.argv) != 2:
        sys.stderr.write("VERSION: is empty, expected a known version such as VERSION=1.0.7\n")
        return 2
    try:
        check_release(sys.argv[1])
        sys.stdout.write(f"{action(sys.argv[1])}\n")
    except LoadTestError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(run_for_version(lambda version: lock_version(versions.load(version))))
