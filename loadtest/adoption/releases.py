"""``python -m loadtest.adoption.releases VERSION``: resolve a known version of the gateway into its hashed lock again.

What is resolved stands in the version's data file (``extras``, ``requirements``, ``exclude_newer``).
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import sys
import tempfile
import tomllib
from collections.abc import Sequence
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
"""What this program itself needs; for data that names no lower bound."""


def lock_version(data: VersionData) -> Path:
    """Resolve the version that ``data`` is about and write its lock; returns the lock's path.

    Raises:
        InstallError: it cannot be resolved, or no Python that it runs on is here.
    """
    # With an interpreter that is named, uv does not run all that it finds.
    python = find(data.python, who=f"gateway {data.version}").path
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(wanted_by(data), encoding="utf-8")
        run_uv([*command(data), "--python", str(python), str(wanted), "--output-file", str(data.lock)])
    return data.lock


def check_release(version: str) -> None:
    """Check that ``version`` is one.

    Raises:
        UsageError: it is not.
    """
    try:
        Version(version)
    except InvalidVersion as error:
        raise UsageError(f"VERSION={version}: is not a version, expected a release such as 1.0.7") from error


def wanted_by(data: VersionData) -> str:
    """Return the requirements that the lock of ``data`` is resolved from, one per line."""
    gateway = f"{PACKAGE}[{','.join(data.extras)}]=={data.version}"
    return "".join(f"{requirement}\n" for requirement in (gateway, *data.requirements))


def command(data: VersionData) -> list[str]:
    """Return the arguments of ``uv`` without its files; of an old release only what existed on its day."""
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
        # A date alone would end with the day of this machine's time zone.
        end = data.exclude_newer + dt.timedelta(days=1)
        arguments += ["--exclude-newer", f"{end.isoformat()}T00:00:00Z"]
    return arguments


def oldest_python(specifier: str) -> str:
    """Return the oldest Python, as ``3.11``, that ``specifier`` names as its lower bound."""
    bounds = [Version(item.version) for item in SpecifierSet(specifier) if item.operator == ">="]
    return "{}.{}".format(*max(bounds, default=OLDEST).release[:2])


def main() -> int:
    """Lock the known version that the command line names."""
    if len(sys.argv) != 2:
        sys.stderr.write("VERSION: is empty, expected a release such as VERSION=1.0.7\n")
        return 2
    try:
        check_release(sys.argv[1])
        sys.stdout.write(f"{lock_version(versions.load(sys.argv[1]))}\n")
    except LoadTestError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())


LATEST_PYTHON = "3.99"
"""The Python that releases are asked for: uv heeds lower bounds only, so none is left out whatever runs here."""

ASKING = ("--quiet", "--no-deps", "--python", sys.executable, "--python-version", LATEST_PYTHON)
"""Options of each question. Without an interpreter that is named, uv would run all that it finds."""

ASKING_TIME = 60.0
"""Seconds that one answer of the index may take."""


@dataclass(frozen=True)
class Release:
    """A release as the package index has it."""

    version: str
    """As the index spells it."""
    python: str
    """The interpreters that it runs on, as a PEP 440 specifier: ``>=3.12,<3.14``; empty if it names none."""
    uploaded: dt.date | None
    """The day of its upload, UTC; None where the index does not say it."""

    def __str__(self) -> str:
        return f"{self.version} (Python {self.python or 'of any version'})"


def release(version: str) -> Release:
    """Return the release ``version`` of the gateway.

    Raises:
        InstallError: the index does not answer, or has no such release.
    """
    package = _package(version)
    return Release(str(package["version"]), _required_python(version), _uploaded(package))


def newer(release: str, known: Sequence[str]) -> bool:
    """Say whether ``release`` is newer than every one of the ``known`` versions."""
    return all(Version(release) > Version(one) for one in known)


def _required_python(version: str) -> str:
    """Return which interpreters the metadata of the release ``version`` names; that of the index names them in part."""
    with tempfile.TemporaryDirectory() as directory:
        run_uv(
            ["pip", "install", *ASKING, "--target", directory, f"{PACKAGE}=={version}"],
            time_limit=ASKING_TIME,
        )
        (found,) = importlib.metadata.distributions(path=[directory])
        return in_order(specifier(str(found.metadata.json.get("requires_python", ""))))


def in_order(python: SpecifierSet) -> str:
    """Return ``python`` with its lower bound first: ``>=3.12,<3.14``."""
    return ",".join(sorted(map(str, python), reverse=True))


def _package(version: str) -> dict[str, Any]:
    """Return what the index says of the release ``version``, as pylock.toml has it."""
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(f"{PACKAGE}=={version}\n", encoding="utf-8")
        # Into a file: warnings share the standard output.
        found = Path(directory) / "pylock.toml"
        run_uv(
            [
                *("pip", "compile", *ASKING, "--no-header", "--format", "pylock.toml"),
                *(str(wanted), "--output-file", str(found)),
            ],
            time_limit=ASKING_TIME,
        )
        packages = tomllib.loads(found.read_text(encoding="utf-8")).get("packages", [])
    for package in packages:
        if package.get("name") == PACKAGE:
            return dict(package)
    raise InstallError(f"the package index named no release {version} of {PACKAGE}")


def _uploaded(package: dict[str, Any]) -> dt.date | None:
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    times = [one["upload-time"] for one in files if isinstance(one.get("upload-time"), dt.datetime)]
    return max(times).astimezone(dt.UTC).date() if times else None
