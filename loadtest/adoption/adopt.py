"""Add support for a gateway release: write its lock, data file and contract, and report what is new in it.

The release is locked, installed and booted with the settings of a known version, so that a data file is written only
for a release that boots. That version is the nearest by number. If the contract of another version is closer, the
release is booted again with the settings of that version, which becomes the template of its data file.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from loadtest.adoption import releases as index
from loadtest.adoption.draft import OldPackages, draft
from loadtest.adoption.releases import Release, check_release, lock_version
from loadtest.adoption.report import Adoption, setting_changes
from loadtest.adoption.stored_contract import served_document
from loadtest.core.errors import BootError, InconclusiveError, UsageError
from loadtest.core.files import read_text, write_atomically
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.gateway.boot_failure import reason_in, refused_settings
from loadtest.gateway.environment import SWITCHES, common_switches
from loadtest.gateway.install.installation import install, read_lock
from loadtest.gateway.install.interpreters import NoInterpreterError
from loadtest.gateway.install.manifest import Manifest, read_manifest
from loadtest.gateway.install.source import Pinned
from loadtest.judge.coverage_diff import contract_coverage
from loadtest.openapi import contracts
from loadtest.openapi.contracts import StoredContract
from loadtest.openapi.diff import diff_contracts
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

Progress = Callable[[str], object]


class RefusedSettingError(InconclusiveError):
    """The release rejects a setting that it was booted with; other packages would not change that."""


OTHER_PACKAGES_DO_NOT_HELP = (RefusedSettingError, NoInterpreterError)


@dataclass(frozen=True)
class BootedRelease:
    """A release that was booted."""

    template: str
    """The version with whose settings it was booted."""
    lock: str
    packages: OldPackages | None
    """None if it boots with the current packages."""
    manifest: Manifest
    document: Mapping[str, Any]
    """The OpenAPI document that it serves."""


def adopt(version: str, home: Path, progress: Progress) -> Adoption:
    """Write the lock, the contract and the data file of release ``version``; returns what is new in it.

    ``home`` is LOADTEST_HOME. ``progress`` is called with each step. A failure leaves no file behind.

    Raises:
        UsageError: ``version`` is no version, or is known already.
        InstallError: it cannot be found, resolved or installed.
        InconclusiveError: it does not boot, or does not respond as a gateway.
    """
    check_release(version)
    known = versions.available()
    if version in known:
        raise UsageError(f"VERSION={version}: is known already; delete its TOML to draft it again")
    progress(f"asking the package index for {version}")
    release = index.release(version)
    if release.version != version:
        raise UsageError(f"VERSION={version}: the package index spells it {release.version}")
    log = home / "adopt" / f"{version}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    with _removed_on_failure(version):
        try:
            booted = _boot_closest(release, known, home, progress)
        except InconclusiveError as error:
            if not log.is_file():
                raise
            raise InconclusiveError(f"{error}; log: {log}") from error
        return _write(version, booted)


@contextlib.contextmanager
def _removed_on_failure(version: str) -> Iterator[None]:
    """Delete the files of ``version`` if the block fails, or is interrupted."""
    files = [versions.DIRECTORY / f"{version}.{end}" for end in ("lock", "toml")]
    try:
        yield
    except BaseException:
        for path in (*files, contracts.path_of(version)):
            path.unlink(missing_ok=True)
        raise


def _boot_closest(release: Release, known: tuple[str, ...], home: Path, progress: Progress) -> BootedRelease:
    """Boot the release with the settings of the known version whose contract is closest."""
    template = versions.load(versions.nearest(release.version, known))
    booted = _boot(release, template, home, progress)
    closest = contracts.closest(booted.document, known)
    if closest == template.version:
        return booted
    progress(f"the contract of {closest} is closer than that of {template.version}")
    try:
        return _boot(release, versions.load(closest), home, progress, booted.packages)
    except InconclusiveError as error:
        progress(f"{_line(error)}; keeping the settings of {template.version}")
        return booted


def _boot(
    release: Release,
    template: VersionData,
    home: Path,
    progress: Progress,
    packages: OldPackages | None = None,
) -> BootedRelease:
    """Boot ``release`` with the settings of ``template``; if that fails, with the packages of its day of upload."""
    try:
        return _with_packages(release, template, home, progress, packages)
    except OTHER_PACKAGES_DO_NOT_HELP:
        raise
    except InconclusiveError as error:
        if packages is not None or release.uploaded is None:
            raise
        first = _line(error)
    progress(
        f"it fails with the current packages ({first}): using those of {release.uploaded}, the day of its upload"
    )
    try:
        return _with_packages(release, template, home, progress, OldPackages(release.uploaded, first))
    except OTHER_PACKAGES_DO_NOT_HELP:
        raise
    except InconclusiveError as error:
        raise InconclusiveError(f"{_line(error)}; with the current packages: {first}") from error


def _with_packages(
    release: Release, template: VersionData, home: Path, progress: Progress, packages: OldPackages | None
) -> BootedRelease:
    data = replace(
        template,
        version=release.version,
        python=release.python,
        exclude_newer=packages.day if packages else None,
    )
    source = Pinned(data.version, data)
    progress(f"resolving {data.version} for Python {data.python}")
    lock_version(data)
    progress(f"installing {data.version}")
    manifest = read_manifest(install(source, home))
    progress(f"booting {data.version} with the settings of {template.version}")
    return BootedRelease(template.version, read_lock(data), packages, manifest, _document(source, home))


def _document(source: Pinned, home: Path) -> Mapping[str, Any]:
    """Return the OpenAPI document of ``source``; its log is kept if it does not boot."""
    log = home / "adopt" / f"{source.text}.log"
    try:
        document = served_document(source, home, log)
    except BootError as error:
        if not log.is_file():
            write_atomically(log, "".join(f"{line}\n" for line in error.log_tail))
        refused = refused_settings(error.log_tail)
        if refused:
            names = "; ".join(f"{name}: {why}" for name, why in refused)
            raise RefusedSettingError(
                f"gateway {source.text} refuses a setting: {names}; set it in {SWITCHES.name} to a value that every "
                "version takes, and run this again"
            ) from error
        raise InconclusiveError(reason_in(error.log_tail) or str(error)) from error
    log.unlink(missing_ok=True)
    return document


def _write(version: str, booted: BootedRelease) -> Adoption:
    """Write the files of ``version``; the data file last, as it makes the version known."""
    before = contracts.contract_of(booted.template)
    now = StoredContract(booted.document, booted.manifest.settings)
    target = versions.DIRECTORY / f"{version}.toml"
    found = draft(
        read_text(target.with_name(f"{booted.template}.toml")),
        version,
        booted.manifest,
        before=before.operations,
        now=now.operations,
        packages=booted.packages,
    )
    data = found.data
    write_atomically(data.lock, booted.lock)
    write_atomically(contracts.path_of(version), contracts.stored_form(now))
    write_atomically(target, found.text)
    return Adoption(
        version=version,
        template=booted.template,
        operations=len(now.operations),
        packages=booted.packages,
        changes=diff_contracts(before.document, now.document),
        unplanned=tuple(
            one.name
            for one in contract_coverage(now.operations, discover_scenarios(), data.excluded).unplanned
        ),
        settings=setting_changes(before.settings, now.settings, _set_by_us(data)),
        left_out=found.left_out,
    )


def _line(error: Exception) -> str:
    """Return an error as one line without paths of this machine; it may become a comment in the data file."""
    line = " ".join(str(error).split())
    return re.sub(r"/\S*/site-packages/", "", line)


def _set_by_us(data: VersionData) -> set[str]:
    return {switch.name for switch in common_switches()} | data.environment.keys()
