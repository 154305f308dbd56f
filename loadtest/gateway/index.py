"""What the package index says of one release of the gateway.

uv asks, so that index, proxy and certificates are those that the machine is set up for. Which Python runs this program
does not matter.
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
from packaging.version import Version

from loadtest.gateway.interpreters import specifier
from loadtest.gateway.source import PACKAGE
from loadtest.gateway.uv import InstallError, run_uv

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
