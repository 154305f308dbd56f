"""Asking the package index about releases of the gateway.

uv asks, so that index, proxy and certificates are those that the machine is set up for, and it is asked for each
Python that we support: what a release requires does not depend on the Python that runs this program.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import Version

from loadtest.gateway.source import PACKAGE
from loadtest.gateway.uv import InstallError, run_uv

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""The Pythons that this program supports, and so may run a gateway on; oldest first."""


@dataclass(frozen=True)
class Release:
    """A release as the package index has it."""

    version: str
    """As the index spells it."""
    python: str
    """Those of our Pythons that it supports, as a PEP 440 specifier: ``>=3.12,<3.14``."""
    uploaded: dt.date | None
    """The day of its upload, UTC; None where the index does not say it."""


def release(version: str) -> Release:
    """Return the release ``version`` of the gateway.

    Raises:
        InstallError: the index does not answer, or has no such release for a Python that we support.
    """
    found, failure = _each_python(f"{PACKAGE}=={version}", "allow")
    if not found:
        raise InstallError(
            f"the package index has no release {version} of {PACKAGE} for Python {PYTHONS[0]} to {PYTHONS[-1]}: "
            f"{_reason(failure)}"
        )
    package = next(iter(found.values()))
    return Release(str(package["version"]), _specifier(tuple(found)), _uploaded(package))


def newest_release(*, pre: bool = False) -> str:
    """Return the newest release of the gateway for any Python that we support; a pre-release only if ``pre``.

    Raises:
        InstallError: the index does not answer, or has no such release.
    """
    found, failure = _each_python(PACKAGE, "allow" if pre else "disallow")
    if not found:
        raise InstallError(f"the package index named no release of {PACKAGE}: {_reason(failure)}")
    return max((str(package["version"]) for package in found.values()), key=Version)


def newer(release: str, known: Sequence[str]) -> bool:
    """Say whether ``release`` is newer than every one of the ``known`` versions."""
    return all(Version(release) > Version(one) for one in known)


def _each_python(requirement: str, prerelease: str) -> tuple[dict[str, dict[str, Any]], InstallError | None]:
    """Return the package that satisfies ``requirement`` on each Python that has one, and the first failure."""
    found: dict[str, dict[str, Any]] = {}
    failure: InstallError | None = None
    for python in PYTHONS:
        try:
            found[python] = _resolved(requirement, python, prerelease)
        except InstallError as error:
            failure = failure or error
    return found, failure


def _specifier(pythons: Sequence[str]) -> str:
    """Return what allows ``pythons``, some of :data:`PYTHONS`, and none of the others: ``>=3.12,<3.14``."""
    above = PYTHONS[PYTHONS.index(pythons[-1]) + 1 :]
    return f">={pythons[0]}" + (f",<{above[0]}" if above else "")


def _resolved(requirement: str, python: str, prerelease: str) -> dict[str, Any]:
    """Return what the index says of the package that satisfies ``requirement`` on ``python``, as pylock.toml has it."""
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(f"{requirement}\n", encoding="utf-8")
        # Into a file: warnings share the standard output.
        found = Path(directory) / "pylock.toml"
        run_uv(
            [
                *("pip", "compile", "--quiet", "--no-deps", "--no-header", "--format", "pylock.toml"),
                *("--python-version", python, "--prerelease", prerelease),
                *(str(wanted), "--output-file", str(found)),
            ]
        )
        packages = tomllib.loads(found.read_text(encoding="utf-8")).get("packages", [])
    for package in packages:
        if package.get("name") == PACKAGE:
            return dict(package)
    raise InstallError(f"the package index named no release of {PACKAGE}")


def _uploaded(package: dict[str, Any]) -> dt.date | None:
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    times = [one["upload-time"] for one in files if isinstance(one.get("upload-time"), dt.datetime)]
    return max(times).astimezone(dt.UTC).date() if times else None


def _reason(error: InstallError | None) -> str:
    """Return what the installer says of the cause, without its paths and its advice."""
    text = " ".join(str(error).split()) if error else ""
    found = re.search(r"cause: (.*)", text) or re.search(r"error: (.*)", text)
    return (found[1] if found else text).partition(" hint: ")[0][:300]
