"""Making a release of the gateway a known version: its lock, its data file, and what is new in it.

The release is installed and booted with the switches of the version nearest to it, so a data file is only written
for one that comes up; its contract is the document that it serves then. The other contract is had in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from loadtest import versions
from loadtest.adoption import Adoption, setting_changes
from loadtest.catalogue import catalogue
from loadtest.client.session import connect
from loadtest.contract_changes import contract_changes
from loadtest.errors import UsageError
from loadtest.files import read_text, write_atomically
from loadtest.gateway.boot import booted
from loadtest.gateway.draft import draft
from loadtest.gateway.environment import common_switches
from loadtest.gateway.install import install
from loadtest.gateway.lock import check_release, lock_version
from loadtest.gateway.manifest import Manifest, read_manifest
from loadtest.gateway.source import Pinned
from loadtest.judge.offer import offer
from loadtest.versions import VersionData

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Look:
    """A release as it was found."""

    manifest: Manifest
    document: Mapping[str, Any]
    """The OpenAPI document that it serves."""
    operations: tuple[str, ...]


def adopt(version: str, home: Path, tell: Tell) -> Adoption:
    """Write the lock of release ``version``, if there is none, and its data file; return what is new in it.

    ``home`` is LOADTEST_HOME. ``tell`` is told each step.

    Raises:
        UsageError: ``version`` is no version, or is known already.
        InstallError: it cannot be resolved or installed.
        InconclusiveError: it does not boot, or is no gateway as we know it.
    """
    target = versions.DIRECTORY / f"{_checked(version)}.toml"
    template = versions.load(versions.nearest(version, versions.available()))
    if not target.with_suffix(".lock").is_file():
        tell(f"resolving {version}")
        lock_version(version)
    now = _look(replace(template, version=version, exclude_newer=None), home, tell)
    before = _look(template, home, tell)
    found = draft(
        read_text(versions.DIRECTORY / f"{template.version}.toml"), version, now.manifest, now.operations
    )
    data = found.data
    write_atomically(target, found.text)
    return Adoption(
        version=version,
        template=template.version,
        operations=len(now.operations),
        changes=contract_changes(before.document, now.document),
        unplanned=tuple(one.name for one in offer(now.operations, catalogue(), data.excluded).unplanned),
        settings=setting_changes(before.manifest.settings, now.manifest.settings, _set_by_us(data)),
        left_out=found.left_out,
    )


def _checked(version: str) -> str:
    check_release(version)
    if version in versions.available():
        raise UsageError(f"VERSION={version}: is known already; delete its TOML to draft it anew")
    return version


def _look(data: VersionData, home: Path, tell: Tell) -> Look:
    source = Pinned(data.version, data)
    tell(f"installing {data.version}")
    manifest = read_manifest(install(source, home))
    tell(f"booting {data.version}")
    with booted(source, home=home, environ={}) as running:
        contract = connect(running.host, running.credentials).contract
    return Look(manifest, contract.document, tuple(sorted(contract.operations)))


def _set_by_us(data: VersionData) -> set[str]:
    return {switch.name for switch in common_switches()} | data.environment.keys()
