"""Comparison of an installed gateway with the hashes of its package, which its ``RECORD`` lists."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from loadtest.core.units import plural
from loadtest.gateway.install.source import PACKAGE

SHOWN = 3
"""Names of files in a note."""


def changed_files(environment: Path) -> tuple[str, ...]:
    """Return the files of the gateway installed in ``environment`` that are not as in its package, by name.

    Empty if the gateway is not installed. Bytecode is not listed in the package and not compared.
    """
    return tuple(sorted(_changed(environment)))


def _changed(environment: Path) -> Iterator[str]:
    places = [str(one) for one in environment.glob("lib/python3*/site-packages")]
    for distribution in distributions(name=PACKAGE, path=places):
        for name, expected in _hashes(distribution.read_text("RECORD") or ""):
            try:
                content = Path(str(distribution.locate_file(name))).read_bytes()
            except OSError:
                yield name
                continue
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            if digest != expected:
                yield name


def _hashes(record: str) -> Iterator[tuple[str, str]]:
    """Yield name and hash of the listed files; since Python 3.12 ``Distribution.files`` leaves out missing ones."""
    for name, digest, *_ in (row for row in csv.reader(record.splitlines()) if len(row) > 1):
        algorithm, _, value = digest.partition("=")
        if algorithm == "sha256":
            yield name, value


def reinstalled(files: tuple[str, ...]) -> str:
    """Return the end of a note of the reports: that a gateway was installed again because of these changed files."""
    names = ", ".join(files[:SHOWN]) + (", …" if len(files) > SHOWN else "")
    return (
        f"was installed again, because {plural(len(files), 'installed file')} differed from the package ({names}); "
        "to test a changed gateway, use path:DIR"
    )
