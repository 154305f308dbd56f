"""Find releases on the package index that are newer than the known versions."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from loadtest.adoption.releases import QUERY_OPTIONS, QUERY_TIMEOUT, newer
from loadtest.gateway.install.diagnosis import FailureCause
from loadtest.gateway.install.source import PACKAGE
from loadtest.gateway.install.uv import InstallerError, InstallError, run_uv


def newer_versions(known: Sequence[str], *, pre: bool = False) -> tuple[str, ...]:
    """Return the releases newer than all ``known`` versions, newest first, whichever Python they need.

    Pre-releases are included only if ``pre``.

    Raises:
        InstallError: the index does not respond, or has no release.
    """
    found: list[str] = []
    while (version := _newest(pre, found)) is not None and newer(version, known):
        found.append(version)
    if version is None and not found:
        raise InstallError(f"the package index has no release of {PACKAGE}; check UV_DEFAULT_INDEX")
    return tuple(found)


def _newest(pre: bool, without: Sequence[str]) -> str | None:
    """Return the newest release that is not in ``without``, or None.

    Raises:
        InstallError: the index does not respond, or does not have the package.
    """
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(f"{PACKAGE}{','.join(f'!={one}' for one in without)}\n", encoding="utf-8")
        try:
            printed = run_uv(
                [
                    *("pip", "compile", *QUERY_OPTIONS, "--no-annotate", "--no-header"),
                    *("--prerelease", "allow" if pre else "disallow", str(wanted)),
                ],
                time_limit=QUERY_TIMEOUT,
            )
        except InstallerError as error:
            if (
                error.diagnosis.kind is FailureCause.RESOLUTION
                and "was not found in" not in error.diagnosis.what
            ):
                return None
            raise
    found = re.search(rf"^{PACKAGE}==([^\s;]+)", printed, re.MULTILINE)
    return found[1] if found else None
