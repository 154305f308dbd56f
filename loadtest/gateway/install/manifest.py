"""Metadata and settings of an installed gateway."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import msgspec
from msgspec.structs import replace

from loadtest.core.errors import InconclusiveError
from loadtest.gateway.install.installation import Installation
from loadtest.gateway.install.source import PACKAGE
from loadtest.gateway.process.commands import run_command

READ_TIMEOUT = 60.0
"""Seconds for the import of its configuration."""

LONGEST = 80
"""Maximum characters of a default that is kept as it is."""

_PROBE = Path(__file__).with_name("manifest_probe.py")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata and settings of one release."""

    python: str
    """Supported interpreters, as a PEP 440 specifier."""
    extras: tuple[str, ...]
    settings: dict[str, str]
    """Environment variables that its configuration reads, and their defaults, see :func:`short`."""


def read_manifest(installation: Installation) -> Manifest:
    """Return the manifest of the gateway in ``installation``, which is imported, not booted.

    Raises:
        InconclusiveError: it cannot be imported, or its configuration has an unexpected form.
    """
    with tempfile.TemporaryDirectory() as directory:
        finished = run_command(
            [installation.python, "-I", _PROBE, PACKAGE],
            name=f"reading the configuration of {installation.name}",
            environment={"HOME": directory, "LANG": "C.UTF-8"},
            within=READ_TIMEOUT,
            directory=Path(directory),
        )
    try:
        manifest = msgspec.json.decode(_last(finished.output), type=Manifest)
    except msgspec.DecodeError as error:
        last = _last(finished.errors) or "no output"
        raise InconclusiveError(f"the configuration of {installation.name} cannot be read: {last}") from error
    return replace(manifest, settings={name: short(value) for name, value in manifest.settings.items()})


def short(default: str) -> str:
    """Return ``default``, or the length and digest of a long text, which show that it changed."""
    if len(default) <= LONGEST and "\n" not in default:
        return default
    return f"({len(default)} characters, SHA-256 {hashlib.sha256(default.encode()).hexdigest()[:12]})"


def _last(printed: str) -> str:
    """Return the last line; the import may have printed others before it."""
    return (printed.strip().splitlines() or [""])[-1]
