"""Which releases on the package index are newer than the known versions, and which Python each of them needs."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.gateway.diagnosis import Kind
from loadtest.gateway.index import newer
from loadtest.gateway.source import PACKAGE
from loadtest.gateway.uv import InstallerError, InstallError, run_uv

LATEST_PYTHON = "3.99"
"""The Python that releases are asked for: uv heeds lower bounds only, so none is left out whatever runs here."""

ASKING_TIME = 60.0
"""Seconds that one answer of the index may take."""


@dataclass(frozen=True)
class NewRelease:
    """A release on the package index that is not known yet."""

    version: str
    python: str
    """The interpreters that it runs on, as a PEP 440 specifier; empty if it names none."""

    def __str__(self) -> str:
        return f"{self.version} (Python {self.python or 'of any version'})"


def newer_versions(known: Sequence[str], *, pre: bool = False) -> tuple[str, ...]:
    """Return each release that is newer than every one of the ``known`` versions, newest first.

    Which Python they run on does not matter. Pre-releases only if ``pre``.

    Raises:
        InstallError: the index does not answer, or has no release at all.
    """
    found: list[str] = []
    while (version := _newest(pre, found)) is not None and newer(version, known):
        found.append(version)
    if version is None and not found:
        raise InstallError(f"the package index has no release of {PACKAGE}; check UV_DEFAULT_INDEX")
    return tuple(found)


def release(version: str) -> NewRelease:
    """Return what the metadata of ``version`` on the index says.

    Raises:
        InstallError: the index does not answer, or has no such release.
    """
    with tempfile.TemporaryDirectory() as directory:
        run_uv(
            [
                *("pip", "install", "--quiet", "--no-deps", "--python", sys.executable),
                *("--python-version", LATEST_PYTHON, "--target", directory, f"{PACKAGE}=={version}"),
            ]
        )
        (found,) = importlib.metadata.distributions(path=[directory])
        return NewRelease(version, str(found.metadata.json.get("requires_python", "")))


def _newest(pre: bool, without: Sequence[str]) -> str | None:
    """Return the newest release that is not among ``without``, or None.

    Raises:
        InstallError: the index does not answer, or does not know the package.
    """
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(f"{PACKAGE}{','.join(f'!={one}' for one in without)}\n", encoding="utf-8")
        try:
            printed = run_uv(
                [
                    *("pip", "compile", "--quiet", "--no-deps", "--no-annotate", "--no-header"),
                    *("--python", sys.executable, "--python-version", LATEST_PYTHON),
                    *("--prerelease", "allow" if pre else "disallow", str(wanted)),
                ],
                time_limit=ASKING_TIME,
            )
        except InstallerError as error:
            if error.diagnosis.kind is Kind.RESOLUTION and "was not found in" not in error.diagnosis.what:
                return None
            raise
    found = re.search(rf"^{PACKAGE}==([^\s;]+)", printed, re.MULTILINE)
    return found[1] if found else None
