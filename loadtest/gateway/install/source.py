"""The gateway source, ``GATEWAY=``: a pinned version, a checkout, or a running gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from loadtest.core import settings
from loadtest.core.address import looks_like_address, parse_address
from loadtest.core.errors import UsageError
from loadtest.core.files import parse_toml, read_text
from loadtest.gateway.install.default import newest_runnable
from loadtest.gateway.install.interpreters import specifier
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

PACKAGE = "mcp-contextforge-gateway"


@dataclass(frozen=True)
class Pinned:
    """A published version with a data file and a lock."""

    text: str
    data: VersionData
    notes: tuple[str, ...] = ()
    """Notes on how it was chosen for the reports."""


@dataclass(frozen=True)
class Checkout:
    """A checkout of the gateway, installed into a virtual environment."""

    text: str
    directory: Path
    version: str
    """The version that the checkout declares."""
    python: str
    """Supported interpreters, as a PEP 440 specifier."""
    data: VersionData
    """Data of the nearest known version."""


@dataclass(frozen=True)
class Running:
    """A running gateway; nothing is installed, booted or stopped."""

    text: str
    url: str


Source = Pinned | Checkout | Running


def parse_source(text: str | None, home: Path | None = None) -> Source:
    """Return the source that ``text`` names: a version, ``path:DIR``, or an HTTP address.

    An empty text stands for the newest version that runs on this machine; see :mod:`loadtest.gateway.install.default`.
    ``home`` is LOADTEST_HOME; if None, it is read from the environment.

    Raises:
        UsageError: an unknown version, a directory that is no checkout, or a malformed address.
    """
    text = (text or "").strip()
    if not text:
        data, notes = newest_runnable(home or settings.home())
        return Pinned(data.version, data, notes)
    if text.startswith("path:"):
        return _checkout(text, Path(text.removeprefix("path:")).expanduser())
    if looks_like_address(text):
        return Running(text, parse_address(text, "GATEWAY"))
    return Pinned(text, versions.load(text))


def _checkout(text: str, directory: Path) -> Checkout:
    project_file = directory / "pyproject.toml"
    if not project_file.is_file():
        raise UsageError(f"GATEWAY={text}: {project_file} does not exist, expected a checkout of the gateway")
    project = parse_toml(project_file).get("project")
    name = project.get("name") if isinstance(project, dict) else None
    if not isinstance(project, dict) or name != PACKAGE:
        raise UsageError(f"{project_file}: project.name is {name!r}, expected {PACKAGE!r}")
    version = project.get("version") or _dynamic_version(directory)
    try:
        Version(version)
    except (InvalidVersion, TypeError) as error:
        raise UsageError(f"{project_file}: version is {version!r}, expected a version (PEP 440)") from error
    data = versions.load(versions.nearest(version, versions.available()))
    python = str(project.get("requires-python") or data.python)
    specifier(python, f"{project_file}: project.requires-python")
    return Checkout(text, directory.resolve(), version, python, data)


def _dynamic_version(directory: Path) -> str:
    """Return ``__version__`` of the package, to which ``dynamic = ["version"]`` refers."""
    module = directory / "mcpgateway" / "__init__.py"
    found = re.search(r"""^__version__\s*=\s*["']([^"']+)["']""", read_text(module), re.MULTILINE)
    if found is None:
        raise UsageError(f"{module}: has no __version__, expected the version of the checkout")
    return found[1]
