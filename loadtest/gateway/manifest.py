"""What an installed gateway says of itself: its metadata, and the settings that it can be given."""

from __future__ import annotations

import subprocess
import tempfile

import msgspec

from loadtest.errors import InconclusiveError
from loadtest.gateway.install import Installation
from loadtest.gateway.source import PACKAGE

READING_TIME = 60.0
"""Seconds that importing its configuration may take."""

_QUESTION = f"""
import importlib.metadata, json
from mcpgateway.config import Settings
def default(field):
    if field.default_factory or field.is_required():
        return ""
    return str(sorted(field.default) if isinstance(field.default, set) else field.default)
metadata = importlib.metadata.metadata({PACKAGE!r})
settings = {{name.upper(): default(field) for name, field in Settings.model_fields.items()}}
print(json.dumps({{
    "python": metadata["Requires-Python"] or "",
    "extras": metadata.get_all("Provides-Extra") or [],
    "settings": settings,
}}))
"""
"""Asked of the gateway's own interpreter; a default that is made anew each time is left empty."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One release in its own words."""

    python: str
    """The interpreters that it runs on, as a PEP 440 specifier."""
    extras: tuple[str, ...]
    settings: dict[str, str]
    """The environment variables that its configuration reads, and their defaults."""


def read_manifest(installation: Installation) -> Manifest:
    """Return what the gateway in ``installation`` says of itself; it is imported, not booted.

    Raises:
        InconclusiveError: it cannot be imported, or its configuration is not what we know.
    """
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [installation.python, "-c", _QUESTION],
            cwd=directory,
            env={"HOME": directory, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=READING_TIME,
            check=False,
        )
    try:
        return msgspec.json.decode(_last(done.stdout), type=Manifest)
    except msgspec.DecodeError as error:
        last = _last(done.stderr) or f"status {done.returncode}, and nothing printed"
        raise InconclusiveError(f"the configuration of {installation.name} cannot be read: {last}") from error


def _last(printed: str) -> str:
    """Return the last line; whatever the import itself printed stands before it."""
    return (printed.strip().splitlines() or [""])[-1]
