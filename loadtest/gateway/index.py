"""Asking the package index, by uv and so by whatever index the machine is set up for, what there is."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version

from loadtest.gateway.source import PACKAGE
from loadtest.gateway.uv import InstallError, run_uv


def newest_release(*, pre: bool = False) -> str:
    """Return the newest release of the gateway that runs here; a pre-release only if ``pre``.

    Raises:
        InstallError: the index does not answer, or has no such release.
    """
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "wanted.in"
        wanted.write_text(f"{PACKAGE}\n", encoding="utf-8")
        printed = run_uv(
            [
                *("pip", "compile", "--quiet", "--no-deps", "--no-annotate", "--no-header"),
                *("--prerelease", "allow" if pre else "disallow", str(wanted)),
            ]
        )
    found = re.search(rf"^{PACKAGE}==([^\s;]+)", printed, re.MULTILINE)
    if found is None:
        raise InstallError(f"the package index named no release of {PACKAGE}")
    return found[1]


def newer(release: str, known: Sequence[str]) -> bool:
    """Say whether ``release`` is newer than every one of the ``known`` versions."""
    return all(Version(release) > Version(one) for one in known)
